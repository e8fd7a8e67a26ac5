"""Scoring: raw rows become items with numerators and denominators, one file per kind of row."""

from collections.abc import Callable

import pandas as pd

from mirrortest.scoring import choices, facts, keyfacts

SCORERS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "recognition": choices.recognition,
    "truthfulqa": choices.truthfulqa,
    "facts": facts.facts,
    "keyfacts": keyfacts.keyfacts,
}
"""By task: raw rows -> columns item, subset, metric, numerator, denominator."""
