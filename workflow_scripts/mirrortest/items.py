"""The items table: what every item of every arm contributes; all tables are made from it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from mirrortest import jsonl
from mirrortest.errors import UserError
from mirrortest.judging import joined
from mirrortest.scoring import SCORERS


@dataclass(frozen=True)
class RowsFile:
    """The raw rows of one evaluation of one arm.

    task: how they are scored. verdicts: a judge's file; judged: what its verdicts there are about;
    others: its files on other chains, by chain, where rows ask about the answers of these.
    """

    model: str
    chain: str
    seed: int
    evaluation: str
    task: str
    path: str
    judged: str | None = None
    verdicts: str | None = None
    others: dict[str, str] = field(default_factory=dict)


def items(files: list[RowsFile], published: str | None) -> pd.DataFrame:
    """One line of counts per item of an arm: task, the columns of `counts.ITEM`, the counts.

    published: the imported rows (parquet), which stand behind our own. Counts that a task does not
    have are missing. Raises UserError if there is nothing to score.
    """
    parts = [_own(files, name) for name in dict.fromkeys(file.evaluation for file in files)]
    if published is not None:
        parts += _by_task(pd.read_parquet(published))
    parts = [part for part in parts if len(part)]
    if not parts:
        raise UserError("no evaluation left any rows to score; see the logs of rule evaluate.")
    return pd.concat(parts, ignore_index=True)


def _own(files: list[RowsFile], evaluation: str) -> pd.DataFrame:
    chosen = [file for file in files if file.evaluation == evaluation]
    rows = [row for file in chosen for row in _rows(file)]
    if not rows:  # two authors who wrote the same leave nothing to be told apart
        return pd.DataFrame()
    return _counted(pd.DataFrame(rows), chosen[0].task)


def _rows(file: RowsFile) -> Iterable[jsonl.Row]:
    arm = {"model": file.model, "chain": file.chain, "seed": file.seed}
    rows = [arm | {"evaluation": file.evaluation} | row for row in jsonl.read_own(file.path)]
    if file.verdicts is None:
        return rows
    files = {joined.OWN: file.verdicts} | file.others
    verdicts = {of: list(jsonl.read_own(path)) for of, path in files.items()}
    return joined.joined(rows, verdicts, str(file.judged))


def _by_task(rows: pd.DataFrame) -> list[pd.DataFrame]:
    return [
        _counted(part.drop(columns="task"), str(task))
        for task, part in rows.groupby("task", sort=False, observed=True)
    ]


def _counted(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    return SCORERS[task].count(rows).assign(task=task)
