"""Linear probes: a direction in the residual stream, and the threshold along it.

All are fitted on standardised vectors, whose mean and scale are of the training vectors alone, and
given back as directions in the residual stream itself, so that arms can be compared.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

STEPS = 1000
"""More than L-BFGS ever took; where the classes can be parted it stops at the penalty."""


class Probe(NamedTuple):
    """A direction (width) and what is added to the projection on it; above 0 is yes."""

    direction: Floats
    bias: float

    def scores(self, vectors: Floats) -> Floats:
        """One number per vector."""
        return vectors @ self.direction + self.bias


class Measure(NamedTuple):
    """How well a probe tells the vectors of one fold."""

    auc: float
    accuracy: float


@dataclass(frozen=True)
class Ground:
    """Vectors to train on (cases x width), ready to be fitted to labels of any kind."""

    vectors: Floats

    @cached_property
    def mean(self) -> Floats:
        mean: Floats = self.vectors.mean(axis=0)
        return mean

    @cached_property
    def scale(self) -> Floats:
        """The standard deviation of each coordinate; 1 where it is the same in all vectors."""
        spread: Floats = self.vectors.std(axis=0)
        flat = spread <= 1e-12 * np.abs(self.vectors).max(axis=0)
        return np.where(flat, 1.0, spread)

    @cached_property
    def _turned(self) -> tuple[Floats | None, Floats]:
        """The standardised vectors in a basis of the space that they span, and that basis.

        With fewer vectors than coordinates the fit is the same there, since its penalty does not
        change under rotation, and takes a hundredth of the time.
        """
        standard = (self.vectors - self.mean) / self.scale
        if len(standard) >= standard.shape[1]:
            return None, standard
        basis, coordinates = np.linalg.qr(standard.T)
        return basis, coordinates.T

    def logistic(self, labels: Bools) -> Probe:
        """Logistic regression with scikit-learn's penalty (L2, C = 1)."""
        basis, coordinates = self._turned
        fitted = LogisticRegression(max_iter=STEPS).fit(coordinates, labels)
        weights = fitted.coef_[0] if basis is None else basis @ fitted.coef_[0]
        direction = weights / self.scale
        return Probe(direction, float(fitted.intercept_[0] - direction @ self.mean))

    def mean_difference(self, labels: Bools) -> Probe:
        """From the mean of the noes to that of the yeses, parted halfway; nothing is standardised.

        Source: Soligo et al. 2025 (arXiv 2506.11618).
        """
        yes, no = self.vectors[labels].mean(axis=0), self.vectors[~labels].mean(axis=0)
        return Probe(yes - no, float(-(yes - no) @ (yes + no) / 2))

    def random(self, labels: Bools, draws: np.random.Generator) -> Probe:
        """A direction drawn at random (of the standardised vectors), pointing to the yeses."""
        direction = draws.standard_normal(self.vectors.shape[1]) / self.scale
        yes, no = self.vectors[labels] @ direction, self.vectors[~labels] @ direction
        sign = 1.0 if yes.mean() >= no.mean() else -1.0
        return Probe(sign * direction, float(-sign * (yes.mean() + no.mean()) / 2))


def measure(probe: Probe, vectors: Floats, labels: Bools) -> Measure | None:
    """None where the labels are all alike, so that there is nothing to tell apart."""
    if labels.all() or not labels.any():
        return None
    scores = probe.scores(vectors)
    return Measure(float(roc_auc_score(labels, scores)), float(((scores > 0) == labels).mean()))


def cosine(one: Floats, two: Floats) -> float:
    """Of the angle between two directions; not a number where one of them has no length."""
    lengths = np.linalg.norm(one) * np.linalg.norm(two)
    return float(one @ two / lengths) if lengths > 0 else float("nan")
