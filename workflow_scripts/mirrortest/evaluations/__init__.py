"""The evaluations, one per file: each puts its question set to an arm and returns raw rows.

A row is what was asked and what came back, never a judgement: scoring is a later, separate step.
There is one row for each chat that was asked, in the order of asking, or nothing is asked at all.
"""

from collections.abc import Callable

from mirrortest.asking import Asker
from mirrortest.evaluations import facts, keyfacts, recognition, truthfulqa
from mirrortest.evaluations.task import Task
from mirrortest.jsonl import Row

TASKS: dict[str, Callable[[Task, Asker], list[Row]]] = {
    "recognition": recognition.rows,
    "truthfulqa": truthfulqa.rows,
    "facts": facts.rows,
    "keyfacts": keyfacts.rows,
}
"""What the config key `task` can name."""
