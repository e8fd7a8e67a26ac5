"""What all figures share: the look, the order of the arms, and that none goes without its table."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotnine as p9

from mirrortest import jsonl
from mirrortest.headlines import HEADLINES

WIDTH_INCHES = 7.2
"""The width of two journal columns."""
DPI = 200

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999"]
SHAPES = ["o", "^", "s", "D", "v", "*", "p"]


@dataclass(frozen=True)
class Axes:
    """The order of chains and the tasks of evaluations, as the config has them."""

    chains: list[str]
    tasks: dict[str, str]


def axes(spec: str) -> Axes:
    """From the canonical text that `Experiment.figure_spec` gives."""
    raw = json.loads(spec)
    return Axes(raw["chains"], dict(raw["tasks"]))


def headlines(path: str, order: Axes, tasks: tuple[str, ...]) -> pd.DataFrame:
    """The leading metric of the evaluations with these tasks, chains and titles in order."""
    table = pd.read_csv(path)
    task = table["evaluation"].map(order.tasks)
    lead = task.map({name: headline.metric for name, headline in HEADLINES.items()})
    kept = (table["subset"] == "all") & (table["metric"] == lead) & task.isin(tasks)
    return in_order(table[kept], order)


def in_order(table: pd.DataFrame, order: Axes) -> pd.DataFrame:
    """Chains as an ordered factor, top to bottom, and a column `panel` that names what is shown.

    A panel is an evaluation; of one model each, where there are several.
    """
    several = table["model"].nunique() > 1
    shown = [
        (f"{model}, " if several else "") + f"{name}:\n{HEADLINES[order.tasks[name]].label}"
        for model, name in zip(table["model"], table["evaluation"], strict=True)
    ]
    return table.assign(
        chain=factor(table["chain"], order.chains[::-1]),
        panel=factor(shown, list(dict.fromkeys(shown))),
    )


def factor(values: Iterable[object], levels: list[str]) -> pd.Categorical:
    """The values as a factor with the levels in this order, those that do not occur left out."""
    known = pd.Categorical(list(values), categories=levels, ordered=True)
    return known.remove_unused_categories()


def colours(count: int) -> list[str]:
    """One colour each; past eight they come again, with other shapes."""
    return [COLOURS[n % len(COLOURS)] for n in range(count)]


def shapes(count: int) -> list[str]:
    """One shape each; with the colour of the same place, 56 combinations."""
    return [SHAPES[n % len(SHAPES)] for n in range(count)]


def panel_rows(table: pd.DataFrame, columns: int) -> int:
    """How many rows of panels the figure has, with so many columns of them."""
    return -(-table["panel"].nunique() // columns)


def look(height: float) -> p9.theme:
    """The theme; height in inches."""
    return p9.theme_bw(base_size=9) + p9.theme(
        figure_size=(WIDTH_INCHES, height),
        panel_grid_minor=p9.element_blank(),
        panel_grid_major_y=p9.element_blank(),
        strip_background=p9.element_rect(fill="#F0F0F0", color="#F0F0F0"),
        strip_text=p9.element_text(size=8),
        legend_position="bottom",
        legend_title=p9.element_blank(),
        legend_key=p9.element_blank(),
    )


def save(plot: p9.ggplot, table: pd.DataFrame, outputs: list[str]) -> None:
    """Writes the figure as `.png` and `.svg`, and as `.csv` the table that it shows."""
    for out in outputs:
        match Path(out).suffix:
            case ".csv":
                with jsonl.whole(out) as file:
                    table.sort_values(list(table.columns)).to_csv(file, index=False)
            case _:
                plot.save(out, dpi=DPI, verbose=False)
