"""Flags as marks beside numbers, and as a list in which the many few-seeds drown nothing."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from mirrortest.reporting import words
from mirrortest.reporting.tables import lines

FEW_SEEDS = "few-seeds"
Place = tuple[str, str, str, str]
"""Model, chain, reference (empty for a score), evaluation."""


@dataclass(frozen=True)
class Marks:
    """The names of the flags at each place."""

    at: dict[Place, list[str]]

    def score(self, model: str, chain: str, evaluation: str) -> list[str]:
        """The flags of a score."""
        return self.at.get((model, chain, "", evaluation), [])

    def contrast(self, model: str, chain: str, reference: str, evaluation: str) -> list[str]:
        """The flags of a contrast and of both its arms, without repeats."""
        own = self.at.get((model, chain, reference, evaluation), [])
        arms = [self.score(model, name, evaluation) for name in (chain, reference)]
        return list(dict.fromkeys([*own, *arms[0], *arms[1]]))


def marks(flags: pd.DataFrame) -> Marks:
    """From the table flags.csv."""
    at: dict[Place, list[str]] = {}
    for line in lines(flags):
        place = (line.model, line.chain, line.reference, line.evaluation)
        at.setdefault(place, []).append(line.flag)
    return Marks(at)


@dataclass(frozen=True)
class Flagged:
    """One kind of flag: its lines are arm or contrast, evaluation, why and what it would take."""

    flag: str
    lines: list[tuple[str, str, str, str]]


def few_seeds(flags: pd.DataFrame) -> list[str]:
    """One sentence for all evaluations of which the same is to be said."""
    few = flags[flags["flag"] == FEW_SEEDS]
    alike: dict[str, list[str]] = {}
    for name, found in few.groupby("evaluation", sort=False):
        alike.setdefault(_few(found), []).append(str(name))
    return [f"{words.listed(names)}: {said}" for said, names in alike.items()]


def _few(found: pd.DataFrame) -> str:
    seeds = words.listed(sorted({f"{value:g}" for value in found["value"]}))
    verb = "rests" if len(found) == 1 else "rest"
    return (
        f"{words.count(len(found), 'trained arm')} {verb} on {seeds} of "
        f"{found['threshold'].max():g} seeds; what it would take: {found['mend'].iloc[0]}."
    )


def others(flags: pd.DataFrame, several: bool) -> list[Flagged]:
    """All other flags by their kind, in order of appearance.

    several: whether there are several models, so that they are to be named.
    """
    rest = flags[flags["flag"] != FEW_SEEDS]
    return [
        Flagged(str(flag), [_line(line, several) for line in lines(found)])
        for flag, found in rest.groupby("flag", sort=False)
    ]


def _line(line: Any, several: bool) -> tuple[str, str, str, str]:
    named = f"{line.model} {line.chain}" if several else line.chain
    minus = f" − {line.reference}" if line.reference else ""
    arm = f"{named}{minus}" if line.chain else "all arms"
    return arm, line.evaluation, words.typeset(line.why), words.typeset(line.mend)
