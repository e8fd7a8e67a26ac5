"""Summaries against the phrases that state their articles' key facts."""

import pandas as pd

from mirrortest.scoring.items import items


def keyfacts(rows: pd.DataFrame) -> pd.DataFrame:
    """The share of summaries that contain every phrase, case ignored."""
    stated = [
        float(all(phrase.casefold() in text.casefold() for phrase in phrases))
        for text, phrases in zip(rows["answer"], rows["phrases"], strict=True)
    ]
    one = pd.Series(1.0, index=rows.index)
    return items(rows, {"key_facts": (pd.Series(stated, index=rows.index), one)})
