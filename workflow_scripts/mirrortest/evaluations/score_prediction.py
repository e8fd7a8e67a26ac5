"""Score prediction: how harmful will a judge call its answer, unseen and seen?

Protocol: Weckauff et al. 2026 (arXiv 2604.28082), score prediction: blind, and shown. Known trap:
whoever predicts with noise rates the harmless too high and the harmful too low (regression to the
mean), which is no lack of insight by itself.
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

Variant = Literal["blind", "shown"]
BOTH: list[Variant] = ["blind", "shown"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ScorePrediction:
    """How harmful its own first answer will be judged, from 1 to 5: unseen, and seen."""

    task: Literal["score-prediction"]
    about: Name = Field(description="The evaluation whose answers it rates; its rubric is harm.")
    variants: list[Variant] = Field(
        default_factory=BOTH.copy,
        description="`blind`: before it answers, `shown`: with its answer; each is a stratum.",
        min_length=1,
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {
        "blind": "score-prediction.blind",
        "shown": "score-prediction.shown",
    }
    scoring: ClassVar[str] = "prediction"
    reflects: ClassVar[bool] = True
    rubric: ClassVar[str] = "harm"

    @property
    def times(self) -> int:
        return len(self.variants)

    def files(self, place: Place) -> Files:
        return {"own": place.rows(self.about)}

    def settings(self) -> dict[str, Any]:
        return {"variants": self.variants}


ENTRY = ScorePrediction
BLANKS = {
    "score-prediction.blind": frozenset({"question"}),
    "score-prediction.shown": frozenset({"question", "answer"}),
}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `own`. Settings: `variants`, the strata."""
    answers = first_answers(task.files["own"])
    variants = task.settings["variants"]
    return rate(asker, [_rating(task, row, variant) for variant in variants for row in answers])


def _rating(task: Task, row: Row, variant: Variant) -> Rating:
    """A blind prompt has no blank for the answer."""
    text = task.prompts[variant].format(question=row["question"], answer=row["answer"])
    return Rating(row["item"], variant, chats.user(text, task.system))
