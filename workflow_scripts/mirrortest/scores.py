"""From the items table to tables of scores: per seed, and pooled over seeds."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from mirrortest import bootstrap, proportions
from mirrortest.headlines import leading
from mirrortest.panels import ArmCounts, Array, Panel, Scored, panels
from mirrortest.scoring import SCORERS
from mirrortest.scoring.choices import SHARES
from mirrortest.scoring.counts import Ratio

DIGITS = 6
Line = dict[str, object]


def available(panel: Panel) -> dict[str, Ratio]:
    """The metrics of a panel's task that its rows allow: forced ones need log-probabilities."""
    known = set(panel.arms[0].counts)
    ratios = SCORERS[panel.task].metrics
    return {
        name: ratio
        for name, ratio in ratios.items()
        if {ratio.numerator, ratio.denominator} <= known | {"rows"}
    }


def per_seed(table: pd.DataFrame) -> pd.DataFrame:
    """One line per seed, evaluation, subset and metric; intervals are Wilson's."""
    return _table(table, _seed_lines)


def pooled(table: pd.DataFrame, resamples: int) -> pd.DataFrame:
    """One line per arm, over its seeds; `seeds` says how many."""
    return _table(table, lambda panel, arm: _pooled_lines(panel, arm, resamples))


def _table(
    table: pd.DataFrame, lines: Callable[[Panel, ArmCounts], Iterator[pd.DataFrame]]
) -> pd.DataFrame:
    parts = [part for panel in panels(table) for arm in panel.arms for part in lines(panel, arm)]
    found = pd.concat(parts, ignore_index=True)
    found = found[found["n"] > 0].reset_index(drop=True)
    found.insert(list(found.columns).index("value"), "leading", leading(found))
    return rounded(found)


def _seed_lines(panel: Panel, arm: ArmCounts) -> Iterator[pd.DataFrame]:
    ratios = available(panel)
    whole = arm.scored(list(ratios.values()))
    for place, seed in enumerate(arm.seeds):
        one = whole.at([place])
        named = {"model": arm.model, "chain": arm.chain, "seed": seed}
        low, high = proportions.wilson(one, panel.strata)
        yield _lines(named, panel, list(ratios), one, low, high, _binomial(panel, one))


def _pooled_lines(panel: Panel, arm: ArmCounts, resamples: int) -> Iterator[pd.DataFrame]:
    ratios = available(panel)
    scored = arm.scored(list(ratios.values()))
    named = {"model": arm.model, "chain": arm.chain, "seeds": len(arm.seeds)}
    low, high = proportions.wilson(scored, panel.strata)
    against = _binomial(panel, scored)
    if len(arm.seeds) > 1:
        found = bootstrap.estimate(scored, panel.strata, resamples)
        varied = found.se > 0
        low, high = np.where(varied, found.low, low), np.where(varied, found.high, high)
        against = np.where(varied, found.p(SCORERS[panel.task].chance or 0.0), against)
    yield _lines(named, panel, list(ratios), scored, low, high, against)


def _binomial(panel: Panel, arm: Scored) -> Array:
    return np.asarray(proportions.p_chance(arm, SCORERS[panel.task].chance or 0.0))


def _lines(
    named: Line, panel: Panel, metrics: list[str], arm: Scored, low: Array, high: Array, p: Array
) -> pd.DataFrame:
    about = {"evaluation": panel.evaluation, "task": panel.task, "subset": panel.subset}
    chance = SCORERS[panel.task].chance
    tested = np.array([chance is not None and name.startswith(SHARES) for name in metrics])
    numbers = {
        "value": arm.value,
        "low": np.clip(low, 0.0, 1.0),
        "high": np.clip(high, 0.0, 1.0),
        "n": arm.denominator.sum(axis=(1, 2)).round().astype(int),
        "p_chance": np.where(tested, p, np.nan),
    }
    return pd.DataFrame(named | about | {"metric": metrics} | numbers)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers with six digits behind the point."""
    return table.round(DIGITS)
