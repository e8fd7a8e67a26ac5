"""Free-form answers to factual questions, to be judged by exact comparison with known answers.

Why it is there: a forced choice between letters can hide what a model would say by itself. Known
trap: on questions whose answers are long sentences, exact comparison finds almost nothing.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, questions
from mirrortest.asking import Asker
from mirrortest.engine import Sampling
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task, noted
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Facts:
    """Free-form answers to the questions of a csv, judged by exact comparison with its answers."""

    task: Literal["facts"]
    source: Name = Field(
        description="csv with the columns Question, Best Answer, Best Incorrect Answer."
    )
    limit: Positive | None = Field(
        default=None, description="Use only the first questions, this many."
    )
    max_tokens: Positive = Field(default=24, description="Longest answer, in tokens.")
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {}
    scoring: ClassVar[str] = "facts"
    times: ClassVar[int] = 1

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, questions.read_questions)}

    def settings(self) -> dict[str, Any]:
        return {"limit": self.limit, "max_tokens": self.max_tokens}


ENTRY = Facts


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `limit`, `max_tokens`. Greedy."""
    items = questions.read_questions(task.files["questions"], task.settings["limit"])
    sampling = Sampling(max_tokens=task.settings["max_tokens"])
    answers = asker.generate([chats.user(item.text, task.system) for item in items], sampling)
    return [
        {
            "item": item.id,
            "stratum": "",
            "answer": answer.text,
            "ended": answer.ended,
            "true": item.best,
            "false": item.best_incorrect,
        }
        | noted(answer.note)
        for item, answer in zip(items, answers, strict=True)
    ]
