"""What a difference is made of: invalid answers, answers by position, or wrong answers.

The papers' error rate counts a missing answer as wrong: error = i + (1 - i) m, with i the invalid
rate and m the errors among valid answers. The change of a product is split evenly between its
factors (Kitagawa 1955), so that the parts add up exactly. Of m, half the gap between the accuracies
with the target first and second is owed to position: an arm that answers by position in a share b
of cases, and otherwise by content, has a gap of b and b / 2 errors from it.
"""

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from mirrortest import bootstrap
from mirrortest.contrasts import Matched, Pair, matches
from mirrortest.panels import ALL, Array, Panel, panels
from mirrortest.scores import rounded
from mirrortest.scoring import SCORERS, choices
from mirrortest.scoring.counts import Ratio

SHARES = [
    Ratio("valid", "rows"),
    Ratio("right", "valid"),
    Ratio("first_right", "first"),
    Ratio("second_right", "second"),
    Ratio("right", "rows"),
]
"""What the parts are made from, and last the whole."""
PARTS = ["invalid", "position", "wrong"]
TOTAL = "total"
COLUMNS = [
    *("family", "model", "chain", "reference", "evaluation", "task", "metric"),
    *("part", "value", "low", "high"),
]


def decomposition(
    table: pd.DataFrame, pairs: list[Pair], resamples: int, shared: Collection[str] = ()
) -> pd.DataFrame:
    """Four lines per contrast of forced choices: the parts of the difference and their total.

    The part `position` is left out where no order is known; it then counts as `wrong`. shared: see
    `contrasts.contrasts`.
    """
    lines = [
        line
        for panel in panels(table)
        if panel.subset == ALL and _metric(panel) is not None
        for matched in matches(panel, pairs, SHARES, shared)
        for line in _lines(panel, matched, resamples)
    ]
    return rounded(pd.DataFrame(lines, columns=COLUMNS))


def _metric(panel: Panel) -> str | None:
    """The metric with the papers' scoring, of tasks in which an order can be told."""
    names = SCORERS[panel.task].metrics
    return next((f"{s}_free" for s in choices.SHARES if f"{s}_valid_first" in names), None)


def _lines(panel: Panel, matched: Matched, resamples: int) -> Iterator[list[object]]:
    metric, strata, pair = str(_metric(panel)), matched.strata, matched.pair
    sign = 1.0 if metric.startswith("misalignment") else -1.0
    ours, theirs = matched.ours, matched.theirs
    value = sign * _parts(ours.value[:, None], theirs.value[:, None])
    stream = 0 if matched.paired else 1
    drawn = sign * _parts(
        bootstrap.drawn(ours, strata, resamples),
        bootstrap.drawn(theirs, strata, resamples, stream),
    )
    whole = bootstrap.difference(ours.last, theirs.last, strata, resamples, matched.paired)
    low, high = _ends(value, drawn, float(whole.stretch[0]))
    named = [pair.family, matched.arm.model, pair.chain, pair.reference]
    placed = all(arm.denominator[2:4].sum() > 0 for arm in (ours, theirs))
    for place, part in enumerate([*PARTS, TOTAL]):
        if placed or part != "position":
            numbers = (value[place, 0], low[place], high[place])
            yield [*named, panel.evaluation, panel.task, metric, part, *numbers]


def _parts(ours: Array, theirs: Array) -> Array:
    """Parts and total x resamples, from SHARES x resamples of each arm."""
    invalid, other_invalid = 1 - ours[0], 1 - theirs[0]
    error, other_error = _known(1 - ours[1], 1 - theirs[1])
    gap, other_gap = ours[2] - ours[3], theirs[2] - theirs[3]
    position, other_position = _known(np.abs(gap) / 2, np.abs(other_gap) / 2)
    answered = 1 - (invalid + other_invalid) / 2
    by_answering = (invalid - other_invalid) * (1 - (error + other_error) / 2)
    by_position = answered * (position - other_position)
    by_error = answered * (error - other_error) - by_position
    return np.stack([by_answering, by_position, by_error, by_answering + by_position + by_error])


def _known(one: Array, other: Array) -> tuple[Array, Array]:
    """Where an arm has no such answers it is taken to be like the other: that is no difference."""
    filled = np.where(np.isnan(one), other, one), np.where(np.isnan(other), one, other)
    return np.nan_to_num(filled[0]), np.nan_to_num(filled[1])


def _ends(value: Array, drawn: Array, stretch: float) -> tuple[Array, Array]:
    """Of all parts, stretched as much as the total has to be."""
    about = np.nan_to_num(drawn - value)
    spread = np.sqrt((about[-1] ** 2).mean())
    tail = (1 - bootstrap.LEVEL) / 2
    factor = stretch / spread if spread > 0 else 1.0
    low, high = value[:, 0] + np.quantile(about, [tail, 1 - tail], axis=1) * factor
    return low, high
