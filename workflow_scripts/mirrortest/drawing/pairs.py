"""What figures of contrasts share: which lines, their flags, and the symbols of findings."""

from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest.drawing import symbols

KEYS = ["family", "model", "chain", "reference", "evaluation"]


def read(path: str, flags: pd.DataFrame) -> pd.DataFrame:
    """The contrasts in their leading metrics, with the columns `flags` and `few`."""
    table = pd.read_csv(path)
    return symbols.flagged(table[table["leading"].astype(bool)], flags)


def finding_scales() -> list[Any]:
    """The finding by colour and by shape."""
    return [
        p9.scale_colour_manual(symbols.FINDING_COLOURS, limits=symbols.FINDINGS),
        p9.scale_shape_manual(symbols.FINDING_SHAPES, limits=symbols.FINDINGS),
    ]


def findings(table: pd.DataFrame) -> str:
    """What `equivalent` means in this table."""
    margins = sorted({f"{margin:g}" for margin in table["margin"].dropna()})
    return f"Equivalent: within ±{', ±'.join(margins)} by two one-sided tests." if margins else ""
