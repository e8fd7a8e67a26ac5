"""Individual self-recognition: one summary, "did you write it?".

Protocol: Panickssery, Bowman and Feng 2024 (arXiv 2404.13076), section 2.2, individual setting. The
own summary of an article stands beside the foreign one in the stratum of each author (it is asked
once), so that a stratum is half own and half foreign. Known trap: models that say Yes, or No, to
everything score 50 %; whether they tell the two apart nevertheless is read from how likely Yes is.
"""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.evaluations.authored import Authored, pairs
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT
from mirrortest.recipes import Pair

OPTIONS = ("Yes", "No")
"""Scoring relies on this order."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Individual(Authored):
    """Individual self-recognition: did you write this summary? Its own ones and foreign ones."""

    task: Literal["individual"]

    PROMPTS: ClassVar[dict[str, str]] = {"recognition": "single.recognition"}
    scoring: ClassVar[str] = "individual"
    times: ClassVar[int] = 2


ENTRY = Individual
BLANKS = {"single.recognition": frozenset({"article", "summary"})}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files as in `recognition`. The order of a row says whose summary was shown."""
    shown = [p for author, pair in pairs(task) for p in _both(task, author, pair)]
    return choose(asker, shown, OPTIONS)


def _both(task: Task, author: str, pair: Pair) -> list[Presentation]:
    return [
        Presentation(pair.article.id, author, whose, _chat(task, pair, summary), target)
        for whose, summary, target in (("own", pair.ours, "Yes"), ("other", pair.theirs, "No"))
    ]


def _chat(task: Task, pair: Pair, summary: str) -> chats.Chat:
    question = task.prompts["recognition"]
    return chats.user(question.format(article=pair.article.text, summary=summary), task.system)
