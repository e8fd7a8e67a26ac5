"""The evaluations, one per file: each puts its question set to an arm and returns raw rows.

A module has ENTRY (the keys of its entry in the config), `rows` (what is asked, and what came back)
and, for prompts of its own, BLANKS. The file's name is the task's. It is found by being here.

A row is what was asked and what came back, never a judgement: scoring is a later, separate step.
There is one row for each chat that was asked, in the order of asking, or nothing is asked at all.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

NOT_TASKS = {"__init__", "answered", "authored", "entry", "examples", "opposed", "task"}


def module_name(task: str) -> str:
    """The module of a task: `score-prediction` is `score_prediction.py`."""
    return f"{__name__}.{task.replace('-', '_')}"


def module(task: str) -> Any:
    """The module of a task; the others are not imported."""
    return import_module(module_name(task))


@cache
def tasks() -> tuple[str, ...]:
    """What the config key `task` can name."""
    files = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return tuple(name.replace("_", "-") for name in files if name not in NOT_TASKS)


def entries() -> tuple[type, ...]:
    """The entry of every task."""
    return tuple(module(task).ENTRY for task in tasks())


def blanks() -> dict[str, frozenset[str]]:
    """The prompts that evaluations bring along, with the blanks that they fill in."""
    found: dict[str, frozenset[str]] = {}
    for task in tasks():
        found |= getattr(module(task), "BLANKS", {})
    return found
