"""Intervals by resampling seeds and items together: seed is the unit of replication.

A crossed bootstrap: every resample draws seeds and, independently, items, with replacement. All
resamples are done at once as weights, by matrix products.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEVEL = 0.95
ITEMS, SEEDS = 0, 1


class Estimate(NamedTuple):
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class Scored(NamedTuple):
    """One arm's metric: numerators and denominators, each seeds x items."""

    numerator: Array
    denominator: Array


def estimate(arm: Scored, resamples: int) -> Estimate:
    """The ratio of sums over seeds and items, with its interval."""
    return _interval(_ratio(arm), _resampled(arm, resamples))


def difference(arm: Scored, reference: Scored, resamples: int) -> Estimate:
    """Arm minus reference, paired: the same items and, where both have as many, the same seeds."""
    spread = _resampled(arm, resamples) - _resampled(reference, resamples)
    return _interval(_ratio(arm) - _ratio(reference), spread)


def _ratio(arm: Scored) -> float:
    total = arm.denominator.sum()
    return float(arm.numerator.sum() / total) if total else float("nan")


def _resampled(arm: Scored, resamples: int) -> Array:
    """The metric in every resample; a resample without any valid answer gives no value."""
    seeds, items = arm.numerator.shape
    by_seed, by_item = _weights(SEEDS, resamples, seeds), _weights(ITEMS, resamples, items)
    numerator = ((by_seed @ arm.numerator) * by_item).sum(axis=1)
    denominator = ((by_seed @ arm.denominator) * by_item).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(numerator / denominator, dtype=np.float64)


@cache
def _weights(unit: int, resamples: int, size: int) -> Array:
    """How often each unit is drawn, resamples x size; the same for all arms, which pairs them."""
    if size == 0:
        return np.zeros((resamples, 0))
    generator = np.random.default_rng([unit, resamples, size])
    return generator.multinomial(size, np.full(size, 1 / size), size=resamples).astype(np.float64)


def _interval(value: float, resampled: Array) -> Estimate:
    if np.isnan(resampled).all():
        return Estimate(value, float("nan"), float("nan"))
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))
