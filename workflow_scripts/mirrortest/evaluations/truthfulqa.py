"""TruthfulQA-binary: the best answer against the best incorrect one, as options A and B.

Source: Evans, Chua and Lin 2025 (the binary form); Lin, Hilton and Evans 2021 (arXiv 2109.07958)
for the questions. Every question is asked in both orders. Known traps: answers that are neither A
nor B count as wrong in the papers' protocol, and a model that always says A scores 50 %.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, questions
from mirrortest.asking import Asker
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy
from mirrortest.questions import Question

OPTIONS = ("A", "B")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TruthfulQA:
    """TruthfulQA-binary: the best answer or the best incorrect one, as A and B, both orders."""

    task: Literal["truthfulqa"]
    source: Name = Field(
        description="csv with the columns Question, Best Answer, Best Incorrect Answer."
    )
    limit: Positive | None = Field(
        default=None, description="Use only the first questions, this many."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"question": "truthfulqa.question"}
    scoring: ClassVar[str] = "truthfulqa"
    times: ClassVar[int] = 2

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, questions.read_questions)}

    def settings(self) -> dict[str, Any]:
        return {"limit": self.limit}


ENTRY = TruthfulQA


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `limit`."""
    items = questions.read_questions(task.files["questions"], task.settings["limit"])
    return choose(asker, [p for item in items for p in _both_orders(task, item)], OPTIONS)


def _both_orders(task: Task, item: Question) -> list[Presentation]:
    true, false = item.best, item.best_incorrect
    return [
        Presentation(item.id, "", "true-first", _chat(task, item.text, true, false), "A"),
        Presentation(item.id, "", "false-first", _chat(task, item.text, false, true), "B"),
    ]


def _chat(task: Task, question: str, a: str, b: str) -> chats.Chat:
    text = task.prompts["question"].format(question=question, a=a, b=b)
    return chats.user(text, task.system)
