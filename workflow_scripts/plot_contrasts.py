"""Draws every contrast with its interval."""

from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest import figures, joblog
from mirrortest.drawing import pairs, sections, symbols
from mirrortest.drawing.sections import Layout

BAND = "#E3EFEA"
ROW_INCHES = 0.17


def plot_contrasts(*, contrasts: str, flags: str, outputs: list[str]) -> None:
    """A forest: one panel per evaluation, one row per contrast, in families."""
    known = symbols.read(flags)
    table = pairs.read(contrasts, known)
    if table.empty:
        figures.nothing(table, outputs, "no contrast of two arms with the same evaluation")
        return
    placed = sections.contrasts(table, by_family=True)
    layout = sections.lay_out(placed, ROW_INCHES, columns=2)
    figures.save(_plot(layout.place(placed), layout, known), table, outputs)


def _plot(table: pd.DataFrame, layout: Layout, flags: pd.DataFrame) -> p9.ggplot:
    note = _note(table, flags)
    return (
        p9.ggplot(table, p9.aes("value", "y", colour="finding"))
        + _behind(table, layout)
        + sections.layers(layout)
        + p9.geom_segment(p9.aes(x="low", xend="high", yend="y"), size=0.6, show_legend=False)
        + p9.geom_point(p9.aes(shape="finding"), size=1.9)
        + p9.geom_point(
            p9.aes(shape="finding"),
            data=table[table["few"]],
            size=0.8,
            colour="white",
            show_legend=False,
        )
        + symbols.flags_at_the_right(table)
        + pairs.finding_scales()
        + p9.labs(x="difference: the arm after the arrow minus the one before", y="", caption=note)
        + figures.look(layout.figure_height(note, legend_rows=1))
    )


def _behind(table: pd.DataFrame, layout: Layout) -> list[Any]:
    """The margin of equivalence as a band, the line of no difference."""
    margins = table.groupby("panel", observed=True)["margin"].max().reset_index()
    margins = margins.assign(low=-margins["margin"], high=margins["margin"])
    ends = table.assign(less=-table["margin"], more=table["margin"])
    reached = sections.reach(ends, layout, ["low", "high", "less", "more"], symbols.room(table))
    return [
        p9.geom_rect(
            p9.aes(xmin="low", xmax="high"),
            data=margins,
            ymin=-float("inf"),
            ymax=float("inf"),
            fill=BAND,
            inherit_aes=False,
        ),
        p9.geom_vline(xintercept=0, colour="#777777", size=0.5),
        *sections.axis(reached, layout),
    ]


def _note(table: pd.DataFrame, flags: pd.DataFrame) -> str:
    return figures.note(
        figures.models(table),
        figures.answers(table),
        figures.INTERVALS,
        pairs.findings(table),
        symbols.key(table),
        symbols.one_order(flags, set(table["evaluation"])),
    )


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_contrasts(
            contrasts=snakemake.input.contrasts,
            flags=snakemake.input.flags,
            outputs=list(snakemake.output),
        )
