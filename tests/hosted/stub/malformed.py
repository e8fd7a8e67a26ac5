"""Answers with status 200 that are no answers, each seen in the wild; see `KINDS`."""

import json
from collections.abc import Callable
from typing import Any

from hosted.stub.errors import Reply

OUT_OF_RANGE = -9999.0


def _chat(change: Callable[[dict[str, Any]], None]) -> Callable[[Reply], Reply]:
    """A spoiler that changes the first choice of a chat completion."""

    def spoil(reply: Reply) -> Reply:
        answer = json.loads(reply.body)
        change(answer["choices"][0])
        return Reply.json(answer)

    return spoil


def _whole(body: bytes, kind: str = "application/json") -> Callable[[Reply], Reply]:
    return lambda reply: Reply(200, body, {"content-type": kind})


def _no_choices(reply: Reply) -> Reply:
    return Reply.json(json.loads(reply.body) | {"choices": []})


def _truncated(reply: Reply) -> Reply:
    return Reply(200, reply.body[: len(reply.body) // 2], reply.headers)


def _logprobs(choice: dict[str, Any]) -> list[dict[str, Any]]:
    return (choice["logprobs"] or {}).get("content") or []


def _empty_logprobs(choice: dict[str, Any]) -> None:
    choice["logprobs"] = {"content": [], "refusal": None}


def _null_logprobs(choice: dict[str, Any]) -> None:
    choice["logprobs"] = None


def _out_of_range(choice: dict[str, Any]) -> None:
    """The sampled token out of range though the alternatives say otherwise."""
    for token in _logprobs(choice):
        token["logprob"] = OUT_OF_RANGE


def _all_out_of_range(choice: dict[str, Any]) -> None:
    for token in _logprobs(choice):
        token["logprob"] = OUT_OF_RANGE
        for other in token["top_logprobs"]:
            other["logprob"] = OUT_OF_RANGE


def _duplicate(choice: dict[str, Any]) -> None:
    for token in _logprobs(choice):
        token["top_logprobs"].append(dict(token["top_logprobs"][0]))


def _fewer(choice: dict[str, Any]) -> None:
    """One alternative only, whatever was asked for."""
    for token in _logprobs(choice):
        del token["top_logprobs"][1:]


def _null_content(choice: dict[str, Any]) -> None:
    choice["message"]["content"] = None
    choice["logprobs"] = None


def _refusal(choice: dict[str, Any]) -> None:
    _null_content(choice)
    choice["message"]["refusal"] = "I'm sorry, but I can't help with that."


def _finish(reason: str) -> Callable[[dict[str, Any]], None]:
    def change(choice: dict[str, Any]) -> None:
        choice["finish_reason"] = reason
        if reason == "content_filter":
            choice["message"]["content"] = ""

    return change


KINDS: dict[str, Callable[[Reply], Reply]] = {
    "html": _whole(b"<html><body>Please sign in to the network.</body></html>", "text/html"),
    "truncated": _truncated,
    "wrong_schema": _whole(b'{"weird": 1}'),
    "empty_body": _whole(b""),
    "no_choices": _no_choices,
    "null_logprobs": _chat(_null_logprobs),
    "empty_logprobs": _chat(_empty_logprobs),
    "out_of_range": _chat(_out_of_range),
    "all_out_of_range": _chat(_all_out_of_range),
    "duplicate_token": _chat(_duplicate),
    "fewer_tokens": _chat(_fewer),
    "null_content": _chat(_null_content),
    "refusal": _chat(_refusal),
    "length": _chat(_finish("length")),
    "filtered": _chat(_finish("content_filter")),
}
"""The spoilers by name. The first four also fit answers other than chat completions."""
