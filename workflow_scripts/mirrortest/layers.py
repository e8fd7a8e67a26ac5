"""What an experiment's file says, over what the shipped config says.

Snakemake merges config files key by key. For an entry of a registry that is right where a few keys
are changed, and wrong where the entry is defined anew: it would keep keys of another definition,
such as the learning rate of the toy's stage of the same name.
"""

from typing import Any

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
