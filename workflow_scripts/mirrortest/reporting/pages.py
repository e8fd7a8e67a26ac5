"""The report's tables: what stands in their cells."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from mirrortest.headlines import HEADLINES
from mirrortest.reporting import words
from mirrortest.reporting.absent import Absent, Unmeasured, why
from mirrortest.reporting.marks import FEW_SEEDS, Marks
from mirrortest.reporting.tables import lines

SHOWN_DIGITS = 16


@dataclass(frozen=True)
class Cell:
    """Text; mark: a sign beside it; more: what is shown when one points at it."""

    text: str
    mark: str = ""
    more: str = ""


@dataclass(frozen=True)
class Table:
    """The first `labels` columns name the rows."""

    columns: list[str]
    rows: list[list[Cell]]
    labels: int


def table(columns: list[str], rows: Iterable[Iterable[object]], labels: int) -> Table:
    """A table of plain values; numbers are written as they are, cells are taken as they are."""
    made = [[v if isinstance(v, Cell) else Cell(str(v)) for v in row] for row in rows]
    return Table(columns, made, labels)


def lean(full: Table) -> Table:
    """The table without the column `model` where there is but one."""
    if "model" not in full.columns:
        return full
    place = full.columns.index("model")
    if len({row[place].text for row in full.rows}) > 1:
        return full
    rows = [[*row[:place], *row[place + 1 :]] for row in full.rows]
    columns = [*full.columns[:place], *full.columns[place + 1 :]]
    return Table(columns, rows, full.labels - 1)


def digest(sha256: str | None) -> Cell:
    """The first digits of a hash, the whole of it behind them."""
    return Cell(words.UNKNOWN) if sha256 is None else Cell(sha256[:SHOWN_DIGITS], "", sha256)


def marked(text: str, flags: list[str]) -> Cell:
    """† for any flag, ° where it is only that seeds are few."""
    mark = "°" if set(flags) == {FEW_SEEDS} else "†" if flags else ""
    return Cell(text, mark, ", ".join(flags))


def absent(lacking: Absent) -> Table:
    """One row per arm and seed without a model."""
    rows = [
        (each.model, each.chain, each.seed, each.outcome, why(each)) for each in lacking.records
    ]
    return lean(table(["model", "chain", "seed", "outcome", "why"], rows, 3))


def scores(summary: pd.DataFrame, marks: Marks, lacking: Absent) -> Table:
    """One row per arm, one column per evaluation: its leading metric. Last those without any."""
    lead = summary[summary["leading"]]
    shown = lead.drop_duplicates("evaluation")
    heads = [
        f"{e}: {HEADLINES[t].label}" for e, t in zip(shown.evaluation, shown.task, strict=True)
    ]
    rows = []
    for (model, chain), of_arm in lead.groupby(["model", "chain"], sort=False):
        cells = {
            line.evaluation: marked(
                words.interval(line.value, line.low, line.high),
                marks.score(line.model, line.chain, line.evaluation),
            )
            for line in lines(of_arm)
        }
        seeds = "–".join(map(str, sorted({of_arm["seeds"].min(), of_arm["seeds"].max()})))
        rest = [cells.get(name, words.UNKNOWN) for name in shown["evaluation"]]
        rows.append([model, chain, seeds, *rest])
    for (model, chain), found in lacking.chains.items():
        cells_of_none = [Cell(found.outcome, "", why(found))] * len(heads)
        rows.append([model, chain, words.UNKNOWN, *cells_of_none])
    return lean(table(["model", "chain", "seeds", *heads], rows, 3))


CONTRASTS = [
    *("family", "model", "chain", "reference", "evaluation", "difference", "p", "p (Holm)"),
    *("Cohen’s h", "detectable", "finding"),
]


def contrasts(
    found: pd.DataFrame, families: list[str], marks: Marks, missing: list[Unmeasured]
) -> Table:
    """One row per leading contrast, families in this order; last those that are not measured."""
    lead = in_families(found[found["leading"]], families)
    rows = [
        [
            *(line.family, line.model, line.chain, line.reference, line.evaluation),
            marked(
                words.interval(line.value, line.low, line.high, signed=True),
                marks.contrast(line.model, line.chain, line.reference, line.evaluation),
            ),
            *(p_cell(line.p), p_cell(line.p_holm), words.number(line.cohen_h, signed=True)),
            *(words.number(line.detectable), line.finding),
        ]
        for line in lines(lead)
    ]
    rows += [
        [
            *(each.family, each.model, each.chain, each.reference, "all"),
            *(Cell("not measured", "", each.why), *[words.UNKNOWN] * 4, "not measured"),
        ]
        for each in missing
    ]
    rows.sort(key=lambda row: families.index(row[0]))
    return lean(table(CONTRASTS, rows, 5))


def in_families(found: pd.DataFrame, families: list[str]) -> pd.DataFrame:
    """The lines by family in this order, otherwise as they were."""
    return found.sort_values("family", key=lambda names: names.map(families.index), kind="stable")


def p_cell(p: float) -> str:
    """A p as it stands in a cell."""
    return words.UNKNOWN if math.isnan(p) else words.p_value(p).removeprefix("p ").lstrip("= ")


DECOMPOSED = ["family", "model", "chain", "reference", "evaluation"]
PARTS = {
    "invalid": "invalid answers",
    "position": "position",
    "wrong": "wrong answers",
    "total": "difference",
}


def decomposition(found: pd.DataFrame, families: list[str]) -> Table:
    """One row per contrast, one column per part."""
    rows = []
    for key, parted in in_families(found, families).groupby(DECOMPOSED, sort=False):
        parts = {
            line.part: words.interval(line.value, line.low, line.high, signed=True)
            for line in lines(parted)
        }
        rows.append([*key, *(parts.get(part, words.UNKNOWN) for part in PARTS)])
    return lean(table([*DECOMPOSED, *PARTS.values()], rows, len(DECOMPOSED)))
