"""Question sets: a YAML list of items, or the published files of others as they are.

Our own form is a list of mappings with `id` and `text`; `stratum` and `system` may be there, and
whatever else a task or a judge needs of an item. Read as they are, too: the question files of
Betley et al. (a list with `paraphrases`), and plain text with one question a line.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from mirrortest import sources
from mirrortest.errors import UserError

OURS = ("id", "text", "stratum", "system")
ALL = "all"
"""The name of the subset of all rows (`panels.ALL`, whose module costs jobs their start)."""
MEANT_AS_YAML = re.compile(r"([^\S\n]*(#.*)?\n)*[^\S\n]*([-\[{]|\w[\w-]*:(\s|$))")
"""Blank lines and comments, and then a list, a mapping or a key."""


@dataclass(frozen=True)
class Item:
    """One question. system: its own system prompt, in place of the evaluation's; more: all else."""

    id: str
    text: str
    stratum: str = ""
    system: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


def read(path: str) -> list[Item]:
    """The items of a file. Raises UserError that names file and item."""
    content = _content(path)
    if isinstance(content, str):
        lines = [line.strip() for line in content.splitlines() if line.strip()]
        items = [Item(str(n), line) for n, line in enumerate(lines)]
    else:
        items = [item for n, raw in enumerate(content) for item in _items(raw, n, path)]
    if not items:
        raise UserError(f"{path} holds no questions.")
    ids = [item.id for item in items]
    for name in ids:
        if ids.count(name) > 1:
            raise UserError(f"{path}: the id {name!r} occurs twice; rename one.")
    return items


def demand(items: list[Item], path: str, *keys: str) -> list[Item]:
    """The items. Raises UserError for one that lacks a key beside id and text."""
    for item in items:
        for key in keys:
            if not item.more.get(key):
                raise UserError(f"{path}, item {item.id}: {key!r} is missing; add it.")
    return items


def parsed(path: str) -> Any:
    """What YAML or JSON makes of a file; nothing of one that is neither.

    Raises UserError for one that is meant as either and has a slip.
    """
    text = sources.text(path)
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        if MEANT_AS_YAML.match(text):
            raise UserError(f"{path} is not valid YAML ({_reason(error)}); mend it.") from None
        return None


def stratum(raw: dict[str, Any], where: str) -> str:
    """The stratum of an item. Raises UserError for the name that all items together have."""
    name = str(raw.get("stratum", ""))
    if name == ALL:
        raise UserError(f"{where}: the stratum {ALL!r} is the name of all items; rename it.")
    return name


def _reason(error: yaml.YAMLError) -> str:
    """What is wrong, and where."""
    mark = getattr(error, "problem_mark", None)
    place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or str(error).splitlines()[0]}{place}"


def _content(path: str) -> Any:
    """A list of mappings, or the text of a file that is none."""
    content = parsed(path)
    if isinstance(content, dict):
        raise UserError(f"{path} is no list of items; write `- {{id: ..., text: ...}}`.")
    return content if isinstance(content, list) else sources.text(path)


def _items(raw: Any, number: int, path: str) -> list[Item]:
    if not isinstance(raw, dict):
        raise UserError(
            f"{path}, item {number + 1} is no mapping; write `- {{id: ..., text: ...}}`."
        )
    if "paraphrases" in raw:
        return _paraphrases(raw, path)
    for key in ("id", "text"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise UserError(f"{path}, item {number + 1}: {key!r} is missing or no text; add it.")
    more = {key: value for key, value in raw.items() if key not in OURS}
    part = stratum(raw, f"{path}, item {raw['id']}")
    return [Item(raw["id"], raw["text"].strip(), part, raw.get("system"), more)]


def _paraphrases(raw: dict[str, Any], path: str) -> list[Item]:
    """One entry of the question files of Betley et al.: each paraphrase is an item."""
    texts, name = raw["paraphrases"], str(raw.get("id", ""))
    listed = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    if not name or not texts or not listed:
        raise UserError(
            f"{path}: an entry with `paraphrases` needs an id and a list of texts; mend it."
        )
    ids = [name] if len(texts) == 1 else [f"{name}/{n}" for n in range(len(texts))]
    return [
        Item(one, text.strip(), system=raw.get("system"))
        for one, text in zip(ids, texts, strict=True)
    ]
