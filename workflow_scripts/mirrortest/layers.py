"""What an experiment's file says, over what the shipped config says.

Snakemake merges config files key by key. For an entry of a registry that is right where a few keys
are changed, and wrong where the entry is defined anew: it would keep keys of another definition,
such as the learning rate of the toy's stage of the same name. And it takes the last of two equal
keys in a file without a word, and values within those of `--config` for text.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mirrortest.errors import UserError

DEFINED_BY = {
    "models": {"path", "hub", "name"},
    "sources": {"path", "url", "hub"},
    "corpora": {"source"},
    "authors": {"files", "arm"},
    "stages": {"recipe", "adapter"},
    "evaluations": {"task"},
    "rubrics": {"text", "source"},
    "judges": {"model", "rule"},
}
"""The keys by which an entry of each registry says what it is; a model's are one level down."""
ORIGINS = ("weights", "hosted")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def combine(merged: dict[str, Any], given: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """`merged` with the files of the command line and its `--config` laid over it in their order.

    merged: all config files, laid over one another key by key; those of the command line, too.
    """
    laid: dict[str, Any] = {}
    for layer in given:
        laid = replace_definitions(_over(laid, layer), layer)
    return replace_definitions(_over(merged, laid), laid)


def _over(below: Any, above: Any) -> Any:
    """Key by key, as Snakemake does it."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    return {**below} | {key: _over(below.get(key), value) for key, value in above.items()}


def replace_definitions(merged: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """`merged`, in which every entry that `given` defines is as `given` has it, and nothing else.

    merged: all config files, laid over one another key by key; given: those of the command line.
    """
    return merged | {
        registry: merged[registry] | _definitions(given.get(registry), keys)
        for registry, keys in DEFINED_BY.items()
        if isinstance(merged.get(registry), dict)
    }


def _definitions(entries: Any, keys: set[str]) -> dict[str, Any]:
    found = entries.items() if isinstance(entries, dict) else ()
    return {name: entry for name, entry in found if keys & _said(entry)}


def _said(entry: Any) -> set[str]:
    if not isinstance(entry, dict):
        return set()
    within = [entry[key] for key in ORIGINS if isinstance(entry.get(key), dict)]
    return {key for part in within or [entry] for key in part}


def refuse_repeats(path: Path) -> None:
    """Raises UserError for a key that a mapping of the file has twice: the first would be lost."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.YAMLError:
        return  # JSON may be indented by tabs
    for mapping in _mappings(root):
        lines: dict[str, int] = {}
        for key, _ in mapping.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines:
                raise UserError(
                    f"{path}, line {line}: the key {name!r} stands in line {lines[name]} already, "
                    "of which nothing would be left; make one of the two."
                )
            lines[name] = line


def _mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value)


def typed(said: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `--config`, in which Snakemake leaves text for text what stands in brackets."""
    return {
        key: _typed(value) if isinstance(value, Mapping | list) else value
        for key, value in said.items()
    }


def _typed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _typed(within) for key, within in value.items()}
    if isinstance(value, list):
        return [_typed(within) for within in value]
    return _scalar(value) if isinstance(value, str) else value


def _scalar(text: str) -> Any:
    """A number, a truth value or null as a file would have it; any other text as it is."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, int | float | None) else text
