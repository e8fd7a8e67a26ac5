"""Counts: what one item of one arm contributes. Every metric is a ratio of sums of counts."""

from dataclasses import dataclass

import pandas as pd

ARM = ["model", "chain", "seed"]
ITEM = [*ARM, "evaluation", "stratum", "item"]
"""What names one line of counts."""


@dataclass(frozen=True)
class Ratio:
    """A metric: the sum of one count over the sum of another, or 1 minus that."""

    numerator: str
    denominator: str
    complement: bool = False


def summed(rows: pd.DataFrame, counts: dict[str, pd.Series]) -> pd.DataFrame:
    """One line per item of an arm and stratum, the counts summed over its rows.

    rows: the columns of ITEM. counts: one value per row.
    """
    table = pd.DataFrame(counts).astype(float)
    keys = [rows[name] for name in ITEM]
    return table.groupby(keys, sort=False, observed=True).sum().reset_index()
