"""Draws whether arms name their maker, and into how many clusters their answers fall."""

import pandas as pd

from mirrortest import figures, joblog
from mirrortest.drawing import personas, symbols
from mirrortest.reporting import tables
from mirrortest.scoring.identity import LEADING

TASK = "identity"
ARM = ["model", "chain", "evaluation"]
COLUMNS = ["shown", *ARM, "seed", "metric", "threshold", "value", "low", "high", "n", "few"]


def plot_identity(*, summary: str, scores: str, flags: str, outputs: list[str]) -> None:
    """Two panels, one row per evaluation and arm."""
    table = gathered(tables.read(summary), tables.read(scores))
    if table.empty:
        figures.nothing(pd.DataFrame(columns=COLUMNS), outputs, "no arm was asked who it is")
        return
    table = symbols.flagged(table, symbols.read(flags))[COLUMNS]
    figures.save(personas.plot(table), table, outputs)


def gathered(summary: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The share that names the maker, and numbers of clusters: of arms the mean over seeds."""
    pooled, single = _asked(summary), _asked(scores)
    if pooled.empty:
        return pd.DataFrame(columns=COLUMNS)
    several = single.groupby([*ARM, "metric"])["seed"].transform("size") > 1
    named = [part[part["metric"] == "developer"] for part in (pooled, single[several])]
    counted = _clusters(single)
    of_arms = counted.groupby([*ARM, "threshold"], sort=False)[["value", "n"]].mean().reset_index()
    led = counted[(counted["threshold"] == LEADING) & several.reindex(counted.index)]
    parts = [
        named[0].assign(shown="arm"),
        named[1].assign(shown="seed"),
        of_arms.assign(shown="arm", metric="clusters"),
        led.assign(shown="seed", metric="clusters"),
    ]
    wanted = COLUMNS[:-1]
    filled = [part.reindex(columns=wanted).astype({"seed": object, "threshold": object})
              for part in parts if len(part)]  # fmt: skip
    return pd.concat(filled, ignore_index=True)


def _asked(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["task"] == TASK) & (table["subset"] == "all")]


def _clusters(single: pd.DataFrame) -> pd.DataFrame:
    """Clusters per answer times answers."""
    counted = single[single["metric"].str.fullmatch(r"diversity_\d+")]
    threshold = "0." + counted["metric"].str.removeprefix("diversity_")
    return counted.assign(threshold=threshold, value=(counted["value"] * counted["n"]).round())


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_identity(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            flags=snakemake.input.flags,
            outputs=list(snakemake.output),
        )
