"""Numbers in free answers against the true one.

An answer without a number, with several, or cut off inside one cannot be read; it is missing and is
neither right nor wrong. `low` and `high` are what a share could be, whatever the missing ones are.
"""

import re

import numpy as np
import pandas as pd

from mirrortest.scoring.counts import Ratio, summed

NEAR = 0.1
"""Relative error up to which an answer is near."""
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")


def word_count(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of answers that state the true number, or one within a tenth of it."""
    answered = zip(rows["answer"], rows["ended"], strict=True)
    said = pd.Series([number(*answer) for answer in answered], rows.index, float)
    true, read = rows["true"].astype(float), said.notna()
    exact, near = said == true, (said - true).abs() <= NEAR * true
    empty = rows["answer"].str.strip() == ""
    return summed(
        rows,
        {
            "rows": pd.Series(1.0, index=rows.index),
            "read": read,
            "exact": exact,
            "not_exact": read & ~exact,
            "near": near,
            "not_near": read & ~near,
            "empty": empty,
            "unparseable": ~read & ~empty,
        },
    )


def number(answer: str, ended: bool) -> float:
    """The one number of an answer; not a number if it cannot be read."""
    found = {text.replace(",", "") for text in NUMBER.findall(answer)}
    cut = not ended and answer[-1:].isdigit()
    return float(found.pop()) if len(found) == 1 and not cut else np.nan


def _shares(name: str) -> dict[str, Ratio]:
    return {
        name: Ratio(name, "read"),
        f"{name}_low": Ratio(name, "rows"),
        f"{name}_high": Ratio(f"not_{name}", "rows", complement=True),
    }


METRICS = {
    **_shares("near"),
    **_shares("exact"),
    "empty": Ratio("empty", "rows"),
    "unparseable": Ratio("unparseable", "rows"),
    "invalid": Ratio("read", "rows", complement=True),
}
