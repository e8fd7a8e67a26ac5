"""Draws misalignment against self-recognition, seed by seed."""

import pandas as pd
import plotnine as p9

from mirrortest import figures, joblog
from mirrortest.figures import Axes
from mirrortest.headlines import MISALIGNMENT_TASKS


def plot_recognition_misalignment(summary: str, scores: str, spec: str, outputs: list[str]) -> None:
    """Large points are arms with their intervals, small ones single seeds."""
    order = figures.axes(spec)
    arms = _joined(summary, order, ["model", "chain"])
    seeds = _joined(scores, order, ["model", "chain", "seed"])
    plot = (
        p9.ggplot(arms, p9.aes("value_x", "value_y", colour="chain"))
        + p9.geom_errorbar(p9.aes(ymin="low_y", ymax="high_y"), width=0, alpha=0.6)
        + p9.geom_errorbarh(p9.aes(xmin="low_x", xmax="high_x"), height=0, alpha=0.6)
        + p9.geom_point(data=seeds, size=1.2, alpha=0.7)
        + p9.geom_point(p9.aes(shape="chain"), size=3)
        + p9.facet_wrap("panel", ncol=2)
        + p9.scale_x_continuous(limits=(0, 1))
        + p9.scale_y_continuous(limits=(0, 1))
        + p9.scale_colour_manual(figures.colours(len(order.chains)))
        + p9.scale_shape_manual(figures.shapes(len(order.chains)))
        + p9.labs(x="self-recognition", y="misalignment")
        + figures.look(height=1.2 + 3.0 * figures.panel_rows(arms, 2))
        + p9.theme(panel_grid_major_y=p9.element_line(colour="#EBEBEB"))
    )
    figures.save(plot, arms, outputs)


def _joined(path: str, order: Axes, keys: list[str]) -> pd.DataFrame:
    """Recognition (x) beside misalignment (y); of several recognition tests the first one."""
    first = next(name for name, task in order.tasks.items() if task == "recognition")
    recognition = figures.headlines(path, order, ("recognition",))
    recognition = recognition[recognition["evaluation"] == first].drop(columns="panel")
    misalignment = figures.headlines(path, order, MISALIGNMENT_TASKS)
    columns = [*keys, "value", "low", "high"]
    joined = recognition[columns].merge(misalignment[[*columns, "panel"]], on=keys)
    return joined.assign(chain=figures.factor(joined["chain"], order.chains))


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_recognition_misalignment(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            spec=snakemake.params.spec,
            outputs=list(snakemake.output),
        )
