"""Of the tables of probes one line per arm: the layer and position that say most."""

import pandas as pd

from mirrortest.probes.folds import SCORE

ARM = ["model", "chain", "label"]
PLACE = [*ARM, "position", "layer"]


def best(probes: pd.DataFrame) -> pd.DataFrame:
    """Where an arm's probe in grouped folds does best, over seeds, with its controls there."""
    scored = probes[probes["outcome"] == SCORE]
    kind = scored["folds"].where(scored["probe"] == "logistic", scored["probe"])
    means = scored.assign(kind=kind).groupby([*PLACE, "kind"], sort=False)["auc"].mean().unstack()
    at = [*ARM, "position", "kind"]
    alone = scored[scored["layer"].isna()].assign(kind=kind).groupby(at)["auc"].mean().unstack()
    grouped = scored[(scored["folds"] == "grouped") & (scored["probe"] == "logistic")]
    counts = grouped.groupby(PLACE, sort=False)[["n", "positives"]].sum()
    wanted = ["grouped", "stratified", "shuffled_labels"]
    there = counts.join(means.reindex(columns=wanted)).reset_index()
    controls = alone.reindex(columns=["answer_length", "order"]).reset_index()
    found = there.merge(controls, how="left", on=[*ARM, "position"])
    return _with_others(found, found["grouped"], probes, ARM)


def furthest(transfer: pd.DataFrame) -> pd.DataFrame:
    """Where an arm's probe does best on the other arms, on average; over seeds."""
    scored = transfer[transfer["outcome"] == SCORE]
    by_arm = scored.groupby([*PLACE, "to_model", "to_chain"], sort=False)["auc"].mean()
    found = by_arm.groupby(PLACE, sort=False).agg(["mean", "min", "max", "count"]).reset_index()
    return _with_others(found, found["mean"], transfer, ARM)


def nearest(directions: pd.DataFrame) -> pd.DataFrame:
    """Where the two directions of an arm are nearest to one, or to opposites; over seeds."""
    kept = directions[directions["direction"].isin(["logistic", ""])]
    scored = kept[kept["outcome"] == SCORE]
    place, numbers = [*ARM[:2], "position", "layer"], ["cosine", "random_95", "shuffled_95"]
    found = scored.groupby(place, sort=False)[numbers].mean().reset_index()
    return _with_others(found, found["cosine"].abs(), kept, ARM[:2])


def _with_others(
    found: pd.DataFrame, by: pd.Series, table: pd.DataFrame, arm: list[str]
) -> pd.DataFrame:
    """The line of each arm with the most, and of arms without any why there is none."""
    most = by.groupby([found[key] for key in arm], sort=False).idxmax().dropna()
    first = table.drop_duplicates(arm)
    filled = first[[*arm, "outcome"]].merge(
        found.loc[most].assign(outcome=SCORE), how="left", on=arm, suffixes=("_none", "")
    )
    outcome = filled["outcome"].fillna(filled["outcome_none"])
    counts = {
        name: filled[name].fillna(0) for name in ("n", "positives", "count") if name in filled
    }
    return filled.assign(outcome=outcome, position=filled["position"].fillna(""), **counts)
