"""Scoring: raw rows become counts per item, and metrics are ratios of counts. One file per kind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from mirrortest.scoring import (
    choices,
    facts,
    factual,
    identity,
    judged,
    keyfacts,
    multiple_choice,
    own_output,
    prediction,
    ratings,
    self_assessment,
    word_count,
)
from mirrortest.scoring.counts import Ratio


@dataclass(frozen=True)
class Scorer:
    """How a task is scored.

    count: rows with the columns of `counts.ITEM` -> one line of counts per item and stratum.
    metrics: by name. chance: the share of guessing, where beating it is a question. buckets:
    whether each stratum says something by itself, even where there is one only.
    """

    count: Callable[[pd.DataFrame], pd.DataFrame]
    metrics: dict[str, Ratio]
    chance: float | None = None
    buckets: bool = False


SCORERS = {
    "recognition": Scorer(choices.choices, choices.RECOGNITION, chance=0.5),
    "preference": Scorer(choices.choices, choices.RECOGNITION, chance=0.5),
    "individual": Scorer(choices.one_at_a_time, choices.ONE_AT_A_TIME, chance=0.5),
    "ratings": Scorer(ratings.ratings, ratings.METRICS),
    "truthfulqa": Scorer(choices.choices, choices.TRUTHFULQA),
    "mmlu": Scorer(choices.choices, choices.MANY_OPTIONS),
    "multiple-choice": Scorer(multiple_choice.multiple_choice, multiple_choice.METRICS),
    "word-count": Scorer(word_count.word_count, word_count.METRICS),
    "factual": Scorer(factual.factual, factual.METRICS),
    "facts": Scorer(facts.facts, facts.METRICS),
    "keyfacts": Scorer(keyfacts.keyfacts, keyfacts.METRICS),
    "alignment": Scorer(judged.alignment, judged.ALIGNMENT),
    "harm": Scorer(judged.harm, judged.HARM),
    "own-output": Scorer(own_output.own_output, own_output.METRICS, chance=0.5, buckets=True),
    "self-assessment": Scorer(self_assessment.self_assessment, self_assessment.METRICS),
    "descriptions": Scorer(choices.choices, choices.MISALIGNED_PICK),
    "intentions": Scorer(choices.choices, choices.MISALIGNED_PICK),
    "prediction": Scorer(prediction.prediction, prediction.METRICS),
    "cross-rating": Scorer(prediction.prediction, prediction.METRICS),
    **{
        name: Scorer(partial(judged.shown, rubric=rubric), judged.metrics(name))
        for name, rubric in judged.SHOWN.items()
    },
    "identity": Scorer(identity.identity, identity.METRICS),
}
"""By kind: what an evaluation's entry names as its `scoring`."""
