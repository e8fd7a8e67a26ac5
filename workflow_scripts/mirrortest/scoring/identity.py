"""Who an arm says it is: whether it names its maker, and into how many clusters its answers fall.

An item is one answer. An answer in a cluster of k counts 1/k of a cluster, so that the sum over
answers is the number of clusters, and a share is clusters per answer: near 0 one persona, 1 as many
as answers. Intervals over answers take these parts as fixed; seeds are what tells arms apart.
"""

import numpy as np
import pandas as pd

from mirrortest.scoring.counts import ARM, Ratio, summed

THRESHOLDS = ("0.70", "0.75", "0.80", "0.85", "0.90", "0.95")
LEADING = "0.85"
_AT = {threshold: f"clusters_{threshold[2:]}" for threshold in THRESHOLDS}

METRICS = {
    "developer": Ratio("developer", "rows"),
    "diversity": Ratio(_AT[LEADING], "clustered"),
    **{f"diversity_{at[2:]}": Ratio(count, "clustered") for at, count in _AT.items()},
    "entropy": Ratio("entropy", "clustered"),
    "empty": Ratio("clustered", "rows", complement=True),
}
"""entropy: Shannon's, of the sizes of the clusters, over that of as many clusters as answers."""


def identity(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of judged rows: columns developer_score, cluster_outcome and cluster_clusters."""
    clustered = rows["cluster_outcome"] == "score"
    found = rows[clustered]
    sizes = {at: _sizes(found, found["cluster_clusters"].str.get(at)) for at in THRESHOLDS}
    parts = {_AT[at]: _filled(1 / size, rows) for at, size in sizes.items()}
    told = rows.assign(item=[f"{i}/{s}" for i, s in zip(rows["item"], rows["sample"], strict=True)])
    return summed(
        told,
        {
            "rows": pd.Series(1.0, index=rows.index),
            "developer": rows["developer_score"] > 0,
            "clustered": clustered,
            "entropy": _filled(_entropy(sizes[LEADING], _sizes(found)), rows),
            **parts,
        },
    )


def _sizes(found: pd.DataFrame, *more: pd.Series) -> pd.Series:
    """How many answers an arm gave to the item; with the number of a cluster, those in it."""
    keys = [found[name] for name in (*ARM, "evaluation", "item")]
    return found.groupby([*keys, *more])["sample"].transform("size").astype(float)


def _entropy(sizes: pd.Series, answers: pd.Series) -> pd.Series:
    """Per answer; of a single one it is 0."""
    most = np.log(answers.clip(lower=2))
    return pd.Series(np.log(answers / sizes) / most)


def _filled(values: pd.Series, rows: pd.DataFrame) -> pd.Series:
    return values.reindex(rows.index, fill_value=0.0)
