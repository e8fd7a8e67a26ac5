"""Draws every contrast with its interval."""

import plotnine as p9

from mirrortest import figures, joblog
from mirrortest.headlines import HEADLINES


def plot_contrasts(contrasts: str, spec: str, outputs: list[str]) -> None:
    """One panel per evaluation; an interval that meets the dashed line allows no difference."""
    order = figures.axes(spec)
    table = figures.headlines(contrasts, order, tuple(HEADLINES))
    named = table["chain"].astype(str) + " − " + table["reference"]
    rows = list(dict.fromkeys(named))[::-1]
    table = table.assign(contrast=figures.factor(named, rows))
    plot = (
        p9.ggplot(table, p9.aes("value", "contrast"))
        + p9.geom_vline(xintercept=0, linetype="dashed", colour="#999999")
        + p9.geom_errorbarh(p9.aes(xmin="low", xmax="high"), height=0.25, colour="#0072B2")
        + p9.geom_point(size=2, colour="#0072B2")
        + p9.facet_wrap("panel", ncol=3)
        + p9.scale_x_continuous(limits=(-1, 1), breaks=[-1, -0.5, 0, 0.5, 1])
        + p9.labs(x="difference, paired on items", y="")
        + figures.look(height=0.8 + (0.7 + 0.24 * len(rows)) * figures.panel_rows(table, 3))
    )
    figures.save(plot, table, outputs)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_contrasts(
            contrasts=snakemake.input.contrasts,
            spec=snakemake.params.spec,
            outputs=list(snakemake.output),
        )
