"""The parts of a difference as a bar: those above 0 to its right, those below to its left."""

from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest.decomposition import PARTS
from mirrortest.drawing import pairs, sections, symbols
from mirrortest.drawing.sections import Layout

NAMES = {
    "invalid": "missing answers",
    "position": "answers by position",
    "wrong": "wrong answers",
}
# White, middle and dark: also apart where there is no colour.
FILLS = {"invalid": "#FFFFFF", "position": "#E69F00", "wrong": "#0072B2"}
BAR_INCHES = 0.1


def layers(parts: pd.DataFrame, total: pd.DataFrame, layout: Layout) -> list[Any]:
    """Axis, rows, bars, and the whole difference as a point with its interval."""
    stacked = bars(parts)
    span = p9.aes(x="low", xend="high", yend="y")
    return [
        *_axis(stacked, total, layout),
        *sections.layers(layout),
        p9.geom_rect(
            p9.aes(xmin="start", xmax="end", ymin="bottom", ymax="top", fill="part"),
            data=stacked,
            colour="#555555",
            size=0.25,
            inherit_aes=False,
        ),
        # White below black can be read on any of the fills.
        p9.geom_segment(span, size=1.5, colour="white"),
        p9.geom_segment(span, size=0.6),
        p9.geom_point(size=2.1, colour="white"),
        p9.geom_point(size=1.6),
        p9.geom_point(data=total[total["few"]], size=0.7, colour="white"),
        symbols.flags_at_the_right(total),
        p9.scale_fill_manual(
            [FILLS[part] for part in PARTS],
            labels=[NAMES[part] for part in PARTS],
            limits=PARTS,
        ),
    ]


def bars(parts: pd.DataFrame) -> pd.DataFrame:
    """Where each part starts and ends: those that add from 0 to the right, the others left."""
    parts = parts.assign(part=pd.Categorical(parts["part"], PARTS, ordered=True))
    parts = parts.sort_values("part", kind="stable")
    side = parts["value"] >= 0
    end = parts.groupby([*(parts[key] for key in pairs.KEYS), side])["value"].cumsum()
    top, bottom = parts["y"] + BAR_INCHES / 2, parts["y"] - BAR_INCHES / 2
    return parts.assign(start=end - parts["value"], end=end, top=top, bottom=bottom)


def _axis(stacked: pd.DataFrame, total: pd.DataFrame, layout: Layout) -> list[Any]:
    shown = pd.concat([stacked[["panel", "start", "end"]], total[["panel", "low", "high"]]])
    ends = ["start", "end", "low", "high"]
    return [
        p9.geom_vline(xintercept=0, colour="#777777", size=0.5),
        *sections.axis(sections.reach(shown, layout, ends, symbols.room(total)), layout),
    ]
