"""Two sides of one piece of work in turn, and what their ratio is, with its spread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

Run = Callable[[], "Took"]


@dataclass(frozen=True)
class Took:
    """What one run of one side took, and what it came to: numbers that both sides must agree on.

    seconds: without loading; peak_mb: of a process of its own, 0 where it had none.
    """

    seconds: float
    results: list[float]
    peak_mb: float = 0.0


class DifferentError(Exception):
    """The sides did not compute the same."""


@dataclass(frozen=True)
class Comparison:
    """One line of the table. goal: how many times as fast ours is to be."""

    work: str
    against: str
    sample: str
    goal: float | None
    ours: list[Took]
    theirs: list[Took]

    @property
    def ratios(self) -> list[float]:
        """Their seconds over ours, of each repetition."""
        return [b.seconds / a.seconds for a, b in zip(self.ours, self.theirs, strict=True)]

    def line(self) -> dict[str, object]:
        """The line as a row of the csv."""
        return {
            "work": self.work,
            "against": self.against,
            "sample": self.sample,
            "goal": self.goal,
            "ratio": round(median(self.ratios), 2),
            "ratio_min": round(min(self.ratios), 2),
            "ratio_max": round(max(self.ratios), 2),
            "ours_seconds": round(median(took.seconds for took in self.ours), 2),
            "theirs_seconds": round(median(took.seconds for took in self.theirs), 2),
            "ours_peak_mb": round(max(took.peak_mb for took in self.ours)) or None,
            "theirs_peak_mb": round(max(took.peak_mb for took in self.theirs)) or None,
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
