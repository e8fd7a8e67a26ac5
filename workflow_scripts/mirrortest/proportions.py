"""Closed forms for shares: where one seed, or no variation at all, leaves nothing to resample."""

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from mirrortest.bootstrap import LEVEL, Strata, estimate_error
from mirrortest.panels import Array, Scored


def wilson(arm: Scored, strata: Strata) -> tuple[Array, Array]:
    """The ends of Wilson's intervals, one per metric, over the items.

    The number of observations is the effective one: as many independent answers as would vary as
    much as the items do (Kish's design effect; answers to one item are no independent ones). Where
    nothing varies it is the number of items.
    """
    value = np.clip(np.nan_to_num(arm.value), 0.0, 1.0)
    variance = estimate_error(arm, strata) ** 2
    items = (arm.denominator.sum(axis=1) > 0).sum(axis=1).astype(float)
    # The variance has the divisor n - 1, the binomial's n: one answer per item is one answer.
    size = len(strata)
    spread = value * (1 - value) * size / max(size - len(np.unique(strata)), 1)
    effective = np.divide(spread, variance, out=items.copy(), where=(variance > 0) & (spread > 0))
    seen = np.where(items > 0, effective, np.nan)
    low, high = proportion_confint(value * seen, seen, alpha=1 - LEVEL, method="wilson")
    return np.asarray(low), np.asarray(high)


def newcombe(
    value: Array, arm: tuple[Array, Array, Array], reference: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    """The ends of a difference from those of its parts (Newcombe 1998, method 10).

    arm, reference: value, low, high.
    """
    (p, p_low, p_high), (q, q_low, q_high) = arm, reference
    low = value - np.hypot(p - p_low, q_high - q)
    high = value + np.hypot(p_high - p, q - q_low)
    return low, high


def p_constant(arm: Scored, reference: Scored) -> Array:
    """Exact sign test of a difference that is the same in every item and seed.

    Not a number where there is none.
    """
    items = np.minimum(*((a.denominator.sum(axis=1) > 0).sum(axis=1) for a in (arm, reference)))
    return np.where(arm.value != reference.value, np.minimum(2.0 ** (1.0 - items), 1.0), np.nan)


def p_chance(arm: Scored, chance: float) -> list[float]:
    """Exact binomial p of one seed, two-sided, that its items lie about chance; one per metric.

    An item that was answered in both orders counts once, for the side on which it lies; one that
    lies at chance counts for none. So two answers to an item are not taken for two facts.
    """
    above, below = arm.numerator.sum(axis=1), arm.denominator.sum(axis=1)
    won = (above > chance * below).sum(axis=1)
    lost = (above < chance * below).sum(axis=1)
    return [_binomial(int(w), int(w + n), chance) for w, n in zip(won, lost, strict=True)]


def _binomial(won: int, seen: int, chance: float) -> float:
    return float(stats.binomtest(won, seen, chance).pvalue) if seen else float("nan")
