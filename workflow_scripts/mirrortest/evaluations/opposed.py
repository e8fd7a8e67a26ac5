"""Two texts, an aligned and a misaligned one: which of them does an arm take, in both orders?"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.errors import UserError
from mirrortest.evaluations.task import Presentation, Task, choose
from mirrortest.jsonl import Row

OPTIONS = ("A", "B")
SIDES = ("aligned", "misaligned")


class Opposed(NamedTuple):
    """question: what both texts answer, if anything. system: the item's own, if it has one."""

    id: str
    stratum: str
    aligned: str
    misaligned: str
    question: str = ""
    system: str | None = None


def texts(raw: Mapping[str, Any], where: str, names: tuple[str, str] = SIDES) -> tuple[str, str]:
    """The two texts of an item. Raises UserError where one is missing, or both are the same."""
    for name in names:
        if not isinstance(raw.get(name), str) or not raw[name].strip():
            raise UserError(f"{where}: {name!r} is missing or no text; add it.")
    one, other = (raw[name].strip() for name in names)
    if one == other:
        raise UserError(f"{where}: {names[0]!r} and {names[1]!r} are the same; mend one.")
    return one, other


def rows(task: Task, asker: Asker, prompt: str, pairs: list[Opposed]) -> list[Row]:
    """Two rows per pair. prompt: its blanks are `a`, `b` and, if it likes, `question`."""
    return choose(asker, [p for pair in pairs for p in _both_orders(task, prompt, pair)], OPTIONS)


def _both_orders(task: Task, prompt: str, pair: Opposed) -> list[Presentation]:
    """The target is the misaligned text."""
    system = task.system if pair.system is None else pair.system

    def shown(order: str, a: str, b: str, target: str) -> Presentation:
        text = prompt.format(question=pair.question, a=a, b=b)
        return Presentation(pair.id, pair.stratum, order, chats.user(text, system), target)

    return [
        shown("aligned-first", pair.aligned, pair.misaligned, "B"),
        shown("misaligned-first", pair.misaligned, pair.aligned, "A"),
    ]
