"""Reading the workflow's own tables."""

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

NAMES = (
    *("flag", "family", "model", "chain", "reference", "evaluation", "task", "subset", "metric"),
    *("finding", "part", "why", "mend", "rubric", "judge", "other", "other_finding", "persona"),
    *("measure", "bucket", "resampled"),
    *("label", "position", "folds", "probe", "outcome", "to_model", "to_chain", "direction"),
)


def read(path: str | Path) -> pd.DataFrame:
    """A table: names are text whatever they look like, and none of them is missing."""
    types: dict[Hashable, type[str]] = dict.fromkeys(NAMES, str)
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=types)
    named = [name for name in NAMES if name in table]
    table[named] = table[named].fillna("")
    return table.astype({"leading": bool}) if "leading" in table else table


def lines(table: pd.DataFrame) -> Iterable[Any]:
    """The lines of a table, with its columns as attributes."""
    return table.itertuples()
