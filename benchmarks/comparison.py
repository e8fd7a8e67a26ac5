"""Two sides of one piece of work in turn, and what their ratio is, with its spread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

import numpy as np

Run = Callable[[], "Took"]
Measure = Literal["seconds", "peak_mb", "written_mb"]


@dataclass(frozen=True)
class Took:
    """What one run of one side took, and what it came to: numbers that both sides must agree on.

    seconds: without loading; peak_mb: of a process of its own, 0 where it had none; written_mb: to
    the disk, 0 where nothing was counted.
    """

    seconds: float
    results: list[float]
    peak_mb: float = 0.0
    written_mb: float = 0.0


class DifferentError(Exception):
    """The sides did not compute the same."""


@dataclass(frozen=True)
class Comparison:
    """One line of the table. goal: how many times as much of the measure they are to need."""

    work: str
    against: str
    sample: str
    goal: float | None
    ours: list[Took]
    theirs: list[Took]
    measure: Measure = "seconds"

    def measured(self, side: list[Took]) -> list[float]:
        """The measure of each repetition of a side."""
        return [getattr(took, self.measure) for took in side]

    @property
    def ratios(self) -> list[float]:
        """Theirs over ours, of each repetition."""
        pairs = zip(self.measured(self.ours), self.measured(self.theirs), strict=True)
        return [b / a for a, b in pairs]

    def of(self, measure: Measure, goal: float | None) -> "Comparison":
        """The same runs by another measure."""
        return replace(self, measure=measure, goal=goal)

    def line(self) -> dict[str, object]:
        """The line as a row of the csv."""
        return {
            "work": self.work,
            "against": self.against,
            "sample": self.sample,
            "measure": self.measure,
            "goal": self.goal,
            "ratio": round(median(self.ratios), 2),
            "ratio_min": round(min(self.ratios), 2),
            "ratio_max": round(max(self.ratios), 2),
            "ours": round(median(self.measured(self.ours)), 2),
            "theirs": round(median(self.measured(self.theirs)), 2),
            "difference": f"{self.difference:.1e}",
            "repetitions": len(self.ours),
        }

    @property
    def difference(self) -> float:
        """The largest between a number of ours and theirs, in all repetitions."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return float(np.max([apart(a.results, b.results) for a, b in pairs]))


def apart(ours: list[float], theirs: list[float]) -> float:
    """The largest difference between two lists; infinite where one is longer.

    Not a number where one of them is not.
    """
    if len(ours) != len(theirs):
        return float("inf")
    return float(np.abs(np.subtract(ours, theirs)).max())


def agreeing(comparison: Comparison, tolerance: float) -> Comparison:
    """The comparison itself. Raises DifferentError where the sides differ by more."""
    if not comparison.difference <= tolerance:
        raise DifferentError(
            f"{comparison.work}: ours and {comparison.against} differ by "
            f"{comparison.difference:.2g}, more than {tolerance:.0e}; the times mean nothing."
        )
    return comparison


def in_turn(sides: Mapping[str, Run], repetitions: int) -> dict[str, list[Took]]:
    """Each side so many times, A B A B ..., so that a slow minute of the machine hits all."""
    found: dict[str, list[Took]] = {name: [] for name in sides}
    for _ in range(repetitions):
        for name, run in sides.items():
            found[name].append(run())
    return found
