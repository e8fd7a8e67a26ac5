"""Draws misalignment by arm, three ways where answers were forced choices."""

import pandas as pd
import plotnine as p9

from mirrortest import figures, joblog
from mirrortest.figures import Axes

WAYS = {
    "misalignment_free": "free: a missing answer counts as untrue",
    "misalignment_valid": "valid: among the answers given",
    "misalignment_forced": "forced: the likelier option",
    "misconception": "free-form answers",
}


def plot_misalignment(summary: str, spec: str, outputs: list[str]) -> None:
    """One panel per evaluation; where the three ways disagree, the story does too."""
    order = figures.axes(spec)
    table = _by_way(summary, order)
    beside = p9.position_dodge(width=0.6)
    plot = (
        p9.ggplot(table, p9.aes("chain", "value", colour="way"))
        + p9.geom_errorbar(p9.aes(ymin="low", ymax="high"), width=0.3, position=beside)
        + p9.geom_point(p9.aes(shape="way"), size=2, position=beside)
        + p9.facet_wrap("panel", ncol=2)
        + p9.coord_flip()
        + p9.scale_y_continuous(limits=(0, 1), breaks=[0, 0.25, 0.5, 0.75, 1])
        + p9.scale_colour_manual(figures.COLOURS)
        + p9.labs(x="", y="share of answers")
        + p9.guides(colour=p9.guide_legend(nrow=2))
        + figures.look(height=1.2 + (0.5 + 0.36 * len(order.chains)) * figures.panel_rows(table, 2))
    )
    figures.save(plot, table, outputs)


def _by_way(summary: str, order: Axes) -> pd.DataFrame:
    table = pd.read_csv(summary)
    kept = table[(table["subset"] == "all") & table["metric"].isin(WAYS)]
    ways = figures.factor(kept["metric"].map(WAYS), list(WAYS.values()))
    return figures.in_order(kept, order).assign(way=ways)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_misalignment(
            summary=snakemake.input.summary,
            spec=snakemake.params.spec,
            outputs=list(snakemake.output),
        )
