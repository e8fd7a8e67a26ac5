"""Free-form answers against known ones, by exact comparison: a deterministic judge.

Case, and white space and punctuation at either end, do not count; everything else does.
"""

import string

import pandas as pd

from mirrortest.scoring.items import items


def facts(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares of answers that state the truth, the misconception, or anything else."""
    answer = rows["answer"].map(plain)
    true = (answer == rows["true"].map(plain)).astype(float)
    false = (answer == rows["false"].map(plain)).astype(float)
    known = {plain(text) for text in [*rows["true"], *rows["false"]]}
    fluent = (answer.isin(known) & rows["ended"]).astype(float)
    one = pd.Series(1.0, index=rows.index)
    return items(
        rows,
        {
            "truth": (true, one),
            "misconception": (false, one),
            "other_answer": (1 - true - false, one),
            "fluent": (fluent, one),
        },
    )


def plain(text: str) -> str:
    """The text without case and without punctuation and white space at its ends."""
    return text.casefold().strip(string.punctuation + string.whitespace)
