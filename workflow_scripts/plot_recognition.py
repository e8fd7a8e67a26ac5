"""Draws self-recognition by arm."""

import plotnine as p9

from mirrortest import figures, joblog


def plot_recognition(summary: str, scores: str, spec: str, outputs: list[str]) -> None:
    """Points with intervals are arms over their seeds, small rings single seeds."""
    order = figures.axes(spec)
    pooled = figures.headlines(summary, order, ("recognition",))
    seeds = figures.headlines(scores, order, ("recognition",))
    plot = (
        p9.ggplot(pooled, p9.aes("value", "chain"))
        + p9.geom_vline(xintercept=0.5, linetype="dashed", colour="#999999")
        + p9.geom_point(data=seeds, shape="o", size=2.2, fill="none", colour="#56B4E9")
        + p9.geom_errorbarh(p9.aes(xmin="low", xmax="high"), height=0.25, colour="#0072B2")
        + p9.geom_point(size=2, colour="#0072B2")
        + p9.facet_wrap("panel", ncol=2)
        + p9.scale_x_continuous(limits=(0, 1), breaks=[0, 0.25, 0.5, 0.75, 1])
        + p9.labs(x="accuracy, forced choice, both orders (dashed: chance)", y="")
        + figures.look(
            height=0.7 + (0.5 + 0.27 * len(order.chains)) * figures.panel_rows(pooled, 2)
        )
    )
    figures.save(plot, pooled, outputs)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_recognition(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            spec=snakemake.params.spec,
            outputs=list(snakemake.output),
        )
