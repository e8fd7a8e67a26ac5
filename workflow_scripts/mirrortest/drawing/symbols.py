"""What figures say about a value beside the value: flags, findings, and what was published."""

from pathlib import Path
from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest import figures

LETTERS = {
    "invalid": "I",
    "invalid-change": "I",
    "story": "S",
    "position": "P",
    "option-mass": "M",
}
"""Flags that put a value's meaning in doubt. The others only make it less certain."""
MEANINGS = {
    "I": "many invalid answers",
    "S": "the way of scoring decides",
    "P": "answers by position",
    "M": "the options hold little probability",
}
FLAG_COLOUR = "#C8102E"
FEW_SEEDS = "few-seeds"
ARM = ["model", "chain", "evaluation"]

FINDINGS = ["higher", "lower", "equivalent", "undecided"]
FINDING_COLOURS = dict(zip(FINDINGS, ["#D55E00", "#0072B2", "#009E73", "#4D4D4D"], strict=True))
FINDING_SHAPES = dict(zip(FINDINGS, ["^", "v", "s", "o"], strict=True))
FINDING_SIGNS = dict(zip(FINDINGS, ["▲", "▼", "≈", "?"], strict=True))


def read(path: str | Path) -> pd.DataFrame:
    """The table of flags; names that are left out are empty."""
    table = pd.read_csv(path)
    names = ["flag", "model", "chain", "reference", "evaluation"]
    return table.assign(**{name: table[name].fillna("").astype(str) for name in names})


def flagged(table: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """Adds `flags` (letters, sorted) and `few` (too few seeds) to lines of arms or contrasts.

    A contrast also has the flags of its two arms.
    """
    own = flags[flags["reference"] == ""]
    sources = [_found(table, own, ARM)]
    if "reference" in table:
        sources.append(_found(table, flags, ["model", "chain", "reference", "evaluation"]))
        other = own.assign(reference=own["chain"])
        sources.append(_found(table, other, ["model", "reference", "evaluation"]))
    names = [set[str]().union(*found) for found in zip(*sources, strict=True)]
    letters = ["".join(sorted({LETTERS[n] for n in found if n in LETTERS})) for found in names]
    return table.assign(flags=letters, few=[FEW_SEEDS in found for found in names])


def _found(table: pd.DataFrame, flags: pd.DataFrame, keys: list[str]) -> list[set[str]]:
    known = {key: set(part["flag"]) for key, part in flags.groupby(keys)}
    return [known.get(key, set()) for key in table[keys].itertuples(index=False, name=None)]


def key(table: pd.DataFrame) -> str:
    """What the marks in a table with the columns `flags` and `few` mean; empty without any."""
    letters = sorted(set("".join(table["flags"])))
    said = [f"{letter} {MEANINGS[letter]}" for letter in letters]
    flags = f"Red letters are flags: {', '.join(said)}." if said else ""
    return " ".join([flags, "Hollow: few seeds." if table["few"].any() else ""]).strip()


def one_order(flags: pd.DataFrame, evaluations: set[str]) -> str:
    """Says which evaluations were asked in one order of the options only."""
    found = flags[(flags["flag"] == "one-order") & flags["evaluation"].isin(evaluations)]
    names = ", ".join(found["evaluation"])
    return f"Asked in one order only: {names}." if names else ""


def published(path: str | Path, arms: pd.DataFrame) -> pd.DataFrame:
    """Published values of the arms' models, chains, tasks and metrics.

    A published value names the task as its evaluation, and belongs to all evaluations with it.
    """
    table = pd.read_csv(path).rename(columns={"evaluation": "task"})
    keys = ["model", "chain", "task", "metric"]
    known = arms[[*keys, "evaluation"]].drop_duplicates()
    return table[[*keys, "value", "source"]].merge(known, on=keys)


def room(table: pd.DataFrame) -> float:
    """How many inches the letters of a table's flags take at the right."""
    longest = int(table["flags"].str.len().max())
    return 0.1 + figures.LETTER_INCHES * longest if longest else 0.02


def flags_at_the_right(table: pd.DataFrame) -> Any:
    """The letters of flags at the right edge of the rows; table: the columns y, panel, flags."""
    flagged = table[table["flags"] != ""].drop_duplicates(["panel", "y"])
    flagged = flagged.assign(flags=flagged["flags"] + "\N{THIN SPACE}")
    return p9.geom_text(
        p9.aes(y="y", label="flags"),
        data=flagged,
        x=float("inf"),
        ha="right",
        size=figures.TEXT_POINTS,
        fontweight="bold",
        colour=FLAG_COLOUR,
        inherit_aes=False,
    )


def p_text(p: float) -> str:
    """A p to three digits; empty where there is none."""
    if pd.isna(p):
        return ""
    return "p<0.001" if p < 0.001 else f"p={p:.3f}"
