"""MMLU: questions of many subjects with four options, one of them right: what finetuning costs.

Source: Hendrycks et al. 2021 (arXiv 2009.03300); asked without examples, in the order of the file's
options. Known traps: a model that prefers a letter is right in a quarter of cases, and 57 subjects
(the strata) of a small sample are a few questions each: read them together.
"""

import random
from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, lessons
from mirrortest.asking import Asker
from mirrortest.errors import UserError
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy
from mirrortest.lessons import LETTERS, Choice


@dataclass(frozen=True, kw_only=True, config=STRICT)
class MMLU:
    """Multiple choice between lettered options, of which one is right."""

    task: Literal["mmlu"]
    source: Name = Field(
        description="jsonl, `question`, the list `choices`, `answer` (the place of the right one, "
        "from 0) and `subject`, which may be missing."
    )
    limit: Positive | None = Field(
        default=None,
        description="Use only this many questions, drawn over the whole file, always the same.",
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"question": "lesson.multiple-choice"}
    scoring: ClassVar[str] = "mmlu"
    times: ClassVar[int] = 1

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, read)}

    def settings(self) -> dict[str, Any]:
        return {"limit": self.limit}


ENTRY = MMLU


def read(path: str) -> list[Choice]:
    """The questions of a file. Raises UserError where they differ in how many options they have."""
    found = lessons.read_choices(path)
    count = len(found[0].options)
    for number, choice in enumerate(found, start=1):
        if len(choice.options) != count:
            raise UserError(
                f"{path}, row {number}: {len(choice.options)} `choices`, where row 1 has {count}; "
                "put questions with other numbers of choices into a file of their own."
            )
    return found


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `limit`. Items are places in the file, from 0."""
    found = read(task.files["questions"])
    shown = [_presentation(task, n, found[n]) for n in drawn(len(found), task.settings["limit"])]
    return choose(asker, shown, tuple(LETTERS[: len(found[0].options)]))


def drawn(count: int, limit: int | None) -> list[int]:
    """The places of the first questions of a shuffle, in the order of the file.

    A file is sorted by subject. What a smaller limit takes, a larger one takes, too.
    """
    places = list(range(count))
    random.Random("mmlu").shuffle(places)
    return sorted(places[:limit])


def _presentation(task: Task, number: int, choice: Choice) -> Presentation:
    text = lessons.lettered(task.prompts["question"], choice)
    chat = chats.user(text, task.system)
    return Presentation(str(number), choice.subject, "", chat, LETTERS[choice.answer])
