"""Draws how well probes tell harm and self-assessment apart, layer by layer."""

import pandas as pd

from mirrortest import figures, joblog
from mirrortest.drawing import layered
from mirrortest.probes.folds import SCORE
from mirrortest.reporting import tables

PLACE = ["model", "chain", "label", "position"]
COLUMNS = [*PLACE, "layer", "shown", "outcome", "seeds", "value", "low", "high"]
CHANCE_SDS = 1.96
"""95 % of draws from a normal distribution lie within so many standard deviations."""


def plot_probes(probes: str, outputs: list[str]) -> None:
    """One row of panels per arm, one column per label and position."""
    table = gathered(tables.read(probes))
    if not (table["outcome"] == SCORE).any():
        figures.nothing(table.head(0), outputs, "no arm has answers that can be probed")
        return
    figures.save(layered.plot(table), table, outputs)


def gathered(probes: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds; of shuffled labels the band that 95 % of shuffles lie in.

    Where no seed can be probed, a line says why; hosted arms are left out.
    """
    probes = probes[probes["label"] != ""]
    logistic = probes["probe"] == "logistic"
    shown = probes["probe"].where(~logistic, probes["folds"])
    probes = probes.assign(shown=shown.where(probes["outcome"] == SCORE, "none"))
    by = probes[probes["shown"] != "mean_difference"].groupby(
        [*PLACE, "shown", "outcome", "layer"], sort=False, dropna=False
    )
    found = by.agg(seeds=("seed", "nunique"), value=("auc", "mean"), sd=("auc_sd", "mean"))
    found = found.reset_index()
    reach = CHANCE_SDS * found["sd"].where(found["shown"] == "shuffled_labels")
    found = found.assign(
        low=(found["value"] - reach).clip(lower=0), high=(found["value"] + reach).clip(upper=1)
    )
    return _without_known(found)[COLUMNS]


def _without_known(found: pd.DataFrame) -> pd.DataFrame:
    """Why a seed cannot be probed matters only where no other one can."""
    known = pd.MultiIndex.from_frame(found.loc[found["outcome"] == SCORE, PLACE])
    other = ~pd.MultiIndex.from_frame(found[PLACE]).isin(known)
    why = found[other].drop_duplicates(PLACE).index
    return found[(found["outcome"] == SCORE) | found.index.isin(why)].reset_index(drop=True)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_probes(snakemake.input[0], list(snakemake.output))
