"""Whether harm and self-assessment lie along the same direction."""

from typing import Any

import numpy as np
from scipy import stats

from mirrortest.probes.cases import Cases
from mirrortest.probes.folds import SCORE, Fit
from mirrortest.probes.linear import Bools, Floats, Ground, cosine

COLUMNS = [
    *("model", "chain", "seed", "position", "layer", "direction", "outcome"),
    *("cosine", "random_95", "shuffled_95", "width"),
]
"""Of directions.csv. The last two but one: 95 % of chance cosines are nearer to 0."""
KINDS: dict[str, Fit] = {"logistic": Ground.logistic, "mean_difference": Ground.mean_difference}


def random_95(width: int) -> float:
    """Of directions drawn at random, 95 % have a smaller cosine: its square is a beta variable."""
    return float(np.sqrt(stats.beta.ppf(0.95, 0.5, (width - 1) / 2)))


def hindrance(harm: Cases, told: Cases) -> str | None:
    """Why there are no two directions to compare, if so."""
    for cases in (harm, told):
        if cases.outcome in ("no labels", "one class"):
            return f"{cases.label}: {cases.outcome}"
    return None


def line(cases: Cases, layer: int | None, about: dict[str, Any]) -> dict[str, Any]:
    """A line of the table with these numbers or this outcome."""
    place = {"position": cases.position, "layer": layer}
    return cases.subject.named | place | {"outcome": SCORE} | about


def compared(harm: Cases, told: Cases, vectors: tuple[Floats, Floats]) -> list[dict[str, Any]]:
    """For each kind of direction, trained on all answers: the cosine and what chance gives.

    vectors: of harm, of self-assessment.
    """
    one, other = Ground(vectors[0]), Ground(vectors[1])
    width = vectors[0].shape[1]
    known = {"random_95": random_95(width), "width": width}
    found = []
    for kind, fit in KINDS.items():
        angle = cosine(fit(one, harm.labels).direction, fit(other, told.labels).direction)
        told_by = {"outcome": "no direction"} if np.isnan(angle) else {"cosine": angle}
        chance = [
            cosine(fit(one, first).direction, fit(other, second).direction)
            for first, second in zip(harm.shuffles, told.shuffles, strict=True)
            if _usable(first) and _usable(second)
        ]
        shuffled = {"shuffled_95": float(np.quantile(np.abs(chance), 0.95))} if chance else {}
        found.append({"direction": kind} | known | told_by | shuffled)
    return found


def _usable(labels: Bools) -> bool:
    return bool(labels.any() and not labels.all())
