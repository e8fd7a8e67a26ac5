"""A contrast as its two arms: a line from the value of the reference to that of the arm."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest import figures
from mirrortest.drawing import pairs, sections, symbols
from mirrortest.drawing.sections import Layout

APART_INCHES = 0.09
"""How far the reference lies above the arm."""
TEXT_INCHES = 1.0
REFERENCE_COLOUR = "#A0A0A0"
PUBLISHED_COLOUR = "#444444"
ENDS = {"reference": "reference", "arm": "chain"}
"""The ends of a contrast, and the columns that name their chains."""
RING = {"shape": "o", "fill": "none", "size": 1.1, "stroke": 0.35, "alpha": 0.7}


@dataclass(frozen=True)
class Ends:
    """The two arms of every contrast: pooled over seeds, seed by seed, and as published.

    Beside the columns of the scores: those of the contrast, `end` and y.
    """

    arms: pd.DataFrame
    seeds: pd.DataFrame
    published: pd.DataFrame


def ends(contrasts: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The scores of both arms of every contrast.

    contrasts: placed, with their panel and y. scores: in any metrics; kept are the contrasts' ones.
    """
    told = contrasts[["panel", "y", *pairs.KEYS, "metric", "finding"]]
    more = scores.columns.difference([*told.columns, "chain"])
    ours = scores[["model", "chain", "evaluation", "metric", *more]]
    keys = ["model", "end_chain", "evaluation", "metric"]
    parts = [
        told.assign(end=end, end_chain=contrasts[column], y=contrasts["y"] + shift).merge(
            ours.rename(columns={"chain": "end_chain"}), on=keys
        )
        for (end, column), shift in zip(
            ENDS.items(), [APART_INCHES / 2, -APART_INCHES / 2], strict=True
        )
    ]
    return pd.concat(parts, ignore_index=True)


def plot(table: pd.DataFrame, shown: Ends, layout: Layout, flags: pd.DataFrame) -> p9.ggplot:
    """The figure; table: the contrasts, placed."""
    note = _note(table, shown, flags)
    return (
        p9.ggplot(shown.arms, p9.aes("value", "y", colour="finding"))
        + sections.layers(layout)
        + _layers(shown)
        + _told(table, shown, layout)
        + pairs.finding_scales()
        + p9.labs(x="share of answers", y="", caption=note)
        + figures.look(layout.figure_height(note, legend_rows=1))
    )


def _layers(shown: Ends) -> list[Any]:
    """Both ends with intervals, seeds and published values, and the line between them."""
    arms, seeds = (dict(iter(table.groupby("end"))) for table in (shown.arms, shown.seeds))
    other, own, none = arms["reference"], arms["arm"], shown.seeds.iloc[:0]
    span = p9.aes(x="low", xend="high", yend="y")
    shape = p9.aes(shape="finding")
    return [
        _joint(own, other),
        p9.geom_segment(span, data=other, size=0.6, colour=REFERENCE_COLOUR),
        p9.geom_segment(span, data=own, size=0.6, show_legend=False),
        p9.geom_point(data=seeds.get("reference", none), colour=REFERENCE_COLOUR, **RING),
        p9.geom_point(data=seeds.get("arm", none), show_legend=False, **RING),
        p9.geom_point(data=other, size=1.3, colour=REFERENCE_COLOUR),
        p9.geom_point(data=other[other["few"]], size=0.5, colour="white"),
        p9.geom_point(shape, data=own, size=1.9),
        p9.geom_point(shape, data=own[own["few"]], size=0.8, colour="white", show_legend=False),
        p9.geom_point(
            data=shown.published, shape="D", size=1.8, fill="none", colour=PUBLISHED_COLOUR
        ),
    ]


def _joint(own: pd.DataFrame, other: pd.DataFrame) -> Any:
    keys = [*pairs.KEYS, "metric", "panel"]
    joined = own.merge(other[[*keys, "value", "y"]], on=keys, suffixes=("", "_from"))
    return p9.geom_segment(
        p9.aes(x="value_from", y="y_from", xend="value", yend="y"),
        data=joined,
        size=0.4,
        colour="#333333",
        inherit_aes=False,
    )


def _told(contrasts: pd.DataFrame, shown: Ends, layout: Layout) -> list[Any]:
    """The difference, its finding and p at the right of each row, then its flags; and the axis."""
    room = symbols.room(contrasts) + TEXT_INCHES
    reached = sections.reach(
        pd.concat([shown.arms, shown.seeds, shown.published]),
        layout,
        ["value", "low", "high"],
        room,
    )
    start = reached["high"] + (reached["edge"] - reached["high"]) * 0.08
    texts = contrasts.assign(told=_texts(contrasts)).merge(
        pd.DataFrame({"panel": reached["panel"], "start": start}), on="panel"
    )
    return [
        *sections.axis(reached, layout, sections.shares),
        p9.geom_text(
            p9.aes("start", "y", label="told", colour="finding"),
            data=texts,
            ha="left",
            size=figures.TEXT_POINTS,
            show_legend=False,
            inherit_aes=False,
        ),
        symbols.flags_at_the_right(contrasts),
    ]


def _texts(contrasts: pd.DataFrame) -> list[str]:
    columns = ("value", "finding", "p_holm")
    rows = zip(*(contrasts[name] for name in columns), strict=True)
    return [
        f"{figures.signed(value)} {symbols.FINDING_SIGNS[finding]} {symbols.p_text(p)}"
        for value, finding, p in rows
    ]


def _note(table: pd.DataFrame, shown: Ends, flags: pd.DataFrame) -> str:
    sources = sorted(set(shown.published["source"]))
    return figures.note(
        figures.models(table),
        figures.answers(shown.arms),
        "Grey: the reference; coloured: the arm.",
        figures.INTERVALS,
        "Small rings: seeds." if len(shown.seeds) else "",
        f"Diamonds: published ({'; '.join(sources)})." if sources else "",
        "At the right: difference, finding, p by Holm over the family.",
        pairs.findings(table),
        symbols.key(pd.concat([table, shown.arms])),
        symbols.one_order(flags, set(table["evaluation"])),
    )
