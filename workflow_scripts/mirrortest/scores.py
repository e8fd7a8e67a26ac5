"""From raw rows to tables of scores: per seed, pooled over seeds, and as contrasts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from mirrortest import bootstrap, jsonl
from mirrortest.bootstrap import Estimate, Scored
from mirrortest.errors import UserError
from mirrortest.scoring import SCORERS

DIGITS = 6
KEYS = ["model", "chain", "evaluation", "subset", "metric"]
CONTRAST_KEYS = ["model", "chain", "reference", "evaluation", "subset", "metric"]

Key = tuple[str, ...]
Line = dict[str, str | int | float]


@dataclass(frozen=True)
class RowsFile:
    """The raw rows of one evaluation of one arm."""

    model: str
    chain: str
    seed: int
    evaluation: str
    task: str
    path: str


def items(files: list[RowsFile]) -> pd.DataFrame:
    """All items: the columns of KEYS, seed, item, numerator, denominator."""
    parts = []
    for file in files:
        rows = jsonl.read_own(file.path)
        if not rows:  # two authors who wrote the same leave nothing to be told apart
            continue
        scored = SCORERS[file.task](pd.DataFrame(rows))
        parts.append(
            scored.assign(
                model=file.model, chain=file.chain, seed=file.seed, evaluation=file.evaluation
            )
        )
    if not parts:
        raise UserError("no evaluation left any rows to score; see the logs of rule evaluate.")
    return pd.concat(parts, ignore_index=True)


def per_seed(table: pd.DataFrame, resamples: int) -> pd.DataFrame:
    """One line per seed: model, chain, seed, evaluation, subset, metric, value, low, high, n."""
    keys = ["model", "chain", "seed", "evaluation", "subset", "metric"]
    return pd.DataFrame(_lines(table, keys, resamples)).drop(columns="seeds")


def pooled(table: pd.DataFrame, resamples: int) -> pd.DataFrame:
    """One line per arm, over its seeds; `seeds` says how many."""
    return pd.DataFrame(_lines(table, KEYS, resamples))


def contrasts(table: pd.DataFrame, pairs: list[tuple[str, str]], resamples: int) -> pd.DataFrame:
    """Chain minus reference for each pair, on the items that both have."""
    arms = {key: _Matrices.of(group) for key, group in _grouped(table, KEYS)}
    lines = []
    for (model, chain, *rest), arm in arms.items():
        for reference in (ref for one, ref in pairs if one == chain):
            other = arms.get((model, reference, *rest))
            if other is not None:
                key = (model, chain, reference, *rest)
                lines.append(_named(CONTRAST_KEYS, key) | _contrast(arm, other, resamples))
    numbers = ["seeds", "reference_seeds", "value", "low", "high", "n"]
    return pd.DataFrame(lines, columns=[*CONTRAST_KEYS, *numbers])


class _Matrices(NamedTuple):
    """Numerators and denominators as tables, seeds x items."""

    numerator: pd.DataFrame
    denominator: pd.DataFrame

    @classmethod
    def of(cls, group: pd.DataFrame) -> "_Matrices":
        """From a long table; an item that a seed lacks counts nothing."""
        return cls(*(_wide(group, name) for name in ("numerator", "denominator")))

    def scored(self, items: pd.Index) -> Scored:
        """The arrays of these items."""
        return Scored(*(table[items].to_numpy(float) for table in self))


def _wide(group: pd.DataFrame, values: str) -> pd.DataFrame:
    return group.pivot(index="seed", columns="item", values=values).fillna(0.0)


def _contrast(arm: _Matrices, other: _Matrices, resamples: int) -> Line:
    shared = arm.numerator.columns.intersection(other.numerator.columns, sort=True)
    ours, theirs = arm.scored(shared), other.scored(shared)
    seeds = (len(ours.numerator), len(theirs.numerator))
    return _named(["seeds", "reference_seeds"], seeds) | _line(
        bootstrap.difference(ours, theirs, resamples), ours
    )


def _grouped(table: pd.DataFrame, keys: list[str]) -> Iterator[tuple[Key, pd.DataFrame]]:
    """The groups in the order in which they first appear."""
    for key, group in table.groupby(keys, sort=False):
        yield cast(Key, key), group


def _lines(table: pd.DataFrame, keys: list[str], resamples: int) -> Iterator[Line]:
    for key, group in _grouped(table, keys):
        matrices = _Matrices.of(group)
        arm = matrices.scored(matrices.numerator.columns)
        line = _line(bootstrap.estimate(arm, resamples), arm)
        yield _named([*keys, "seeds"], (*key, len(arm.numerator))) | line


def _named(names: list[str], values: tuple[str | int, ...]) -> Line:
    return dict(zip(names, values, strict=True))


def _line(found: Estimate, arm: Scored) -> Line:
    value, low, high = (float(np.round(number, DIGITS)) for number in found)
    return {"value": value, "low": low, "high": high, "n": int(arm.denominator.sum())}
