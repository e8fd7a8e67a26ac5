"""Curves over the layers of a model: a row of panels for each arm, with what chance would give."""

from typing import Any

import pandas as pd
import plotnine as p9
from mizani.breaks import extended_breaks

from mirrortest import figures

ROW_INCHES = 0.85
NAME_LETTERS = 16
"""Of an arm's name in a line beside its panels."""
LABELS = {"harm": "harm", "self_assessment": "self-assessment"}
POSITIONS = {"prompt": "end of the prompt", "answer": "over the answer"}
KINDS = {
    "grouped": "folds by prompt",
    "stratified": "prompts shared",
    "random_direction": "random direction",
    "answer_length": "length alone",
    "order": "order alone",
}
COLOURS = dict(
    zip(KINDS.values(), ["#0072B2", "#D55E00", "#009E73", "#333333", "#CC79A7"], strict=True)
)
SIZES = dict(zip(KINDS.values(), [0.9, 0.4, 0.5, 0.5, 0.5], strict=True))
LINES = dict(zip(KINDS.values(), ["solid", "solid", "dotted", "dashed", "dashdot"], strict=True))
BAND = "labels shuffled (95 %)"
LEAST_TOP = 0.4
"""The axis begins here, or lower where a value does."""


def plot(table: pd.DataFrame) -> p9.ggplot:
    """The figure of the lines that `plot_probes.gathered` gives."""
    table = _placed(table)
    note = _note(table)
    lines = figures.LINE_INCHES * (note.count("\n") + 1)
    return (
        p9.ggplot(table, p9.aes("layer", "value"))
        + _layers(table)
        + p9.facet_grid("arm ~ panel")
        + _scales(table)
        + p9.labs(x="layer", y="AUC", caption=note)
        + figures.look(1.2 + ROW_INCHES * table["arm"].nunique() + lines)
        + p9.theme(
            strip_text_y=p9.element_text(size=6.5, rotation=0),
            panel_grid_major_y=p9.element_line(colour="#EBEBEB", size=0.4),
            panel_spacing_y=0.006,
            legend_key_width=16,
        )
    )


def _placed(table: pd.DataFrame) -> pd.DataFrame:
    """Adds arm, panel and kind."""
    several = table["model"].nunique() > 1
    arm = (table["model"] + ": " + table["chain"]) if several else table["chain"]
    arm = arm.map(lambda name: figures.wrapped(name, NAME_LETTERS))
    panel = table["label"].map(LABELS) + ":\n" + table["position"].map(POSITIONS)
    panels = [f"{label}:\n{place}" for label in LABELS.values() for place in POSITIONS.values()]
    return table.assign(
        arm=figures.factor(arm, figures.first_seen(arm)),
        panel=figures.factor(panel, panels),
        kind=pd.Categorical(table["shown"].map(KINDS), categories=list(KINDS.values())),
    )


def _layers(table: pd.DataFrame) -> list[Any]:
    """The band lies lowest."""
    curves = table[table["kind"].notna() & table["layer"].notna()]
    band = _wide(table[table["shown"] == "shuffled_labels"].assign(band=BAND))
    middle = (table["layer"].min() + table["layer"].max()) / 2
    by_kind = p9.aes(colour="kind", size="kind", linetype="kind")
    return [
        p9.geom_hline(yintercept=0.5, colour="#BBBBBB", size=0.3),
        p9.geom_ribbon(
            p9.aes(ymin="low", ymax="high", fill="band"), data=band, colour="none", size=0
        ),
        p9.geom_hline(
            p9.aes(yintercept="value", colour="kind", size="kind", linetype="kind"),
            data=table[table["kind"].notna() & table["layer"].isna()],
            show_legend=False,
        ),
        p9.geom_line(by_kind, data=_wide(curves)),
        p9.geom_point(
            p9.aes(colour="kind"), data=curves[curves["shown"] == "grouped"], size=0.7,
            show_legend=False,
        ),
        p9.geom_text(
            p9.aes(label="outcome"),
            data=table[table["shown"] == "none"].assign(layer=middle, value=0.75),
            size=figures.TEXT_POINTS,
            colour="#777777",
        ),
    ]  # fmt: skip


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    """A layer alone makes no line; it gets a short one."""
    if table["layer"].nunique() > 1:
        return table
    return pd.concat([table.assign(layer=table["layer"] + end) for end in (-0.3, 0.3)])


def _whole(limits: tuple[float, float]) -> list[float]:
    """Breaks between layers would be none."""
    return [value for value in extended_breaks(n=4)(limits) if value == round(value)]


def _scales(table: pd.DataFrame) -> list[Any]:
    low = min(LEAST_TOP, table[["value", "low"]].min().min())
    return [
        p9.scale_y_continuous(limits=(low, 1.0), breaks=[0, 0.5, 1], labels=figures.numbers),
        p9.scale_x_continuous(breaks=_whole, labels=figures.numbers),
        p9.scale_colour_manual(COLOURS, drop=False),
        p9.scale_size_manual(SIZES, drop=False),
        p9.scale_linetype_manual(LINES, drop=False),
        p9.scale_fill_manual({BAND: "#DDDDDD"}),
    ]


def _note(table: pd.DataFrame) -> str:
    least, most = int(table["seeds"].min()), int(table["seeds"].max())
    return figures.note(
        figures.models(table),
        "Logistic regression; lines are means over seeds." if most > 1 else "Logistic regression.",
        f"{least} to {most} seeds." if least < most else "",
    )
