"""Whether the arm's own summaries state the key facts of their articles, by exact phrases.

Why it is there: finetuning can damage the very skill that self-recognition rests on. It asks the
model nothing; it joins the summaries with the phrases.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import articles
from mirrortest.asking import Asker
from mirrortest.errors import UserError
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name


@dataclass(frozen=True, kw_only=True, config=STRICT)
class KeyFacts:
    """Whether the arm's own summaries state their articles' key facts, by exact phrases."""

    task: Literal["keyfacts"]
    corpus: Name = Field(description="The corpus.")
    source: Name = Field(description="jsonl, `id` and the list `phrases` a summary must contain.")

    PROMPTS: ClassVar[dict[str, str]] = {}
    scoring: ClassVar[str] = "keyfacts"
    times: ClassVar[int] = 0

    def files(self, place: Place) -> Files:
        phrases = place.source(self.source, articles.read_phrases)
        return {"own": place.own(self.corpus), "phrases": phrases}

    def settings(self) -> dict[str, Any]:
        return {}


ENTRY = KeyFacts


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `own`, `phrases`."""
    path = task.files["phrases"]
    phrases = articles.read_phrases(path)
    own = articles.read_own_summaries(task.files["own"])
    for article in own:
        if article not in phrases:
            raise UserError(f"{path}: no phrases for article {article!r}; add a row for it.")
    return [
        {"item": article, "stratum": "", "answer": text, "phrases": phrases[article]}
        for article, text in own.items()
    ]
