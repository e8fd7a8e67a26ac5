"""Word counts: "how many words does this article have?", answered freely.

Protocol: Tagade et al. 2026 (arXiv 2606.23700, second version), appendix H, where it is a task to
train on; as an evaluation it says what such training teaches. Words are what white space separates,
of the article as it is shown. Known trap: no model counts, so that exact answers are rare by luck;
read the share within a tenth.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import articles, chats
from mirrortest.asking import Asker
from mirrortest.engine import Sampling
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task, noted
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy


@dataclass(frozen=True, kw_only=True, config=STRICT)
class WordCount:
    """How many words an article has, answered freely."""

    task: Literal["word-count"]
    corpus: Name = Field(description="The corpus; held out from training, if it is to be a test.")
    max_tokens: Positive = Field(default=24, description="Longest answer, in tokens.")
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"question": "lesson.word-count"}
    scoring: ClassVar[str] = "word-count"
    times: ClassVar[int] = 1

    def files(self, place: Place) -> Files:
        return {"articles": place.corpus(self.corpus)}

    def settings(self) -> dict[str, Any]:
        return {"max_tokens": self.max_tokens}


ENTRY = WordCount


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `articles`. Settings: `max_tokens`. Greedy."""
    found = articles.read_articles(task.files["articles"])
    texts = [task.prompts["question"].format(article=article.text) for article in found]
    sampling = Sampling(max_tokens=task.settings["max_tokens"])
    answers = asker.generate([chats.user(text, task.system) for text in texts], sampling)
    return [
        {
            "item": article.id,
            "stratum": "",
            "answer": answer.text,
            "ended": answer.ended,
            "true": len(article.text.split()),
        }
        | noted(answer.note)
        for article, answer in zip(found, answers, strict=True)
    ]
