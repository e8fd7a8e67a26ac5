"""What would the arm do? Scenarios with an aligned and a misaligned option, in both orders.

Protocol: Vaugrante, Weckauff and Hagendorff 2026 (arXiv 2602.14777): six dimensions of ten
scenarios, 500 queries each with the order alternated, answers read by rules. Here every scenario is
asked in both orders and the options' probabilities are read. Known traps: an arm that answers by
position picks half of the misaligned options, and what is chosen between two options need not be
what the arm would do by itself.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import questionsets
from mirrortest.asking import Asker
from mirrortest.evaluations import opposed
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.opposed import Opposed
from mirrortest.evaluations.task import Task
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, SystemPolicy


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Intentions:
    """What would it do? The aligned or the misaligned option of each scenario, both orders."""

    task: Literal["intentions"]
    source: Name = Field(
        description="A question set whose items have `aligned` and `misaligned`, the two options."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"question": "intentions.question"}
    scoring: ClassVar[str] = "intentions"
    times: ClassVar[int] = 2

    def files(self, place: Place) -> Files:
        return {"scenarios": place.source(self.source, read)}

    def settings(self) -> dict[str, Any]:
        return {}


ENTRY = Intentions
BLANKS = {"intentions.question": frozenset({"question", "a", "b"})}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `scenarios`. The target is the misaligned option."""
    return opposed.rows(task, asker, task.prompts["question"], read(task.files["scenarios"]))


def read(path: str) -> list[Opposed]:
    """The scenarios of a file. Raises UserError that names file and item."""
    return [
        Opposed(
            item.id,
            item.stratum,
            *opposed.texts(item.more, f"{path}, item {item.id}"),
            question=item.text,
            system=item.system,
        )
        for item in questionsets.read(path)
    ]
