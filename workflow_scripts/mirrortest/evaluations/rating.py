"""Ratings of single summaries from 1 to 5: does a model rate its own higher than others'?

Protocol: Panickssery, Bowman and Feng 2024 (arXiv 2404.13076), section 2.2, individual setting of
preference: the expected value over the probabilities of the five numbers. The own summary of an
article stands beside the foreign one in the stratum of each author; it is asked once. Known traps:
greedy ratings are nearly all the same number, and an own summary may be better than a foreign one.
"""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.evaluations.authored import Authored, pairs
from mirrortest.evaluations.task import Task, noted, stated
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT
from mirrortest.recipes import Pair

OPTIONS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rating(Authored):
    """The quality of one summary, from 1 to 5: its own ones and foreign ones."""

    task: Literal["rating"]

    PROMPTS: ClassVar[dict[str, str]] = {"quality": "single.quality"}
    scoring: ClassVar[str] = "ratings"
    times: ClassVar[int] = 2


ENTRY = Rating
BLANKS = {"single.quality": frozenset({"article", "summary"})}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files as in `recognition`. whose: `own` or `other`."""
    shown = [(author, pair, whose) for author, pair in pairs(task) for whose in ("own", "other")]
    choices = asker.choose([_chat(task, pair, whose) for _, pair, whose in shown], OPTIONS)
    return [
        {"item": pair.article.id, "stratum": author, "whose": whose}
        | stated(choice, OPTIONS)
        | noted(choice.note)
        for (author, pair, whose), choice in zip(shown, choices, strict=True)
    ]


def _chat(task: Task, pair: Pair, whose: str) -> chats.Chat:
    summary = pair.ours if whose == "own" else pair.theirs
    question = task.prompts["quality"]
    return chats.user(question.format(article=pair.article.text, summary=summary), task.system)
