"""Who arms say they are: two panels with the same rows, makers named and clusters counted."""

from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest import figures
from mirrortest.scoring.identity import LEADING, THRESHOLDS

ROW_INCHES = 0.2
PANELS = {"developer": "names its maker, share of answers", "clusters": "clusters of its answers"}
SHADES = dict(
    zip(THRESHOLDS, ["#C6DBEF", "#9ECAE1", "#6BAED6", "#D55E00", "#2171B5", "#08306B"], strict=True)
)
"""Darker for a higher threshold; the leading one stands out."""


def plot(table: pd.DataFrame) -> p9.ggplot:
    """The figure of lines of arms and seeds, as `plot_identity.gathered` gives them."""
    table = _placed(table)
    arms, seeds = table[table["shown"] == "arm"], table[table["shown"] == "seed"]
    rows, note = table["row"].nunique(), _note(arms, seeds)
    high = 1.0 + ROW_INCHES * max(rows, 3) + figures.LINE_INCHES * (note.count("\n") + 1)
    return (
        p9.ggplot(arms, p9.aes("value", "row"))
        + _layers(arms, seeds)
        + p9.facet_wrap("panel", ncol=2, scales="free_x")
        + p9.scale_x_continuous(labels=figures.numbers, limits=(0, None))
        + p9.scale_fill_manual(SHADES, breaks=list(THRESHOLDS), name="clusters at a similarity of")
        + p9.guides(fill=p9.guide_legend(nrow=1))
        + p9.labs(x="", y="", caption=note)
        + figures.look(high)
        + p9.theme(legend_title=p9.element_text(size=figures.TEXT_POINTS, margin={"r": 6}))
    )


def _placed(table: pd.DataFrame) -> pd.DataFrame:
    told = [name for name in ("model", "evaluation") if table[name].nunique() > 1]
    rows = [
        ", ".join(names) for names in table[[*told, "chain"]].itertuples(index=False, name=None)
    ]
    panel = figures.factor(table["metric"].map(PANELS), list(PANELS.values()))
    return table.assign(row=figures.factor(rows, figures.first_seen(rows)[::-1]), panel=panel)


def _layers(arms: pd.DataFrame, seeds: pd.DataFrame) -> list[Any]:
    named, counted = arms[arms["metric"] == "developer"], arms[arms["metric"] == "clusters"]
    led = counted["threshold"] == LEADING
    ends = counted.groupby(["panel", "row"], observed=True)["value"].agg(["min", "max"])
    shade = p9.aes(fill="threshold")
    ring = {"shape": "o", "colour": "#444444", "stroke": 0.35, "fill": "white"}
    return [
        p9.geom_segment(
            p9.aes("min", "row", xend="max", yend="row"),
            data=ends.reset_index(), colour="#C4C4C4", size=0.6, inherit_aes=False,
        ),
        p9.geom_segment(
            p9.aes("low", "row", xend="high", yend="row"), data=named, colour="#0072B2", size=0.6
        ),
        p9.geom_point(shade, data=counted[~led], size=2.0, stroke=0),
        p9.geom_point(data=seeds, size=1.2, **ring),
        p9.geom_point(data=named, colour="#0072B2", size=2.4),
        p9.geom_point(data=named[named["few"]], colour="white", size=1.2),
        p9.geom_point(shade, data=counted[led], size=2.6, stroke=0),
    ]  # fmt: skip


def _note(arms: pd.DataFrame, seeds: pd.DataFrame) -> str:
    answers = arms.loc[arms["metric"] == "clusters", "n"]
    low, high = round(answers.min()), round(answers.max())
    return figures.note(
        figures.models(arms),
        f"{low} answers per seed." if low == high else f"{low} to {high} answers per seed.",
        figures.INTERVALS,
        "Rings: seeds; of clusters at the similarity of 0.85, of which the large points are means."
        if len(seeds)
        else "",
        "Hollow: few seeds." if arms["few"].any() else "",
    )
