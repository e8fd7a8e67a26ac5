"""Scores by arm: the ways of scoring beside each other, with seeds, bounds, published values."""

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest import figures
from mirrortest.drawing import sections, symbols
from mirrortest.drawing.sections import Layout
from mirrortest.headlines import HEADLINES
from mirrortest.kinds import JUDGED_BY

WAY_INCHES = 0.075
"""How far apart the ways of scoring lie within a row."""
MANY_PANELS = 4
"""With more, three stand side by side."""
PUBLISHED_COLOUR = "#777777"
BOUNDS_COLOUR = "#D0D0D0"
LEAST_BOUNDS = 0.005
"""Narrower ones nobody can see."""
SINGLE = "#0072B2"
COLOURS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7"]
SHOWN = ["arm", "seed", "bound", "published"]
COLUMNS = [
    *("shown", "model", "chain", "seeds", "seed", "evaluation", "task", "metric", "way", "leading"),
    *("value", "low", "high", "n", "flags", "few", "source"),
]
SHARE = re.compile(r"^[a-z]+_")


@dataclass(frozen=True)
class Scores:
    """The tables of a figure of scores; all of them over all strata."""

    summary: pd.DataFrame
    seeds: pd.DataFrame
    flags: pd.DataFrame
    published: str

    @classmethod
    def read(cls, summary: str, scores: str, flags: str, published: str) -> "Scores":
        """From the paths of the tables. By leading judges, over all strata."""
        pooled, seeds = (_shown(pd.read_csv(path)) for path in (summary, scores))
        return cls(pooled, seeds, symbols.read(flags), published)


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    other_judge = table["evaluation"].astype(str).str.contains(JUDGED_BY, regex=False)
    return table[(table["subset"] == "all") & ~other_judge]


@dataclass(frozen=True)
class Ways:
    """Which metrics of which tasks are shown, each under the name of its way of scoring."""

    tasks: tuple[str, ...]
    names: dict[str, str]

    def chosen(self, table: pd.DataFrame) -> pd.DataFrame:
        """The lines with these metrics; `way` is the name."""
        kept = table[table["task"].isin(self.tasks) & table["metric"].isin(self.names)]
        return kept.assign(way=kept["metric"].map(self.names))


@dataclass(frozen=True)
class Scale:
    """The axis of the values: its title; chance, if there is such; whether it goes from 0 to 1."""

    title: str
    chance: float | None
    whole: bool


def draw(scores: Scores, ways: Ways, scale: Scale, outputs: list[str]) -> None:
    """One panel per evaluation, one row per arm."""
    table = gathered(scores, ways)
    if table.empty:
        tasks = ", ".join(ways.tasks)
        figures.nothing(table, outputs, f"no evaluation of these tasks left a score: {tasks}")
        return
    figures.save(_plot(table, ways, scale, scores.flags), table, outputs)


def gathered(scores: Scores, ways: Ways) -> pd.DataFrame:
    """All that the figure shows in one table; the column `shown` says as what.

    The lines of bounds say what missing answers allow: they reach from `low` to `high`.
    """
    arms = ways.chosen(scores.summary)
    published = symbols.published(scores.published, arms)
    parts = [
        arms,
        ways.chosen(scores.seeds),
        _bounds(scores.summary, ways.tasks),
        published.assign(way=published["metric"].map(ways.names)),
    ]
    named = [part.assign(shown=name) for part, name in zip(parts, SHOWN, strict=True) if len(part)]
    if not named:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(named, ignore_index=True)
    return symbols.flagged(table, scores.flags).reindex(columns=COLUMNS)


def _bounds(summary: pd.DataFrame, tasks: tuple[str, ...]) -> pd.DataFrame:
    """Per arm the least and the greatest that its score can be; where they differ only."""
    keys = ["model", "chain", "evaluation", "task"]
    summary = summary[summary["task"].isin(tasks)]
    way = summary["metric"].map(lambda metric: SHARE.sub("", metric))
    low, high = (
        summary.loc[way == end, [*keys, "value"]].rename(columns={"value": end})
        for end in ("low", "high")
    )
    ends = low.merge(high, on=keys)
    return ends[ends["high"] - ends["low"] > LEAST_BOUNDS]


def _plot(table: pd.DataFrame, ways: Ways, scale: Scale, flags: pd.DataFrame) -> p9.ggplot:
    table = sections.arms(table)
    names = figures.first_seen(ways.names.values())
    layout = sections.lay_out(table[table["shown"] == "arm"], _row_inches(table), _columns(table))
    table = _apart(layout.place(table), names)
    table = table.assign(way=figures.factor(table["way"], names))
    note = _note(table, flags)
    present = [name for name in names if name in set(table["way"].dropna())]
    legend_rows = 0 if len(present) < 2 else 1 if len(present) < 4 else 2
    return (
        p9.ggplot(table[table["shown"] == "arm"], p9.aes("value", "y", colour="way"))
        + sections.layers(layout)
        + _axis(table, layout, scale)
        + _points(table)
        + p9.scale_colour_manual(_of(names, COLOURS if len(names) > 1 else [SINGLE]))
        + p9.scale_shape_manual(_of(names, ["o", "^", "s", "D"]))
        + p9.guides(colour=p9.guide_legend(nrow=max(legend_rows, 1)))
        + p9.labs(x=_axis_title(table, scale), y="", caption=note)
        + figures.look(layout.figure_height(note, legend_rows))
        + (p9.theme() if legend_rows else p9.theme(legend_position="none"))
    )


def _axis_title(table: pd.DataFrame, scale: Scale) -> str:
    """Where panels are models, the evaluation is named here."""
    first = table.iloc[0]
    by_model = first["panel"] == first["model"]
    return (
        f"{first['evaluation']}: {HEADLINES[first['task']].label}, {scale.title}"
        if by_model
        else scale.title
    )


def _of(names: list[str], values: list[str]) -> dict[str, str]:
    return dict(zip(names, values, strict=False))


def _row_inches(table: pd.DataFrame) -> float:
    ways = table[table["shown"] == "arm"].groupby("evaluation")["way"].nunique().max()
    return float(0.1 + WAY_INCHES * ways)


def _columns(table: pd.DataFrame) -> int:
    return 3 if table["panel"].nunique() > MANY_PANELS else 2


def _apart(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Moves the ways of scoring apart within their row, the first one up."""
    shift = pd.Series(0.0, index=table.index)
    for _, part in table.groupby("evaluation"):
        present = [name for name in names if name in set(part["way"].dropna())]
        middle = (len(present) - 1) / 2
        steps = {name: (middle - place) * WAY_INCHES for place, name in enumerate(present)}
        shift[part.index] = part["way"].map(steps).fillna(0.0)
    return table.assign(row_y=table["y"], y=table["y"] + shift)


def _axis(table: pd.DataFrame, layout: Layout, scale: Scale) -> list[Any]:
    shares = table.assign(zero=0.0, one=1.0 if scale.whole else 0.0)
    room = symbols.room(table)
    reached = sections.reach(shares, layout, ["value", "low", "high", "zero", "one"], room)
    line = {"linetype": "dashed", "colour": "#777777", "size": 0.5}
    return [
        *([] if scale.chance is None else [p9.geom_vline(xintercept=scale.chance, **line)]),
        *sections.axis(
            reached, layout, [0, 0.25, 0.5, 0.75, 1] if scale.whole else sections.shares
        ),
    ]


def _points(table: pd.DataFrame) -> list[Any]:
    by = dict(iter(table.groupby("shown")))
    none = table.iloc[:0]
    arms, seeds = by["arm"], by.get("seed", none)
    several = seeds.groupby([*symbols.ARM, "metric"])["seed"].transform("size") > 1
    span = p9.aes(x="low", xend="high", yend="y")
    return [
        p9.geom_segment(span, data=by.get("bound", none), size=2.6, colour=BOUNDS_COLOUR),
        p9.geom_point(
            data=seeds[several], shape="o", fill="none", size=1.1, stroke=0.35, alpha=0.7
        ),
        p9.geom_segment(span, size=0.6, show_legend=False),
        p9.geom_point(p9.aes(shape="way"), size=1.5),
        # A white middle makes a point hollow, whatever its shape.
        p9.geom_point(p9.aes(shape="way"), data=arms[arms["few"]], size=0.8, colour="white",
                      show_legend=False),
        p9.geom_point(
            data=by.get("published", none), shape="D", size=1.8, fill="none",
            colour=PUBLISHED_COLOUR,
        ),
        symbols.flags_at_the_right(arms.assign(y=arms["row_y"])),
    ]  # fmt: skip


def _note(table: pd.DataFrame, flags: pd.DataFrame) -> str:
    arms = table[table["shown"] == "arm"]
    leading = arms[arms["leading"].astype(bool)]
    present = set(table["shown"])
    sources = sorted(set(table["source"].dropna()))
    return figures.note(
        figures.models(arms),
        figures.answers(leading),
        figures.INTERVALS,
        "Small rings: seeds." if (arms["seeds"] > 1).any() else "",
        "Grey bars: what the missing answers allow." if "bound" in present else "",
        f"Grey diamonds: published ({'; '.join(sources)})." if sources else "",
        symbols.key(arms),
        symbols.one_order(flags, set(arms["evaluation"])),
    )
