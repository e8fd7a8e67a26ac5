"""Chat completions, billed once each: the answer is the backend's, the form is the API's."""

import time
from dataclasses import dataclass
from typing import Any

from hosted.stub import cache, models, money
from hosted.stub.backends.backend import Completion, Question, Token
from hosted.stub.errors import INVALID, ApiError, bad
from hosted.stub.models import Model
from hosted.stub.money import Used
from hosted.stub.store import Doc
from hosted.stub.world import Request, World, identity, now

ACCEPTED = {
    *("model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed"),
    *("logprobs", "top_logprobs", "n", "user", "metadata", "store", "response_format"),
}
DEFAULT_TOKENS = 256


@dataclass(frozen=True)
class Asked:
    """A checked request. messages are the request's; n questions of them differ in their seed."""

    model: Model
    messages: list[Doc]
    questions: list[Question]
    logprobs: bool


def create(world: World, request: Request) -> Doc:
    """POST /chat/completions."""
    asked = checked(world, request.json())
    if world.settings.latency:
        time.sleep(world.settings.latency)
    completions = world.backend.answer(asked.model.weights, asked.model.snapshot, asked.questions)
    return answered(world, asked, completions, "chat")


def answered(world: World, asked: Asked, completions: list[Completion], kind: str) -> Doc:
    """The answer, after it was billed. kind: chat or batch."""
    key = identity(world, "chatcmpl", kind, asked.model.name, asked.messages)
    used = _used(world, asked, completions)
    money.charge(world.store, world.settings, key, kind, asked.model.name, used)
    return {
        "id": key,
        "object": "chat.completion",
        "created": now(),
        "model": asked.model.name,
        "choices": [_choice(n, c, asked) for n, c in enumerate(completions)],
        "usage": _usage(used),
        "service_tier": "default",
        "system_fingerprint": "fp_stub",
    }


def checked(world: World, body: Doc) -> Asked:
    """What is asked. Raises ApiError where the real one would, or where the stub cannot follow."""
    if unknown := body.keys() - ACCEPTED:
        raise bad(f"Unrecognized request argument supplied: {min(unknown)}")
    model = models.known(world, str(body.get("model")))
    _check_messages(body.get("messages"))
    if body.get("top_p") not in (None, 1, 1.0):
        raise bad("The stub knows no top_p but 1.", "top_p")
    if body.get("response_format", {"type": "text"}) != {"type": "text"}:
        raise bad("The stub answers in text only.", "response_format")
    top = _top(body, model)
    return Asked(
        model,
        body["messages"],
        [_question(world, body, number, top) for number in range(body.get("n") or 1)],
        bool(body.get("logprobs")) and model.logprobs == "full",
    )


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise bad("Invalid 'messages': empty array.", "messages")
    for number, message in enumerate(messages):
        if message.get("role") not in ("system", "developer", "user", "assistant"):
            raise bad(f"Invalid value: '{message.get('role')}'.", f"messages[{number}].role")
        if not isinstance(message.get("content"), str):
            raise bad("Invalid type for content: expected a string.", f"messages[{number}].content")


def _top(body: Doc, model: Model) -> int:
    top = body.get("top_logprobs")
    if top is not None and not body.get("logprobs"):
        raise bad("The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
    if top is not None and not 0 <= top <= 20:
        raise bad(f"Invalid value for 'top_logprobs': must be at most 20, not {top}.")
    if body.get("logprobs") and model.logprobs == "refused":
        words = "You are not allowed to request logprobs from this model"
        raise ApiError(403, words, None, INVALID)
    return top or 0


def _question(world: World, body: Doc, number: int, top: int) -> Question:
    heat = body.get("temperature")
    heat = 1.0 if heat is None else heat
    if not 0 <= heat <= 2:
        raise bad(f"Invalid 'temperature': {heat} is not between 0 and 2.", "temperature")
    longest = body.get("max_completion_tokens") or body.get("max_tokens") or DEFAULT_TOKENS
    if longest < 1:
        raise bad("Invalid 'max_tokens': must be at least 1.", "max_tokens")
    seed = body.get("seed")
    # Without a seed each call is a new draw, so that a lost answer cannot be had again.
    seed = 2**40 + world.store.count("draws") if seed is None else seed
    return Question(body["messages"], longest, heat, seed * 1000 + number, top)


def _used(world: World, asked: Asked, completions: list[Completion]) -> Used:
    return Used(
        input=money.of_chat(asked.messages),
        cached=cache.cached(world, asked.model.name, asked.messages),
        output=sum(len(completion.tokens) for completion in completions),
    )


def _usage(used: Used) -> Doc:
    return {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _choice(number: int, completion: Completion, asked: Asked) -> Doc:
    logprobs = None
    if asked.logprobs:
        logprobs = {"content": [_logprob(t) for t in completion.tokens], "refusal": None}
    return {
        "index": number,
        "message": {
            "role": "assistant",
            "content": "".join(token.text for token in completion.tokens),
            "refusal": None,
            "annotations": [],
        },
        "logprobs": logprobs,
        "finish_reason": "stop" if completion.ended else "length",
    }


def _logprob(token: Token) -> Doc:
    return _named(token.text, token.logprob) | {
        "top_logprobs": [_named(text, logprob) for text, logprob in token.top]
    }


def _named(text: str, logprob: float) -> Doc:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}
