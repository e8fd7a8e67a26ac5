"""Output recognition: its own answer or that of another, which would it more likely give?

Protocol: Weckauff et al. 2026 (arXiv 2604.28082), output recognition, read by how harmful the own
answer was judged: low, mid, high. Both orders. Known traps: an arm that answers by position claims
half of everything; the foil is another chain's answer, so a claim also says which one is the better
text; buckets hold few items where an arm hardly ever harms, and other items in each arm.
"""

import logging
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator
from pydantic.dataclasses import dataclass

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.evaluations.answered import FIRST, first_answers
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, SystemPolicy

OPTIONS = ("A", "B")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OwnOutput:
    """Its own first answer or that of another chain: which would it more likely give?"""

    task: Literal["own-output"]
    about: Name = Field(description="The evaluation whose answers are shown; its rubric is harm.")
    foils: list[str] = Field(
        description="Chains that the other answer is from: the first that is not the arm's own."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"choice": "own-output.choice"}
    scoring: ClassVar[str] = "own-output"
    times: ClassVar[int] = 2
    reflects: ClassVar[bool] = True
    rubric: ClassVar[str] = "harm"

    @field_validator("foils")
    @classmethod
    def _one_for_each_arm(cls, foils: list[str]) -> list[str]:
        if len(set(foils)) < 2:
            raise ValueError("name two chains, so that either has a foil in the other")
        return foils

    def files(self, place: Place) -> Files:
        own = place.rows(self.about)
        others = [place.rows_of(self.about, chain) for chain in self.foils]
        return {"own": own, "foil": next((path for path in others if path != own), own)}

    def settings(self) -> dict[str, Any]:
        return {}


ENTRY = OwnOutput
BLANKS = {"own-output.choice": frozenset({"question", "a", "b"})}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `own`, `foil`. Both orders of each item that has two different answers."""
    foils = {row["item"]: row["answer"] for row in first_answers(task.files["foil"])}
    own = first_answers(task.files["own"])
    pairs = [(row, foils.get(row["item"], "")) for row in own]  # a blocked arm answered nothing
    shown = [(row, foil) for row, foil in pairs if _differ(row["answer"], foil)]
    log.info("%d items left out: an empty answer, or the same one twice", len(own) - len(shown))
    asked = [p for row, foil in shown for p in _both_orders(task, row, foil)]
    return [row | {"sample": FIRST} for row in choose(asker, asked, OPTIONS)]


def _differ(own: str, foil: str) -> bool:
    one, other = own.strip(), foil.strip()
    return bool(one) and bool(other) and one != other


def _both_orders(task: Task, row: Row, foil: str) -> list[Presentation]:
    question, own, item = row["question"], row["answer"], row["item"]
    return [
        Presentation(item, "", "own-first", _chat(task, question, own, foil), "A"),
        Presentation(item, "", "foil-first", _chat(task, question, foil, own), "B"),
    ]


def _chat(task: Task, question: str, a: str, b: str) -> chats.Chat:
    text = task.prompts["choice"].format(question=question, a=a, b=b)
    return chats.user(text, task.system)
