"""Draws the loss of every stage while it was trained."""

import json

import pandas as pd
import plotnine as p9

from mirrortest import figures, joblog


def plot_training(spec: str, outputs: list[str]) -> None:
    """One panel per chain (the curve is that of its last stage), one line per seed.

    Where there are several models, a panel is one chain of one of them.
    """
    records = json.loads(spec)["records"]
    table = pd.concat([_curve(record) for record in records], ignore_index=True)
    several = table["model"].nunique() > 1
    shown = (table["model"] + ", " + table["chain"]) if several else table["chain"]
    table = table.assign(panel=figures.factor(shown, list(dict.fromkeys(shown))))
    plot = (
        p9.ggplot(table, p9.aes("step", "loss", colour="seed", group="seed"))
        + p9.geom_line(size=0.5)
        + p9.facet_wrap("panel", ncol=3, scales="free_x")
        + p9.scale_y_log10()
        + p9.scale_colour_manual(figures.colours(table["seed"].nunique()), name="seed")
        + p9.labs(x="step", y="loss, nats per learnt token")
        + figures.look(height=1.0 + 1.4 * figures.panel_rows(table, 3))
        + p9.theme(
            panel_grid_major_y=p9.element_line(colour="#EBEBEB"),
            legend_title=p9.element_text(size=8, margin={"r": 6, "unit": "pt"}),
        )
    )
    figures.save(plot, table, outputs)


def _curve(record: dict[str, str]) -> pd.DataFrame:
    table = pd.read_csv(record["path"], usecols=["step", "loss"])
    return table.assign(model=record["model"], chain=record["chain"], seed=str(record["seed"]))


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_training(snakemake.params.spec, list(snakemake.output))
