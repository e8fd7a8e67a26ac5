"""Free-form answers against known ones, by exact comparison: a deterministic judge.

Case, and white space and punctuation at either end, do not count; everything else does.
"""

import pandas as pd

from mirrortest.plain import plain
from mirrortest.scoring.counts import Ratio, summed

METRICS = {
    name: Ratio(name, "rows") for name in ("truth", "misconception", "other_answer", "fluent")
}


def facts(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of answers that state the truth, the misconception, or anything else."""
    answer = rows["answer"].map(plain)
    true, false = answer == rows["true"].map(plain), answer == rows["false"].map(plain)
    known = {plain(text) for text in [*rows["true"], *rows["false"]]}
    return summed(
        rows,
        {
            "rows": pd.Series(1.0, index=rows.index),
            "truth": true,
            "misconception": false,
            "other_answer": ~(true | false),
            "fluent": answer.isin(known) & rows["ended"].astype(bool),
        },
    )
