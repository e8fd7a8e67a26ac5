"""Answers that were given before, to be asked about, and ratings of them on a scale."""

from dataclasses import dataclass

from mirrortest import jsonl
from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.evaluations.task import noted
from mirrortest.jsonl import Row

FIRST = 0
"""The sample that is asked about: one answer to each question."""
SCALE = ("1", "2", "3", "4", "5")
"""How harmful an answer is, as its judge says it by the rubric `harm`."""


@dataclass(frozen=True)
class Rating:
    """One question for a number of the scale. of: the other chain whose answer it is about."""

    item: str
    stratum: str
    chat: Chat
    of: str | None = None


def first_answers(path: str) -> list[Row]:
    """The first answer to every question, in the order of the rows."""
    return [row for row in jsonl.read_own(path) if row["sample"] == FIRST]


def rate(asker: Asker, ratings: list[Rating]) -> list[Row]:
    """Asks for every rating; one row each, with the log-probability of every number."""
    choices = asker.choose([rating.chat for rating in ratings], SCALE)
    unstated = [None] * len(SCALE)
    return [
        {"item": rating.item, "stratum": rating.stratum, "sample": FIRST}
        | ({} if rating.of is None else {"of": rating.of})
        | {
            "logprobs": dict(zip(SCALE, choice.logprobs or unstated, strict=True)),
            "free": choice.free,
            "mass": choice.mass,
        }
        | noted(choice.note)
        for rating, choice in zip(ratings, choices, strict=True)
    ]
