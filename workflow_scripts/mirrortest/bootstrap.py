"""Intervals and tests over seeds and items together: seed is the unit of replication.

A crossed bootstrap draws seeds and, independently, items (within strata) with replacement; all
resamples are done at once as weights, by matrix products. With a handful of seeds its percentiles
are too narrow where seeds differ, and too wide where they do not (it counts the noise of single
answers up to three times: Owen 2007, "The pigeonhole bootstrap"). So the percentiles are stretched
about the value ("expanded": Hesterberg 2015, "What teachers should know about the bootstrap") to
the width that variance components give, with Satterthwaite's degrees of freedom, as Clark (1973)
does for subjects and items in min F'. Simulated coverage is under test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mirrortest.panels import Array, Scored

LEVEL = 0.95
POWER = 0.80
ROUNDING = 1e-20
"""Variances below it are those of sums of floats: nothing varies."""
Strata = NDArray[np.int64]


@dataclass(frozen=True)
class Estimates:
    """Values with their uncertainty, one per metric.

    se: standard error; df: its degrees of freedom; drawn: the resampled values about the value, in
    their own standard deviations, metrics x resamples.
    """

    value: Array
    se: Array
    df: Array
    drawn: Array

    @property
    def low(self) -> Array:
        return self._end((1 - LEVEL) / 2)

    @property
    def high(self) -> Array:
        return self._end((1 + LEVEL) / 2)

    @property
    def stretch(self) -> Array:
        """How far a resampled value lies from the value, for one standard deviation of `drawn`."""
        quantiles = stats.t.ppf((1 + LEVEL) / 2, self.df) / stats.norm.ppf((1 + LEVEL) / 2)
        return np.asarray(quantiles * self.se)

    def _end(self, quantile: float) -> Array:
        return np.asarray(self.value + np.quantile(self.drawn, quantile, axis=1) * self.stretch)

    def p(self, null: float = 0.0) -> Array:
        """Two-sided p that the value is the null, by the resamples; it fits the interval.

        Beyond all of them it is that of t: otherwise no contrast of a large family could pass Holm.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            distance = np.abs(self.value - null) / self.se
        tail = stats.t.sf(distance, self.df)
        beyond = (np.abs(self.drawn) >= -stats.norm.ppf(tail)[:, None]).sum(axis=1)
        p = (1 + beyond) / (1 + self.drawn.shape[1])
        p = np.where(beyond > 0, p, np.minimum(p, 2 * tail))
        return np.where(self.se > 0, p, np.nan)

    def p_equivalence(self, margin: float) -> Array:
        """p that the value lies beyond the margin: two one-sided t tests (Schuirmann 1987)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            nearest = (margin - np.abs(self.value)) / self.se
        return np.where(self.se > 0, stats.t.sf(nearest, self.df), np.nan)

    @property
    def detectable(self) -> Array:
        """The smallest true difference from the null that would be found at 80 % power."""
        quantiles = stats.t.ppf((1 + LEVEL) / 2, self.df) + stats.t.ppf(POWER, self.df)
        return np.asarray(quantiles * self.se)


def estimate(arm: Scored, strata: Strata, resamples: int) -> Estimates:
    """The arm's metrics over its seeds and items. strata: one number per item."""
    return _estimates([(1.0, arm, 0)], strata, resamples)


def difference(
    arm: Scored, reference: Scored, strata: Strata, resamples: int, paired: bool
) -> Estimates:
    """Arm minus reference on the same items.

    paired: the seeds belong together in their order, so that what a seed does to both cancels.
    """
    return _estimates([(1.0, arm, 0), (-1.0, reference, 0 if paired else 1)], strata, resamples)


def _estimates(parts: list[tuple[float, Scored, int]], strata: Strata, resamples: int) -> Estimates:
    """The signed sum of the parts' metrics; parts with the same last number share their seeds."""
    value = sum((sign * part.value for sign, part, _ in parts), np.zeros(1))
    se, df = _components(_effects(parts), strata)
    resampled = sum(sign * drawn(part, strata, resamples, stream) for sign, part, stream in parts)
    return Estimates(value, se, df, _standardised(np.asarray(resampled), value))


def estimate_error(arm: Scored, strata: Strata) -> Array:
    """The standard error of the arm's metrics alone, without any resampling."""
    return _components([_linear(arm)], strata)[0]


# --- resampling


def drawn(arm: Scored, strata: Strata, resamples: int, stream: int = 0) -> Array:
    """The metrics in every resample, metrics x resamples; not a number without any denominator.

    Arms with the same stream and as many seeds share the draws of seeds, all arms those of items.
    """
    by_item = _item_weights(strata.tobytes(), resamples)
    by_seed = _seed_weights(stream, arm.seeds, resamples)
    numerator = ((arm.numerator @ by_item) * by_seed).sum(axis=1)
    denominator = ((arm.denominator @ by_item) * by_seed).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(numerator / denominator)


@cache
def _seed_weights(stream: int, seeds: int, resamples: int) -> Array:
    """How often each seed is drawn, seeds x resamples."""
    generator = np.random.default_rng([stream, seeds, resamples])
    drawn = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    return np.asarray(drawn.T, dtype=float)


@cache
def _item_weights(strata: bytes, resamples: int) -> Array:
    """How often each item is drawn, items x resamples; every stratum keeps its size."""
    number = np.frombuffer(strata, dtype=np.int64)
    generator = np.random.default_rng([len(number), resamples])
    weights = np.empty((len(number), resamples))
    for stratum in np.unique(number):
        inside = number == stratum
        size = int(inside.sum())
        weights[inside] = generator.multinomial(size, np.full(size, 1 / size), size=resamples).T
    return weights


def _standardised(resampled: Array, value: Array) -> Array:
    """About the value, in standard deviations; resamples without a value stand at the value."""
    about = np.nan_to_num(resampled - value[:, None])
    spread = np.sqrt((about**2).mean(axis=1, keepdims=True))
    return np.asarray(np.divide(about, spread, out=np.zeros_like(about), where=spread > 0))


# --- variance components


def _effects(parts: list[tuple[float, Scored, int]]) -> list[Array]:
    """Per set of seeds the linearised contributions, metrics x seeds x items."""
    found: dict[int, Array] = {}
    for sign, part, stream in parts:
        found[stream] = found.get(stream, 0.0) + sign * _linear(part)
    return list(found.values())


def _linear(arm: Scored) -> Array:
    """Every answer's influence on the ratio: (n - value d) / mean d (delta method)."""
    mean = arm.denominator.mean(axis=(1, 2), keepdims=True)
    residual = arm.numerator - np.nan_to_num(arm.value)[:, None, None] * arm.denominator
    return np.asarray(np.divide(residual, mean, out=np.zeros_like(residual), where=mean > 0))


def _components(effects: Sequence[Array], strata: Strata) -> tuple[Array, Array]:
    """Standard error and degrees of freedom of the mean, one each per metric.

    Two-way random effects: items + seeds - the noise that both contain, no less than either part.
    """
    items = effects[0].shape[2]
    by_item = _item_variance(sum(e.mean(axis=1) for e in effects), strata)
    seeds = [_seed_variance(e) for e in effects if e.shape[1] > 1]
    by_seed = sum((mean for mean, _, _ in seeds), np.zeros_like(by_item))
    noise = sum((noise for _, noise, _ in seeds), np.zeros_like(by_item))
    variance = np.maximum.reduce([by_item + by_seed - noise, by_item, by_seed])
    variance = np.where(variance > ROUNDING, variance, 0.0)
    squares = by_item**2 / max(items - len(np.unique(strata)), 1)
    squares = squares + sum((mean**2 / df for mean, _, df in seeds), np.zeros_like(by_item))
    df = np.divide(variance**2, squares, out=np.full_like(variance, np.inf), where=squares > 0)
    return np.sqrt(variance), np.maximum(df, 1.0)


def _item_variance(means: Array, strata: Strata) -> Array:
    """Of the mean over items, from each item's mean, metrics x items; summed over strata."""
    total = np.zeros(len(means))
    for stratum in np.unique(strata):
        inside = means[:, strata == stratum]
        size = inside.shape[1]
        if size > 1:
            total += size * inside.var(axis=1, ddof=1)
    return total / len(strata) ** 2


def _seed_variance(effects: Array) -> tuple[Array, Array, int]:
    """Of the mean over seeds; the noise of single answers in it; degrees of freedom."""
    _, seeds, items = effects.shape
    of_seeds, of_items = effects.mean(axis=2), effects.mean(axis=1)
    rest = effects - of_seeds[:, :, None] - of_items[:, None, :]
    rest = rest + effects.mean(axis=(1, 2))[:, None, None]
    noise = (rest**2).sum(axis=(1, 2)) / max((seeds - 1) * (items - 1), 1)
    return of_seeds.var(axis=1, ddof=1) / seeds, noise / (seeds * items), seeds - 1
