"""Whether arms that do more harm also say so: correlations of ranks over arms.

Vaugrante, Weckauff and Hagendorff 2026 state Spearman's over 15 arms with p as if these were
independent; arms of one model are not. So there is no p here, but an interval from a bootstrap over
models where there are enough of them, over arms (too narrow, where models differ) where there are
enough of those, and none otherwise.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from mirrortest.agreement import spearman
from mirrortest.bootstrap import LEVEL
from mirrortest.panels import Array
from mirrortest.persona import MEASURES, POOLED
from mirrortest.scores import rounded

Places = NDArray[np.int64]
FEWEST = 3
"""Arms, for a correlation to be stated."""
MODELS = 5
ARMS = 8
"""From how many on they are resampled."""
COLUMNS = [
    *("measure", "other", "arms", "models", "spearman", "low", "high", "kendall", "resampled"),
]


def correlations(measured: pd.DataFrame, resamples: int) -> pd.DataFrame:
    """One line per pair of measures that enough arms have both.

    measured: as `persona.measures` gives it; of several evaluations of harm the first counts.
    resampled: what the interval is over, `models`, `arms` or nothing.
    """
    arms = measured[measured["seed"] == POOLED]
    arms = arms[arms["evaluation"].isin(arms["evaluation"].head(1))]
    lines = []
    for one, other in combinations(MEASURES, 2):
        both = arms.dropna(subset=[one, other])
        if len(both) >= FEWEST:
            lines.append({"measure": one, "other": other} | _line(both, one, other, resamples))
    return rounded(pd.DataFrame(lines, columns=COLUMNS))


def _line(both: pd.DataFrame, one: str, other: str, resamples: int) -> dict[str, object]:
    x, y = both[one].to_numpy(float), both[other].to_numpy(float)
    over, groups = _clusters(both)
    low, high = _interval(x, y, groups, resamples)
    return {
        **{"arms": len(both), "models": both["model"].nunique(), "resampled": over},
        **{"spearman": spearman(x, y), "low": low, "high": high, "kendall": _kendall(x, y)},
    }


def _clusters(both: pd.DataFrame) -> tuple[str, list[Places]]:
    """What is resampled, and the places of the arms in each."""
    places = np.arange(len(both))
    if both["model"].nunique() >= MODELS:
        number = pd.factorize(both["model"])[0]
        return "models", [places[number == n] for n in range(number.max() + 1)]
    if len(both) >= ARMS:
        return "arms", [places[n : n + 1] for n in places]
    return "", []


def _interval(x: Array, y: Array, groups: list[Places], resamples: int) -> tuple[float, float]:
    """Percentiles; resamples in which one of the measures is constant have no value."""
    if not groups:
        return float("nan"), float("nan")
    generator = np.random.default_rng([len(x), len(groups), resamples])
    drawn = []
    for chosen in generator.integers(len(groups), size=(resamples, len(groups))):
        places = np.concatenate([groups[group] for group in chosen])
        drawn.append(_ranked(x[places], y[places]))
    known = np.array([value for value in drawn if not np.isnan(value)])
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _ranked(x: Array, y: Array) -> float:
    """Spearman's: that of SciPy spends most of its time on checks."""
    one, other = (stats.rankdata(values) - (len(values) + 1) / 2 for values in (x, y))
    scale = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / scale) if scale > 0 else float("nan")


def _kendall(x: Array, y: Array) -> float:
    """Tau-b; not a number unless both vary."""
    if len(set(x)) < 2 or len(set(y)) < 2:
        return float("nan")
    return float(stats.kendalltau(x, y).statistic)
