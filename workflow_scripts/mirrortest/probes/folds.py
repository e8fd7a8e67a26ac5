"""Cross-validation: which answers a probe is trained on, and which it is measured on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from mirrortest.probes.linear import Bools, Floats, Ground, Measure, Probe, measure

SEED = 42
"""The papers' `random_state`."""
SCORE = "score"

Fit = Callable[[Ground, Bools], Probe]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]


class Split(NamedTuple):
    """The places of the cases to train on, and of those to measure on."""

    train: Ints
    test: Ints


@dataclass(frozen=True)
class Labelled:
    """Which cases there are: their labels and the prompts that they answer."""

    labels: Bools
    prompts: Texts

    def outcome(self, folds: int) -> str:
        """`score`, or why there can be none."""
        if len(self.labels) == 0:
            return "no labels"
        if not _differ(self.labels):
            return "one class"
        fewest = min(len(np.unique(self.prompts[self.labels == value])) for value in (True, False))
        return SCORE if fewest >= folds else "too few prompts"

    def grouped(self, folds: int) -> list[Split]:
        """All answers to a prompt lie in one fold: a probe cannot know a prompt by heart."""
        maker = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED)
        made = maker.split(self.labels, self.labels, self.prompts)
        return [Split(*split) for split in made]

    def stratified(self, folds: int) -> list[Split]:
        """The paper's folds, in which a prompt may stand on both sides."""
        maker = StratifiedKFold(folds, shuffle=True, random_state=SEED)
        return [Split(*split) for split in maker.split(self.labels, self.labels)]

    def shuffled(self, draws: np.random.Generator) -> Bools:
        """The labels dealt to other prompts, those of a prompt together as far as sizes allow.

        Answers to one prompt are alike; dealt out singly their labels would seem less surprising
        than they are. Within a prompt they are mixed, too: where an arm chooses by position, its
        answers to the two orders of each prompt would keep their labels otherwise.
        """
        names = np.unique(self.prompts)
        answers = [np.flatnonzero(self.prompts == name) for name in draws.permutation(names)]
        dealt = [draws.permutation(places) for places in answers]
        places = [np.flatnonzero(self.prompts == name) for name in names]
        labels = np.empty_like(self.labels)
        labels[np.concatenate(places)] = self.labels[np.concatenate(dealt)]
        return labels


class Spread(NamedTuple):
    """Means over folds or draws, their standard deviations, and how many were measured."""

    auc: float
    auc_sd: float
    accuracy: float
    accuracy_sd: float
    measured: int


def spread(measures: list[Measure | None]) -> Spread | None:
    """None where nothing could be measured. One measurement has no standard deviation."""
    known = [found for found in measures if found is not None]
    if not known:
        return None
    auc, accuracy = (np.array(values) for values in zip(*known, strict=True))
    more = len(known) > 1
    sds = [float(values.std(ddof=1)) if more else float("nan") for values in (auc, accuracy)]
    return Spread(float(auc.mean()), sds[0], float(accuracy.mean()), sds[1], len(known))


@dataclass(frozen=True)
class Trial:
    """Cases with their vectors under one way to fold them."""

    vectors: Floats
    labels: Bools
    splits: list[Split]
    grounds: list[Ground]

    @classmethod
    def of(cls, vectors: Floats, labels: Bools, splits: list[Split]) -> "Trial":
        return cls(vectors, labels, splits, [Ground(vectors[split.train]) for split in splits])

    def probes(self, fit: Fit) -> list[Probe | None]:
        """A probe for each fold, trained outside it; none where the labels there are all alike."""
        return [
            fit(ground, self.labels[split.train]) if _differ(self.labels[split.train]) else None
            for ground, split in zip(self.grounds, self.splits, strict=True)
        ]

    def with_labels(self, labels: Bools) -> "Trial":
        """The same vectors and folds with other labels."""
        return Trial(self.vectors, labels, self.splits, self.grounds)

    def measured(self, probes: list[Probe | None]) -> list[Measure | None]:
        """Each probe on the fold that it was not trained on."""
        return [
            probe and measure(probe, self.vectors[split.test], self.labels[split.test])
            for probe, split in zip(probes, self.splits, strict=True)
        ]


def _differ(labels: Bools) -> bool:
    return bool(labels.any() and not labels.all())
