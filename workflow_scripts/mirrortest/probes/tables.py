"""All arms, labels, positions and layers: the lines of the three tables."""

import logging
from dataclasses import dataclass, field
from typing import Any

from mirrortest.probes import controls, directions, store, transfer
from mirrortest.probes.cases import Cases, Subject
from mirrortest.probes.folds import SCORE, Trial
from mirrortest.probes.linear import Floats, Ground

LABELS = ("harm", "self_assessment")

log = logging.getLogger(__name__)

Lines = list[dict[str, Any]]
Key = tuple[str, Subject]
"""A label and an arm."""


@dataclass(frozen=True)
class Tables:
    """The lines of probes.csv, transfer.csv and directions.csv."""

    probes: Lines = field(default_factory=list)
    transfer: Lines = field(default_factory=list)
    directions: Lines = field(default_factory=list)


def tables(subjects: list[Subject], folds: int, permutations: int) -> Tables:
    """Everything about these arms; at most one layer of them is in memory."""
    found = Tables()
    there = {subject: _layers(subject) for subject in subjects}
    for position in store.POSITIONS:
        cases = {
            (label, subject): Cases.of(subject, label, position, folds, permutations)
            for label in LABELS
            for subject in subjects
        }
        found.probes.extend(line for one in cases.values() for line in controls.without_layer(one))
        pairs = _pairs(cases, found)
        both = _both(cases, subjects, found)
        for layer in sorted(set().union(*there.values())):
            log.info("position %s, layer %d", position, layer)
            at = {key: one for key, one in cases.items() if layer in there[key[1]]}
            vectors = {key: one.vectors(layer) for key, one in at.items()}
            _probe(at, vectors, layer, pairs, found)
            _compare(at, vectors, layer, both, found)
    return found


def _layers(subject: Subject) -> list[int]:
    return store.layers(subject.activations, subject.evaluations["harm"])


def _pairs(cases: dict[Key, Cases], found: Tables) -> list[tuple[Key, Key]]:
    """From and to; a line for each pair that cannot be compared."""
    able = []
    subjects = list(dict.fromkeys(subject for _, subject in cases))
    widths = {subject: store.width(subject.activations) for subject in subjects}
    for label in LABELS:
        for pair in transfer.pairs(subjects):
            one, other = (cases[label, subject] for subject in pair)
            why = transfer.hindrance(one, other, *(widths[subject] for subject in pair))
            if why is None:
                able.append(((label, pair[0]), (label, pair[1])))
            else:
                found.transfer.append(transfer.line(one, other, None, {"outcome": why}))
    return able


def _both(cases: dict[Key, Cases], subjects: list[Subject], found: Tables) -> list[Subject]:
    """The arms that have both directions; a line for each of the others."""
    able = []
    for subject in subjects:
        harm, told = (cases[label, subject] for label in LABELS)
        why = directions.hindrance(harm, told)
        if why is None:
            able.append(subject)
        else:
            found.directions.append(directions.line(harm, None, {"outcome": why}))
    return able


def _probe(
    cases: dict[Key, Cases],
    vectors: dict[Key, Floats],
    layer: int,
    pairs: list[tuple[Key, Key]],
    found: Tables,
) -> None:
    """Probes of each arm, and each arm's probes on others."""
    probes = {}
    for key, one in cases.items():
        if one.outcome == SCORE:
            trial = Trial.of(vectors[key], one.labels, one.grouped)
            probes[key] = trial.probes(Ground.logistic)
            found.probes.extend(controls.at_layer(one, layer, trial, probes[key]))
    for source, target in pairs:
        if source in cases and target in cases:
            one, other = cases[source], cases[target]
            about = transfer.transferred(probes[source], one, other, vectors[target])
            found.transfer.append(transfer.line(one, other, layer, about))


def _compare(
    cases: dict[Key, Cases],
    vectors: dict[Key, Floats],
    layer: int,
    subjects: list[Subject],
    found: Tables,
) -> None:
    """Harm against self-assessment, arm by arm."""
    for subject in subjects:
        keys = [(label, subject) for label in LABELS]
        if keys[0] in cases:
            harm, told = (cases[key] for key in keys)
            lines = directions.compared(harm, told, (vectors[keys[0]], vectors[keys[1]]))
            found.directions.extend(directions.line(harm, layer, about) for about in lines)
