"""Draws what every contrast is made of: answers missing, answers by position, wrong answers."""

import pandas as pd
import plotnine as p9

from mirrortest import figures, joblog
from mirrortest.decomposition import TOTAL
from mirrortest.drawing import pairs, sections, stacks, symbols
from mirrortest.drawing.sections import Layout

ROW_INCHES = 0.19


def plot_decomposition(
    *, decomposition: str, contrasts: str, flags: str, outputs: list[str]
) -> None:
    """One panel per evaluation, one bar per contrast: the parts to either side of no difference.

    contrasts: says how many answers and seeds stand behind each.
    """
    known = symbols.read(flags)
    table = _counted(symbols.flagged(pd.read_csv(decomposition), known), contrasts)
    if table.empty:
        figures.nothing(table, outputs, "no contrast of forced choices")
        return
    placed = sections.contrasts(table, by_family=True)
    layout = sections.lay_out(placed, ROW_INCHES, columns=2)
    figures.save(_plot(layout.place(placed), layout, known), table, outputs)


def _counted(table: pd.DataFrame, contrasts: str) -> pd.DataFrame:
    counts = pd.read_csv(contrasts)
    counts = counts.loc[counts["subset"] == "all", [*pairs.KEYS, "metric", "seeds", "n"]]
    return table.merge(counts, on=[*pairs.KEYS, "metric"], how="left")


def _plot(table: pd.DataFrame, layout: Layout, flags: pd.DataFrame) -> p9.ggplot:
    total, parts = table[table["part"] == TOTAL], table[table["part"] != TOTAL]
    note = _note(total, flags)
    return (
        p9.ggplot(total, p9.aes("value", "y"))
        + stacks.layers(parts, total, layout)
        + p9.labs(x="difference: the arm after the arrow minus the one before", y="", caption=note)
        + figures.look(layout.figure_height(note, legend_rows=1))
    )


def _note(total: pd.DataFrame, flags: pd.DataFrame) -> str:
    return figures.note(
        figures.models(total),
        figures.answers(total),
        "Points: the whole difference, missing answers counted as wrong, with its 95 % interval.",
        symbols.key(total),
        symbols.one_order(flags, set(total["evaluation"])),
    )


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_decomposition(
            decomposition=snakemake.input.decomposition,
            contrasts=snakemake.input.contrasts,
            flags=snakemake.input.flags,
            outputs=list(snakemake.output),
        )
