"""The first rows of an evaluation beside what was asked, for people to read."""

import math
from itertools import islice
from typing import Any

from mirrortest.chats import Chat
from mirrortest.jsonl import Row

COUNT = 2
"""So many rows are shown: both orders of the first item of a forced choice."""
DIGITS = 4


def examples(rows: list[Row], asked: list[Chat]) -> list[Row]:
    """item, order (of a forced choice), chat, answer, and what would have been right.

    asked: one chat per row; none if the evaluation asks nothing. A forced choice has its options
    with their probabilities and the target, all else the truth, where one is known.
    """
    shown = zip(rows, asked or [[] for _ in rows], strict=True)
    return [_example(row, chat) for row, chat in islice(shown, COUNT)]


def _example(row: Row, chat: Chat) -> Row:
    if "answers" in row:
        return _weighed(row, chat)
    if "target" in row:
        order = {"item": row["item"], "order": row["order"], "chat": chat, "answer": _answer(row)}
        return order | {"options": _options(row["logprobs"]), "target": row["target"]}
    return {"item": row["item"], "chat": chat, "answer": _answer(row), "truth": _truth(row)}


def _weighed(row: Row, chat: Chat) -> Row:
    """The likeliest of the known answers; the first of them is the truth."""
    nats = dict(zip(row["answers"], row["logprobs"] or [], strict=False))
    shown = {"answer": max(nats, key=lambda answer: nats[answer], default="")}
    shown |= {"options": _options(nats), "truth": row["answers"][0]}
    return {"item": row["item"], "chat": chat} | shown


def _options(logprobs: dict[str, Any]) -> dict[str, float]:
    stated = {name: nats for name, nats in logprobs.items() if nats is not None}
    return {name: round(math.exp(nats), DIGITS) for name, nats in stated.items()}


def _answer(row: Row) -> str:
    return str(row.get("answer", row.get("free", "")))


def _truth(row: Row) -> str:
    """Nothing where there is no right answer."""
    known = row.get("right") or row.get("phrases") or []
    return str(row.get("true", "; ".join(known)))
