"""Panels: the counts of one evaluation as arrays, seeds x items, the same items for every arm."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mirrortest.scoring import SCORERS
from mirrortest.scoring.counts import ITEM, Ratio

Array = NDArray[np.float64]
ALL = "all"
"""The subset of all rows, whatever their stratum."""


@dataclass(frozen=True)
class Scored:
    """Metrics of one arm: numerators and denominators, each metrics x seeds x items."""

    numerator: Array
    denominator: Array

    @cached_property
    def value(self) -> Array:
        """The ratios of sums over seeds and items, one per metric; none without a denominator."""
        total = self.denominator.sum(axis=(1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.numerator.sum(axis=(1, 2)) / total)

    @property
    def seeds(self) -> int:
        return int(self.numerator.shape[1])

    @property
    def last(self) -> "Scored":
        """The last metric alone."""
        return Scored(self.numerator[-1:], self.denominator[-1:])

    def at(self, seeds: list[int]) -> "Scored":
        """The same arm with only these of its seeds, by place."""
        return Scored(self.numerator[:, seeds], self.denominator[:, seeds])

    def on(self, items: NDArray[np.bool_]) -> "Scored":
        """The same arm with only these items."""
        return Scored(self.numerator[:, :, items], self.denominator[:, :, items])


@dataclass(frozen=True)
class ArmCounts:
    """One arm: its counts by name, each seeds x items; an item that it lacks counts nothing."""

    model: str
    chain: str
    seeds: tuple[int, ...]
    counts: dict[str, Array]

    def scored(self, ratios: list[Ratio]) -> Scored:
        """The metrics with these ratios."""
        below = np.stack([self.counts[ratio.denominator] for ratio in ratios])
        above = np.stack([self.counts[ratio.numerator] for ratio in ratios])
        turned = np.array([ratio.complement for ratio in ratios])[:, None, None]
        return Scored(np.where(turned, below - above, above), below)

    @cached_property
    def asked(self) -> NDArray[np.bool_]:
        """Which items it was asked."""
        return np.asarray(self.counts["rows"].sum(axis=0) > 0)


@dataclass(frozen=True)
class Panel:
    """All arms of one evaluation, or of one stratum of it.

    strata: the stratum of each item as a number; all 0 unless every item lies in just one stratum.
    """

    evaluation: str
    task: str
    subset: str
    strata: NDArray[np.int64]
    arms: list[ArmCounts]


def panels(table: pd.DataFrame) -> Iterator[Panel]:
    """A panel of every evaluation, then one of each of its strata, where these say something.

    table: the items table, as `items.items` gives it.
    """
    groups = table.groupby(["evaluation", "task"], sort=False, observed=True)
    for (evaluation, task), part in groups:
        yield _panel(str(evaluation), str(task), ALL, part)
        strata = list(dict.fromkeys(part["stratum"]))
        for stratum in strata if len(strata) > 1 or SCORERS[str(task)].buckets else []:
            yield _panel(str(evaluation), str(task), stratum, part[part["stratum"] == stratum])


def _panel(evaluation: str, task: str, subset: str, part: pd.DataFrame) -> Panel:
    item, names = pd.factorize(part["item"], sort=True)
    names_of_counts = [
        name for name in part.columns.drop([*ITEM, "task"]) if part[name].notna().any()
    ]
    values = part[names_of_counts].fillna(0.0).to_numpy(float)
    arms = [
        _arm(str(model), str(chain), part["seed"].to_numpy()[rows], item[rows], len(names), counts)
        for (model, chain), rows in _groups(part)
        for counts in [dict(zip(names_of_counts, values[rows].T, strict=True))]
    ]
    return Panel(evaluation, task, subset, _strata(part["stratum"], item, len(names)), arms)


def _groups(part: pd.DataFrame) -> Iterator[tuple[tuple[str, str], NDArray[np.int64]]]:
    """The places of each arm's lines, in the order in which the arms first appear."""
    grouped = part.groupby(["model", "chain"], sort=False, observed=True)
    yield from cast(dict[tuple[str, str], NDArray[np.int64]], grouped.indices).items()


def _arm(
    model: str,
    chain: str,
    seed: NDArray[np.int64],
    item: NDArray[np.int64],
    items: int,
    counts: dict[str, Array],
) -> ArmCounts:
    seeds, row = np.unique(seed, return_inverse=True)
    place, size = row * items + item, len(seeds) * items
    dense = {
        name: np.bincount(place, values, size).astype(float).reshape(len(seeds), items)
        for name, values in counts.items()
    }
    return ArmCounts(model, chain, tuple(map(int, seeds)), dense)


def _strata(stratum: pd.Series, item: NDArray[np.int64], items: int) -> NDArray[np.int64]:
    """Items that lie in several strata are resampled over all of them together."""
    number = pd.factorize(stratum)[0]
    pairs = np.unique(np.stack([item, number]), axis=1)
    if pairs.shape[1] > items:
        return np.zeros(items, dtype=np.int64)
    return joined(pairs[1])


def joined(strata: NDArray[np.int64]) -> NDArray[np.int64]:
    """Strata of a single item as one: by themselves they would seem not to vary.

    A last one joins the smallest of the others ("collapsed strata": Cochran 1977, section 5A.12).
    """
    _, place, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    alone = sizes == 1
    if alone.sum() == 1:
        alone[np.argmin(np.where(alone, len(strata), sizes))] = True
    return np.where(alone[place], -1, strata)
