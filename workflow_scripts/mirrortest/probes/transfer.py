"""Probes of one arm on the answers of another: is it the same direction there?"""

from typing import Any

import numpy as np

from mirrortest.chains import BASE
from mirrortest.probes.cases import Cases, Subject
from mirrortest.probes.folds import SCORE, spread
from mirrortest.probes.linear import Floats, Probe, measure

COLUMNS = [
    *("model", "chain", "seed", "to_model", "to_chain", "to_seed", "label", "position", "layer"),
    *("outcome", "auc", "auc_sd", "accuracy", "accuracy_sd", "measured", "n", "positives"),
]
"""Of transfer.csv; n and positives are of the arm that the probe is measured on."""


def pairs(subjects: list[Subject]) -> list[tuple[Subject, Subject]]:
    """From and to: arms of the same seed, and the bases, which have none, with all."""
    return [
        (one, other)
        for one in subjects
        for other in subjects
        if one != other and (one.seed == other.seed or BASE in (one.chain, other.chain))
    ]


def hindrance(one: Cases, other: Cases, width: int, other_width: int) -> str | None:
    """Why a probe of the first cannot be measured on the second, if so."""
    if one.outcome != SCORE:
        return f"from: {one.outcome}"
    if other.outcome in ("no labels", "one class"):
        return f"to: {other.outcome}"
    if width != other_width:
        return f"not comparable: width {width} to {other_width}"
    return None


def line(one: Cases, other: Cases, layer: int | None, about: dict[str, Any]) -> dict[str, Any]:
    """A line of the table with these numbers or this outcome."""
    to = {f"to_{key}": value for key, value in other.subject.named.items()}
    place = {"label": one.label, "position": one.position, "layer": layer}
    counts = {key: other.counts[key] for key in ("n", "positives")}
    return one.subject.named | to | place | {"outcome": SCORE} | about | counts


def transferred(
    probes: list[Probe | None], one: Cases, other: Cases, vectors: Floats
) -> dict[str, Any]:
    """The probe of each fold on what the other arm answered to prompts that it has not seen.

    probes: those of the first arm's grouped folds; vectors: of the second.
    """
    found = []
    for probe, split in zip(probes, one.grouped, strict=True):
        unseen = ~np.isin(other.known.prompts, one.known.prompts[split.train])
        found.append(probe and measure(probe, vectors[unseen], other.labels[unseen]))
    over = spread(found)
    return {"outcome": "to: one class in each fold"} if over is None else over._asdict()
