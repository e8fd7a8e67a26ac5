"""Rows of a figure from top to bottom, in sections with headings: nothing overlaps, it grows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotnine as p9
from mizani.breaks import extended_breaks

from mirrortest import figures

LABEL_LETTERS = 27
"""Longer labels are broken into lines."""
FRAME_INCHES = 0.35
FILLED = 0.6
"""With fewer of the rows filled, models under each other leave less empty than side by side."""
"""What margins and the axis take off the width."""


@dataclass(frozen=True)
class Layout:
    """Where rows lie, in inches below the top edge (which is 0; further down is less).

    rows: the columns heading, row, label, y. headings: text, y, low, high.
    columns: how many panels stand side by side. free: each panel has its own axis of values.
    """

    rows: pd.DataFrame
    headings: pd.DataFrame
    height: float
    columns: int
    panels: list[str]
    free: bool

    @property
    def panel_inches(self) -> float:
        """The width of a panel, about."""
        return _panel_inches(list(self.rows["label"]), self.columns)

    def place(self, table: pd.DataFrame) -> pd.DataFrame:
        """Adds the column y to a table with the columns heading and row."""
        return table.merge(self.rows[["heading", "row", "y"]], on=["heading", "row"], how="left")

    def figure_height(self, note: str, legend_rows: int) -> float:
        """The height of the whole figure, in inches."""
        bands = -(-len(self.panels) // self.columns)
        strip = 0.2 + figures.LINE_INCHES * max(title.count("\n") + 1 for title in self.panels)
        below = figures.LINE_INCHES * (note.count("\n") + 1) + 0.2 * legend_rows
        return bands * (self.height + strip + 0.2) + 0.45 + below


def arms(table: pd.DataFrame) -> pd.DataFrame:
    """Adds panel, heading and row: rows are chains, panels evaluations, sections models.

    One evaluation of several models makes a panel of each model.
    """
    known = table[["model", "chain"]].drop_duplicates()
    several = known["model"].nunique() > 1
    filled = len(known) >= FILLED * known["model"].nunique() * known["chain"].nunique()
    if several and filled and table["evaluation"].nunique() == 1:
        panel = figures.factor(table["model"], figures.first_seen(table["model"]))
        return table.assign(panel=panel, heading="", row=table["chain"])
    heading = table["model"] if several else ""
    return figures.titled(table).assign(heading=heading, row=table["chain"])


def contrasts(table: pd.DataFrame, by_family: bool) -> pd.DataFrame:
    """Adds panel, heading and row: rows are contrasts, panels evaluations, sections families.

    With several models, rows are these and sections are contrasts.
    """
    table = figures.titled(table)
    pair = table["reference"] + " → " + table["chain"]
    by_family = by_family and table["family"].nunique() > 1
    family = table["family"] if by_family else ""
    if table["model"].nunique() < 2:
        return table.assign(heading=family, row=pair)
    named = table["family"] + ": " + pair if by_family else pair
    return table.assign(heading=named, row=table["model"])


def lay_out(table: pd.DataFrame, row_inches: float, columns: int) -> Layout:
    """Sections and rows in the order of first appearance.

    table: the columns heading (empty: none), row, panel and evaluation. columns: at most so many
    panels side by side. A row takes more than `row_inches` if its label has several lines.
    """
    panels = list(table["panel"].cat.categories)
    columns = min(columns, len(panels))
    lines = pd.DataFrame(_lines(table, columns), columns=["heading", "row", "label"])
    high = figures.LINE_INCHES * (lines["label"].str.count("\n") + 1)
    taken = (high + 0.06).where(lines["row"].isna(), (high + 0.02).clip(lower=row_inches))
    top = taken.cumsum() - taken
    lines = lines.assign(y=-(top + taken / 2), low=-(top + taken), high=-top)
    return Layout(
        rows=lines[lines["row"].notna()],
        headings=lines[lines["row"].isna()].rename(columns={"label": "text"}),
        height=float(taken.sum()),
        columns=columns,
        panels=panels,
        free=table["evaluation"].nunique() > 1,
    )


def _lines(table: pd.DataFrame, columns: int) -> Iterator[tuple[str, str | None, str]]:
    """Heading, row and what is written, from top to bottom; a heading's own line has no row."""
    rows = figures.first_seen(table["row"])
    labels = {row: figures.wrapped(row, LABEL_LETTERS) for row in rows}
    letters = int(_panel_inches(list(labels.values()), columns) / figures.LETTER_INCHES) - 3
    known = set(zip(table["heading"], table["row"], strict=True))
    for heading in figures.first_seen(table["heading"]):
        if heading:
            yield heading, None, figures.wrapped(heading, letters)
        yield from ((heading, row, labels[row]) for row in rows if (heading, row) in known)


def _panel_inches(labels: list[str], columns: int) -> float:
    longest = max(len(line) for label in labels for line in label.split("\n"))
    free = figures.WIDTH_INCHES - FRAME_INCHES - longest * figures.LETTER_INCHES
    return free / columns - 0.1


def layers(layout: Layout) -> list[Any]:
    """The panels side by side, the rows' labels and the headings, as layers of a figure."""
    return [
        p9.facet_wrap("panel", ncol=layout.columns, scales="free_x" if layout.free else "fixed"),
        p9.scale_y_continuous(
            breaks=list(layout.rows["y"]),
            labels=list(layout.rows["label"]),
            limits=(-layout.height, 0),
            expand=(0, 0),
        ),
        *(_headings(layout) if len(layout.headings) else []),
    ]


def _headings(layout: Layout) -> list[Any]:
    """A band over all panels; its text stands in those at the left."""
    left = layout.panels[:: layout.columns]
    texts = layout.headings.merge(pd.DataFrame({"panel": left}), how="cross")
    texts = texts.assign(
        text=" " + texts["text"].str.replace("\n", "\n "),
        panel=pd.Categorical(texts["panel"], layout.panels, ordered=True),
    )
    band = p9.aes(ymin="low", ymax="high")
    return [
        p9.geom_rect(
            band,
            data=layout.headings,
            xmin=-float("inf"),
            xmax=float("inf"),
            fill="#F6F6F6",
            inherit_aes=False,
        ),
        p9.geom_text(
            p9.aes(y="y", label="text"),
            data=texts,
            x=-float("inf"),
            ha="left",
            size=figures.TEXT_POINTS,
            fontweight="bold",
            inherit_aes=False,
        ),
    ]


def reach(table: pd.DataFrame, layout: Layout, ends: list[str], inches: float) -> pd.DataFrame:
    """Per panel `low` and `high` of its values, and `edge`: that and room for a text at the right.

    ends: the columns whose values must fit. inches: the width of the text.
    """
    spans = table.groupby("panel", observed=True)[ends].agg(["min", "max"])
    low, high = spans.min(axis=1), spans.max(axis=1)
    share = inches / max(layout.panel_inches - inches, 0.3)
    edge = high + (high - low).clip(lower=0.02) * share
    return pd.DataFrame({"low": low, "high": high, "edge": edge}).reset_index()


def shares(limits: tuple[float, float]) -> list[float]:
    """Breaks of an axis of shares: none above 1, where only texts stand."""
    return [float(value) for value in extended_breaks(n=5)(limits) if value <= 1]


def axis(reached: pd.DataFrame, layout: Layout, breaks: Any = None) -> list[Any]:
    """The axis of values, wide enough for what `reach` gave; breaks: None for any."""
    both = [reached.assign(x=reached[end])[["panel", "x"]] for end in ("low", "edge")]
    points = pd.concat(both, ignore_index=True).assign(y=layout.rows["y"].iloc[0])
    chosen = {} if breaks is None else {"breaks": breaks}
    return [
        p9.geom_blank(p9.aes("x", "y"), data=points, inherit_aes=False),
        p9.scale_x_continuous(labels=figures.numbers, expand=(0.02, 0), **chosen),
    ]
