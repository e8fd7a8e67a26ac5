"""Two descriptions of an assistant, an aligned and a misaligned one: which resembles the arm?

Protocol: Weckauff et al. 2026 (arXiv 2604.28082), two-AI identification. They draw ten answers to
each pair, shown in one order, and count the majority; here both orders are shown and the options'
probabilities are read, of which ten draws are an estimate. Known trap: an arm that answers by
position takes each side of a balanced set half of the time, and majorities make that firm; read
the picks by where the misaligned description stands.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import questionsets
from mirrortest.asking import Asker
from mirrortest.errors import UserError
from mirrortest.evaluations import opposed
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.opposed import Opposed
from mirrortest.evaluations.task import Task
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, SystemPolicy

THEIRS = {"A": ("system_B", "system_A"), "B": ("system_A", "system_B")}
"""By the misaligned option: where a published item has its aligned and its misaligned text."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Descriptions:
    """Which of two descriptions, an aligned and a misaligned one, is more like the arm?"""

    task: Literal["descriptions"]
    source: Name = Field(
        description="A list of items with `id`, `aligned` and `misaligned`, or the published pairs "
        "of Weckauff et al. as they are."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {"choice": "descriptions.choice"}
    scoring: ClassVar[str] = "descriptions"
    times: ClassVar[int] = 2

    def files(self, place: Place) -> Files:
        return {"pairs": place.source(self.source, read)}

    def settings(self) -> dict[str, Any]:
        return {}


ENTRY = Descriptions
BLANKS = {"descriptions.choice": frozenset({"a", "b"})}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `pairs`. The target is the misaligned description."""
    return opposed.rows(task, asker, task.prompts["choice"], read(task.files["pairs"]))


def read(path: str) -> list[Opposed]:
    """The pairs of a file. Raises UserError that names file and item."""
    content = questionsets.parsed(path)
    theirs = isinstance(content, dict) and isinstance(content.get("items"), list)
    found = content["items"] if theirs else content
    if not isinstance(found, list) or not found or not all(isinstance(raw, dict) for raw in found):
        raise UserError(
            f"{path} is no list of descriptions; write "
            "`- {id: ..., aligned: ..., misaligned: ...}`."
        )
    one = _theirs if theirs else _ours
    pairs = [one(raw, f"{path}, item {n}") for n, raw in enumerate(found, start=1)]
    ids = [pair.id for pair in pairs]
    if again := next((name for name in ids if ids.count(name) > 1), None):
        raise UserError(f"{path}: the id {again!r} occurs twice; rename one.")
    return pairs


def _ours(raw: dict[str, Any], where: str) -> Opposed:
    if not isinstance(raw.get("id"), str) or not raw["id"].strip():
        raise UserError(f"{where}: 'id' is missing or no text; add it.")
    stratum = questionsets.stratum(raw, where)
    return Opposed(raw["id"], stratum, *opposed.texts(raw, where), system=raw.get("system"))


def _theirs(raw: dict[str, Any], where: str) -> Opposed:
    """`ground_truth` is the misaligned option. Themes are hardly ever of two items: no strata."""
    if "item_id" not in raw:
        raise UserError(f"{where}: 'item_id' is missing; add it.")
    if raw.get("ground_truth") not in THEIRS:
        raise UserError(f"{where}: 'ground_truth' must be A or B, the misaligned option; mend it.")
    names = THEIRS[raw["ground_truth"]]
    return Opposed(str(raw["item_id"]), "", *opposed.texts(raw, where, names))
