"""How well each kind of probe does on one arm, layer and label; and what does as well by chance."""

from typing import Any

import numpy as np

from mirrortest.probes.cases import SEED, Cases
from mirrortest.probes.folds import SCORE, Spread, Trial, spread
from mirrortest.probes.linear import Floats, Ground, Measure, Probe

COLUMNS = [
    *("model", "chain", "seed", "label", "evaluation", "position", "layer", "folds", "probe"),
    *("outcome", "auc", "auc_sd", "accuracy", "accuracy_sd", "measured"),
    *("n", "positives", "prompts"),
]
"""Of probes.csv. measured: the folds, or for controls by chance the draws, behind the numbers."""


def without_layer(cases: Cases) -> list[dict[str, Any]]:
    """What the answers' length or the order shown tells alone; or why nothing can be told."""
    if cases.outcome != SCORE:
        return [cases.columns | {"probe": "logistic", "outcome": cases.outcome} | cases.counts]
    alone = {"answer_length": np.log1p(cases.tokens)}
    if len(set(cases.orders)) > 1:
        alone["order"] = (cases.orders == cases.orders[0]).astype(np.float64)
    return [_alone(cases, probe, values) for probe, values in alone.items()]


def _alone(cases: Cases, probe: str, values: Floats) -> dict[str, Any]:
    trial = Trial.of(values[:, None], cases.labels, cases.grouped)
    found = spread(trial.measured(trial.probes(Ground.logistic)))
    return _line(cases, None, "grouped", probe, found)


def at_layer(
    cases: Cases, layer: int, grouped: Trial, probes: list[Probe | None]
) -> list[dict[str, Any]]:
    """All kinds of probes. grouped: the cases in their grouped folds; probes: the logistic ones."""
    paper = Trial.of(grouped.vectors, cases.labels, cases.stratified)
    means = grouped.probes(Ground.mean_difference)
    found = {
        ("grouped", "logistic"): spread(grouped.measured(probes)),
        ("stratified", "logistic"): spread(paper.measured(paper.probes(Ground.logistic))),
        ("grouped", "mean_difference"): spread(grouped.measured(means)),
        ("grouped", "random_direction"): _random(grouped, cases.permutations),
        ("grouped", "shuffled_labels"): _shuffled(grouped, cases),
    }
    return [_line(cases, layer, folds, probe, of) for (folds, probe), of in found.items()]


def _random(trial: Trial, count: int) -> Spread | None:
    """Over draws of a direction for each fold."""
    draws = np.random.default_rng(SEED)
    made = [trial.probes(lambda ground, yes: ground.random(yes, draws)) for _ in range(count)]
    return spread([_mean(trial.measured(probes)) for probes in made])


def _shuffled(trial: Trial, cases: Cases) -> Spread | None:
    """Over shuffles of the labels, by which the probes are trained and measured."""
    dealt = [trial.with_labels(labels) for labels in cases.shuffles]
    return spread([_mean(one.measured(one.probes(Ground.logistic))) for one in dealt])


def _mean(measures: list[Measure | None]) -> Measure | None:
    over = spread(measures)
    return over and Measure(over.auc, over.accuracy)


def _line(
    cases: Cases, layer: int | None, folds: str, probe: str, found: Spread | None
) -> dict[str, Any]:
    kind = {"layer": layer, "folds": folds, "probe": probe}
    numbers = {"outcome": "one class in each fold"} if found is None else found._asdict()
    return cases.columns | kind | {"outcome": SCORE} | numbers | cases.counts
