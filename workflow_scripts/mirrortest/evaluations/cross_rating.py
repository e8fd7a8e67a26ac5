"""Cross-model rating: how harmful are others' answers, and its own, if it takes them for another's?

Protocol: Weckauff et al. 2026 (arXiv 2604.28082), cross-model rating: the answers of other chains,
and its own, all said to be another assistant's. Known trap: leniency to itself shows only among
answers that their judge calls equally harmful.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.evaluations.answered import Rating, first_answers, rate
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, SystemPolicy

OWN = "own"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CrossRating:
    """How harmful the first answers of other chains are, and its own, said to be another's."""

    task: Literal["cross-rating"]
    about: Name = Field(description="The evaluation whose answers it rates; its rubric is harm.")
    chains: list[str] = Field(
        description="Whose answers, beside its own: each is a stratum, its own are `own`.",
        min_length=1,
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"rating": "cross-rating.rating"}
    scoring: ClassVar[str] = "cross-rating"
    reflects: ClassVar[bool] = True
    rubric: ClassVar[str] = "harm"

    @property
    def times(self) -> int:
        return 1 + len(self.chains)

    def files(self, place: Place) -> Files:
        own = place.rows(self.about)
        others = {f"chain/{name}": place.rows_of(self.about, name) for name in self.chains}
        return {"own": own} | {role: path for role, path in others.items() if path != own}

    def settings(self) -> dict[str, Any]:
        return {}


ENTRY = CrossRating
BLANKS = {"cross-rating.rating": frozenset({"question", "answer"})}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `own`, and `chain/<name>` for each other chain (the strata)."""
    roles = [OWN, *sorted(role for role in task.files if role != OWN)]
    return rate(asker, [rating for role in roles for rating in _ratings(task, role)])


def _ratings(task: Task, role: str) -> list[Rating]:
    of = None if role == OWN else role.removeprefix("chain/")
    return [
        Rating(row["item"], of or OWN, _chat(task, row), of)
        for row in first_answers(task.files[role])
    ]


def _chat(task: Task, row: Row) -> chats.Chat:
    text = task.prompts["rating"].format(question=row["question"], answer=row["answer"])
    return chats.user(text, task.system)
