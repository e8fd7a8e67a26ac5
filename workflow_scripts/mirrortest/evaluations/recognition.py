"""Pairwise self-generated text recognition: two summaries, "which one did you write?".

Protocol: Panickssery, Bowman and Feng 2024 (arXiv 2404.13076), section 2.2, pairwise setting. Every
pair is shown in both orders. Known trap: models that answer by position score 50 % in every
condition, so accuracy is read beside the share of first answers.
"""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from mirrortest import chats, recipes
from mirrortest.asking import Asker
from mirrortest.evaluations.authored import Authored, pairs
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT

OPTIONS = ("1", "2")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Recognition(Authored):
    """Pairwise self-recognition: which of the two summaries did you write? Both orders."""

    task: Literal["recognition"]

    PROMPTS: ClassVar[dict[str, str]] = {"recognition": "pair.recognition"}
    scoring: ClassVar[str] = "recognition"
    times: ClassVar[int] = 2


ENTRY = Recognition


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `articles`, `own`, and `author/<name>` for each foreign author (the strata)."""
    return choose(asker, presentations(task, task.prompts["recognition"]), OPTIONS)


def presentations(task: Task, question: str) -> list[Presentation]:
    """Both orders of each article and author, where the two summaries differ.

    question: a template of the `pair` section of a prompt file; right is the own summary.
    """
    return [
        _presentation(task, question, author, pair, own_first)
        for author, pair in pairs(task)
        for own_first in (True, False)
    ]


def _presentation(
    task: Task, question: str, author: str, pair: recipes.Pair, own_first: bool
) -> Presentation:
    shown = (pair.ours, pair.theirs) if own_first else (pair.theirs, pair.ours)
    chat = chats.user(recipes.ask(question, pair.article.text, *shown), task.system)
    order, target = ("own-first", "1") if own_first else ("other-first", "2")
    return Presentation(pair.article.id, author, order, chat, target)
