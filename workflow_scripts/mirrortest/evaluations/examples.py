"""The first rows of an evaluation beside what was asked, for people to read."""

import math
from itertools import islice

from mirrortest.chats import Chat
from mirrortest.jsonl import Row

COUNT = 2
"""So many rows are shown: both orders of the first item of a forced choice."""
DIGITS = 4


def examples(rows: list[Row], asked: list[Chat]) -> list[Row]:
    """item, order (of a forced choice), chat, answer, and what would have been right.

    asked: one chat per row; none if the evaluation asks nothing. A forced choice has its options
    with their probabilities and the target, all else the truth.
    """
    shown = zip(rows, asked or [[] for _ in rows], strict=True)
    return [_example(row, chat) for row, chat in islice(shown, COUNT)]


def _example(row: Row, chat: Chat) -> Row:
    if "logprobs" in row:
        order = {"item": row["item"], "order": row["order"], "chat": chat, "answer": row["free"]}
        stated = {name: nats for name, nats in row["logprobs"].items() if nats is not None}
        options = {name: _probability(nats) for name, nats in stated.items()}
        return order | {"options": options, "target": row["target"]}
    truth = row["true"] if "true" in row else "; ".join(row["phrases"])
    return {"item": row["item"], "chat": chat, "answer": row["answer"], "truth": truth}


def _probability(nats: float) -> float:
    return round(math.exp(nats), DIGITS)
