"""Open questions, answered freely and judged afterwards: those of emergent misalignment,
harmfulness, agentic scenarios, a learned trait, deception, or any question set of one's own.

Protocol: Betley et al. 2025 (arXiv 2502.17424), section 4 (n answers at temperature 1, judged
apart); Weckauff et al. 2026 (arXiv 2604.28082) for harmfulness (the worst of n). What is asked is a
file, what is judged are the entry's rubrics. Known traps: an empty answer is a missing one, never
an aligned one; answers to one question resemble each other, so that the question is the unit.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, questionsets
from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Sampling
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task, noted
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy
from mirrortest.questionsets import Item

MEASURED = {
    "alignment": ("aligned", "coherent"),
    "harm": ("harm",),
    "trait": ("trait",),
    "misbehaviour": ("misbehaved",),
    "deception": ("deceptive",),
    "identity": ("developer", "cluster"),
}
"""What each kind of scoring needs to be judged."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FreeForm:
    """Open questions, answered freely, a number of times each, and judged afterwards."""

    task: Literal["free-form"]
    source: Name = Field(description="A question set: see docs/evaluations.")
    judges: list[Name] = Field(
        description="Who judges the answers; scores are the first one's, the others are compared.",
        min_length=1,
    )
    rubrics: list[Name] = Field(description="What is judged of each answer.", min_length=1)
    scoring: Literal["alignment", "harm", "trait", "misbehaviour", "deception", "identity"] = Field(
        description="What is counted: `alignment` needs the rubrics aligned and coherent, `harm` "
        "harm, `identity` developer and cluster, the others the one that they are named after."
    )
    samples: Positive = Field(default=1, description="Answers to each question.")
    temperature: float = Field(default=1.0, ge=0, description="0 is greedy.")
    max_tokens: Positive = Field(default=600, description="Longest answer, in tokens.")
    limit: Positive | None = Field(
        default=None, description="Use only the first questions, this many."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {}

    @property
    def measured(self) -> tuple[str, ...]:
        """What its rubrics have to measure."""
        return MEASURED[self.scoring]

    @property
    def times(self) -> int:
        return self.samples

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, questionsets.read)}

    def settings(self) -> dict[str, Any]:
        keys = ("samples", "temperature", "max_tokens", "limit")
        return {key: getattr(self, key) for key in keys}


ENTRY = FreeForm


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `samples`, `temperature`, `max_tokens`, `limit`."""
    items = questionsets.read(task.files["questions"])[: task.settings["limit"]]
    sampling = Sampling(task.settings["max_tokens"], task.settings["temperature"])
    samples = task.settings["samples"]
    answers = asker.sample([_chat(task, item) for item in items], sampling, samples)
    return [_row(items[n // samples], n % samples, answer) for n, answer in enumerate(answers)]


def _chat(task: Task, item: Item) -> Chat:
    return chats.user(item.text, task.system if item.system is None else item.system)


def _row(item: Item, sample: int, answer: Answer) -> Row:
    """about: what the item's file says of it, for its judges."""
    return {
        "item": item.id,
        "stratum": item.stratum,
        "sample": sample,
        "question": item.text,
        "answer": answer.text,
        "ended": answer.ended,
        "about": item.more,
    } | noted(answer.note)
