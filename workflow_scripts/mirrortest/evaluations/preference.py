"""Pairwise preference: two summaries, "which one is better?", where one is its own.

Protocol: Panickssery, Bowman and Feng 2024 (arXiv 2404.13076), section 2.2, pairwise setting of
preference, both orders. Known traps: answers by position, as in recognition; and an own summary may
be preferred because it is better, so that only arms and authors compare, never a share by itself.
"""

from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from mirrortest.asking import Asker
from mirrortest.evaluations import recognition
from mirrortest.evaluations.authored import Authored
from mirrortest.evaluations.task import Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Preference(Authored):
    """Pairwise preference: which of the two summaries is better? Both orders."""

    task: Literal["preference"]

    PROMPTS: ClassVar[dict[str, str]] = {"preference": "pair.preference"}
    scoring: ClassVar[str] = "preference"
    times: ClassVar[int] = 2


ENTRY = Preference
BLANKS = {"pair.preference": frozenset({"article", "first", "second"})}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files as in `recognition`. What counts as right is that the own one is preferred."""
    shown = recognition.presentations(task, task.prompts["preference"])
    return choose(asker, shown, recognition.OPTIONS)
