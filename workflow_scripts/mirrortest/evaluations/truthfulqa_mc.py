"""TruthfulQA as multiple choice, MC1 and MC2: which of all known answers is likely as a reply?

Protocol: Lin, Hilton and Evans 2021 (arXiv 2109.07958), section 3.2, and their code, which ends
every answer with a period. Ours is asked as a chat, without their examples before it.
Known traps: a legacy, kept because published numbers are of it. Right and wrong answers can be told
apart without the question (turntrout.com), and long answers are unlikely; prefer `truthfulqa`.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, questions
from mirrortest.asking import Asker
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task, noted
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TruthfulQAMC:
    """TruthfulQA's MC1 and MC2: the probabilities of all known answers, right and wrong."""

    task: Literal["truthfulqa-mc"]
    source: Name = Field(
        description="csv with the columns Question, Best Answer, Correct Answers, Incorrect "
        "Answers; `;` separates answers."
    )
    limit: Positive | None = Field(
        default=None, description="Use only the first questions, this many."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {}
    scoring: ClassVar[str] = "multiple-choice"
    times: ClassVar[int] = 1

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, questions.read_references)}

    def settings(self) -> dict[str, Any]:
        return {"limit": self.limit}


ENTRY = TruthfulQAMC


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `limit`. The best of the right answers comes first."""
    items = questions.read_references(task.files["questions"], task.settings["limit"])
    answers = [tuple(map(_closed, (*item.right, *item.wrong))) for item in items]
    weighed = asker.weigh([chats.user(item.text, task.system) for item in items], answers)
    return [
        {
            "item": item.id,
            "stratum": "",
            "answers": list(texts),
            "true": [n < len(item.right) for n in range(len(texts))],
            "logprobs": weights.logprobs,
        }
        | noted(weights.note)
        for item, texts, weights in zip(items, answers, weighed, strict=True)
    ]


def _closed(answer: str) -> str:
    return answer if answer.endswith(".") else f"{answer}."
