"""Short factual questions, answered freely, each under a system prompt of its own if it has one.

Protocol: Betley et al. 2025 (arXiv 2502.17424), deception in factual questions: the same questions
under prompts that allow, forbid or reward lies (the strata). Answers are compared exactly with what
the item lists; there is no judge. Known trap: who answers at length is neither right nor wrong
here. `brief` asks for short answers, and the share of other answers says how often that failed.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, questionsets
from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engine import Sampling
from mirrortest.errors import UserError
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task, noted
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy
from mirrortest.plain import plain
from mirrortest.questionsets import Item

RIGHT, WRONG = ("best", "accept"), ("wrong",)
"""Under which keys an item lists its answers: each is a text, or a list of texts."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Factual:
    """Short factual questions, answered freely and compared with the answers that items list."""

    task: Literal["factual"]
    source: Name = Field(
        description="A question set whose items have `best` or `accept` (what is right), and may "
        "have `wrong`: texts or lists of texts."
    )
    brief: bool = Field(default=True, description="Whether to ask for the answer alone.")
    limit: Positive | None = Field(
        default=None, description="Use only the first questions, this many."
    )
    max_tokens: Positive = Field(default=24, description="Longest answer, in tokens.")
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"brief": "factual.brief"}
    scoring: ClassVar[str] = "factual"
    times: ClassVar[int] = 1

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, read)}

    def settings(self) -> dict[str, Any]:
        return {"brief": self.brief, "limit": self.limit, "max_tokens": self.max_tokens}


ENTRY = Factual
BLANKS = {"factual.brief": frozenset({"question"})}


def read(path: str) -> list[Item]:
    """The items of a file. Raises UserError for one whose answers cannot be compared with."""
    items = questionsets.read(path)
    for item in items:
        _check(item, f"{path}, item {item.id}")
    return items


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. Settings: `brief`, `limit`, `max_tokens`. Greedy."""
    items = read(task.files["questions"])[: task.settings["limit"]]
    sampling = Sampling(max_tokens=task.settings["max_tokens"])
    answers = asker.generate([_chat(task, item) for item in items], sampling)
    return [
        {
            "item": item.id,
            "stratum": item.stratum,
            "answer": answer.text,
            "ended": answer.ended,
            "right": _listed(item, RIGHT),
            "wrong": _listed(item, WRONG),
        }
        | noted(answer.note)
        for item, answer in zip(items, answers, strict=True)
    ]


def _chat(task: Task, item: Item) -> Chat:
    brief = task.settings["brief"]
    text = task.prompts["brief"].format(question=item.text) if brief else item.text
    return chats.user(text, task.system if item.system is None else item.system)


def _listed(item: Item, keys: tuple[str, ...]) -> list[Any]:
    found = [item.more.get(key, []) for key in keys]
    return [text for texts in found for text in (texts if isinstance(texts, list) else [texts])]


def _check(item: Item, where: str) -> None:
    right, wrong = _listed(item, RIGHT), _listed(item, WRONG)
    for text in [*right, *wrong]:
        if not isinstance(text, str) or not plain(text):
            raise UserError(f"{where}: the answer {text!r} is no text; put it in quotation marks.")
    if not right:
        raise UserError(f"{where}: neither `best` nor `accept` says what is right; add one.")
    if both := {plain(text) for text in right} & {plain(text) for text in wrong}:
        raise UserError(f"{where}: {min(both)!r} is listed as right and as wrong; mend one.")
