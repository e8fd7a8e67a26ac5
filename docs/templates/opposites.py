"""Opposites: which of two words means the opposite? A template for evaluations of your own.

Copy it to `workflow_scripts/mirrortest/evaluations/`, under the name of your task: that is all that
the workflow needs to know of it. Say here what is measured, by whose protocol, and known traps.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, questionsets
from mirrortest.asking import Asker
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy
from mirrortest.questionsets import Item

OPTIONS = ("A", "B")
ASKED = "{question}\n\nA:\n{a}\n\nB:\n{b}\n\nAnswer with only A or B."
"""A protocol's wording that others may want to change stands in resources/prompts/ instead: name it
in PROMPTS and give its blanks as BLANKS, as `descriptions.py` does."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Opposites:
    """The right word or a wrong one, as A and B, in both orders."""

    task: Literal["opposites"]
    source: Name = Field(description="A question set whose items have the keys right and wrong.")
    limit: Positive | None = Field(
        default=None, description="Use only the first questions, this many."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {}
    scoring: ClassVar[str] = "recognition"
    """How its rows are counted: a key of `scoring.SCORERS`."""
    times: ClassVar[int] = 2

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, read)}

    def settings(self) -> dict[str, Any]:
        return {"limit": self.limit}


ENTRY = Opposites


def read(path: str) -> list[Item]:
    """The question set. Raises UserError for an item that lacks a key."""
    return questionsets.demand(questionsets.read(path), path, "right", "wrong")


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `limit`."""
    items = read(task.files["questions"])[: task.settings["limit"]]
    return choose(asker, [shown for item in items for shown in _both_orders(task, item)], OPTIONS)


def _both_orders(task: Task, item: Item) -> list[Presentation]:
    right, wrong = item.more["right"], item.more["wrong"]
    return [
        Presentation(item.id, item.stratum, "right-first", _chat(task, item, right, wrong), "A"),
        Presentation(item.id, item.stratum, "wrong-first", _chat(task, item, wrong, right), "B"),
    ]


def _chat(task: Task, item: Item, a: str, b: str) -> chats.Chat:
    return chats.user(ASKED.format(question=item.text, a=a, b=b), task.system)
