"""Free-form answers against lists of right and wrong ones, by exact comparison.

Case, and white space and punctuation at either end, do not count; everything else does. An empty
answer is missing. `low` and `high` are what a share could be, whatever the missing ones are.
"""

import pandas as pd

from mirrortest.plain import plain
from mirrortest.scoring.counts import Ratio, summed

METRICS = {
    "right": Ratio("right", "answered"),
    "right_low": Ratio("right", "rows"),
    "right_high": Ratio("not_right", "rows", complement=True),
    "wrong_as_listed": Ratio("wrong", "answered"),
    "other_answer": Ratio("other", "answered"),
    "empty": Ratio("answered", "rows", complement=True),
}


def factual(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of answers that are listed as right, as wrong, or nowhere."""
    answers = rows["answer"].map(plain)
    answered = answers != ""
    right, wrong = _among(answers, rows["right"]), _among(answers, rows["wrong"])
    return summed(
        rows,
        {
            "rows": pd.Series(1.0, index=rows.index),
            "answered": answered,
            "right": right,
            "not_right": answered & ~right,
            "wrong": wrong,
            "other": answered & ~right & ~wrong,
        },
    )


def _among(answers: pd.Series, listed: pd.Series) -> pd.Series:
    pairs = zip(answers, listed, strict=True)
    return pd.Series([one in map(plain, texts) for one, texts in pairs], answers.index, bool)
