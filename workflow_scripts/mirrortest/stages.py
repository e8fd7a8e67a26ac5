"""What every stage of a chain changed, item by item: signed-rank tests between its arms.

Protocol: Vaugrante, Weckauff and Hagendorff 2026: paired Wilcoxon tests over items between a model
before, after harmful and after harmless finetuning. An item's value is the mean over seeds. Items
that did not change are left out of the ranks, as Wilcoxon did; `changed` says how many are left.
The seeds are taken as they are: this tests the arms at hand, `contrasts.csv` what training does.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from mirrortest.chains import BASE, parent_of
from mirrortest.headlines import HEADLINES
from mirrortest.kinds import JUDGED_BY
from mirrortest.multiplicity import holm
from mirrortest.panels import ALL, ArmCounts, Array, Panel, panels
from mirrortest.scores import available, rounded
from mirrortest.scoring.counts import Ratio

ROUNDING = 1e-9
"""Differences below it are those of sums of floats."""
COLUMNS = [
    *("model", "chain", "reference", "evaluation", "task", "metric", "n", "changed", "value"),
    *("rank_biserial", "p", "p_holm"),
]


def stages(table: pd.DataFrame) -> pd.DataFrame:
    """One line per evaluation (its leading metric) and pair of arms: a chain minus what it is
    trained on, and minus the base.

    table: the items table. rank_biserial: the ranks of items that rose minus those that fell, over
    all. Holm's correction is over all tests of a model, of another judge's scores by themselves.
    """
    lines = [line for panel in panels(table) for line in _of_panel(panel)]
    found = pd.DataFrame(lines, columns=COLUMNS)
    judges = found["evaluation"].map(lambda name: name.partition(JUDGED_BY)[2])
    for _, part in found.groupby(["model", judges]):
        found.loc[part.index, "p_holm"] = holm(part["p"].to_numpy(float))
    return rounded(found)


def _of_panel(panel: Panel) -> Iterator[dict[str, object]]:
    if panel.subset != ALL:
        return
    ratios = available(panel)
    arms = {(arm.model, arm.chain): arm for arm in panel.arms}
    for (model, chain), arm in arms.items():
        metric = _leading(panel, model, ratios)
        for reference in dict.fromkeys([parent_of(chain), BASE]):
            other = arms.get((model, reference))
            if chain != BASE and other is not None and metric is not None:
                change = _values(arm, ratios[metric]) - _values(other, ratios[metric])
                named = {"model": model, "chain": chain, "reference": reference}
                about = {"evaluation": panel.evaluation, "task": panel.task, "metric": metric}
                yield named | about | compared(change[~np.isnan(change)])


def _leading(panel: Panel, model: str, ratios: dict[str, Ratio]) -> str | None:
    """The first headline of which the model's arms have answers."""
    arms = [arm for arm in panel.arms if arm.model == model]
    for name in HEADLINES[panel.task].metrics:
        if name in ratios and any(arm.scored([ratios[name]]).denominator.any() for arm in arms):
            return name
    return None


def _values(arm: ArmCounts, ratio: Ratio) -> Array:
    """Per item the mean over the seeds that have one; not a number where none has."""
    scored = arm.scored([ratio])
    above, below = scored.numerator[0], scored.denominator[0]
    shares = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    seeds = (below > 0).sum(axis=0)
    total = shares.sum(axis=0)
    return np.asarray(np.divide(total, seeds, out=np.full_like(total, np.nan), where=seeds > 0))


def compared(change: Array) -> dict[str, object]:
    """The test of the changes of the items. Without any change there is no p.

    It is exact up to 50 changed items without ties and up to 13 with them, else asymptotic.
    """
    moved = change[np.abs(change) > ROUNDING]
    value = float(change.mean()) if len(change) else np.nan
    if len(moved) == 0:
        none = float("nan")
        return {"n": len(change), "changed": 0, "value": value, "rank_biserial": none, "p": none}
    ranks = stats.rankdata(np.abs(moved).round(9))
    effect = float((ranks * np.sign(moved)).sum() / ranks.sum())
    p = float(stats.wilcoxon(moved.round(9)).pvalue)
    return {
        **{"n": len(change), "changed": len(moved), "value": value},
        **{"rank_biserial": effect, "p": p},
    }
