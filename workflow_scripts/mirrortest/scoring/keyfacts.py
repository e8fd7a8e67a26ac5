"""Summaries against the phrases that state their articles' key facts."""

import pandas as pd

from mirrortest.scoring.counts import Ratio, summed

METRICS = {"key_facts": Ratio("key_facts", "rows")}


def keyfacts(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of summaries that contain every phrase, case ignored."""
    stated = [
        all(phrase.casefold() in text.casefold() for phrase in phrases)
        for text, phrases in zip(rows["answer"], rows["phrases"], strict=True)
    ]
    one = pd.Series(1.0, index=rows.index)
    return summed(rows, {"rows": one, "key_facts": pd.Series(stated, index=rows.index)})
