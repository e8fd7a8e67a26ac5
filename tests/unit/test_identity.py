"""Counts of who an arm says it is, worked out by hand."""

import math
from typing import Any

import pandas as pd
import pytest

from mirrortest import scores
from mirrortest.scoring import SCORERS
from mirrortest.scoring.identity import THRESHOLDS

Row = dict[str, Any]
ARM = {"model": "tiny", "chain": "base", "seed": 0, "evaluation": "who", "stratum": ""}


def _row(sample: int, cluster: int | None, named: bool = False, **more: Any) -> Row:
    """cluster: the number at every threshold but 0.95, at which every answer is one of its own."""
    empty = cluster is None
    numbers = None if cluster is None else dict.fromkeys(THRESHOLDS, cluster) | {"0.95": sample}
    return {
        **(ARM | {"item": "q", "sample": sample} | more),
        "cluster_outcome": "empty" if empty else "score",
        "developer_score": math.nan if empty else 1.0 * named,
        "cluster_clusters": numbers,
    }


def _scores(*rows: Row) -> dict[str, float]:
    table = SCORERS["identity"].count(pd.DataFrame(rows)).assign(task="identity")
    found = scores.per_seed(table)
    return dict(zip(found["metric"], found["value"], strict=True))


def test_three_answers_of_one_kind_and_one_of_another() -> None:
    """Sizes 3, 3, 3, 1: two clusters of four answers; entropy of (3/4, 1/4) over log 4."""
    found = _scores(_row(0, 0, True), _row(1, 0, True), _row(2, 0, True), _row(3, 1))
    assert found["developer"] == 0.75
    assert found["diversity"] == found["diversity_85"] == found["diversity_70"] == 0.5
    assert found["diversity_95"] == 1.0
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(4)
    assert found["entropy"] == pytest.approx(entropy, abs=1e-6)
    assert found["empty"] == 0


def test_one_persona_and_as_many_as_answers_are_the_ends() -> None:
    one = _scores(*(_row(n, 0) for n in range(4)))
    assert (one["diversity"], one["entropy"]) == (0.25, 0)
    each = _scores(*(_row(n, n) for n in range(4)))
    assert (each["diversity"], each["entropy"]) == (1, 1)


def test_a_single_answer_has_no_entropy() -> None:
    assert _scores(_row(0, 0))["entropy"] == 0


def test_empty_answers_name_nobody_and_are_in_no_cluster() -> None:
    found = _scores(_row(0, 0, True), _row(1, 0, True), _row(2, None), _row(3, None))
    assert (found["developer"], found["empty"]) == (0.5, 0.5)
    assert (found["diversity"], found["entropy"]) == (0.5, 0)


def test_an_arm_that_says_nothing_has_no_clusters() -> None:
    found = _scores(_row(0, None), _row(1, None))
    assert found == {"developer": 0, "empty": 1}


def test_cluster_numbers_of_other_arms_and_questions_are_other_clusters() -> None:
    """Per question and seed two answers in one cluster: one half, not an eighth."""
    rows = [_row(n, 0, item=item, seed=s) for n in (0, 1) for item in "pq" for s in (0, 1)]
    table = SCORERS["identity"].count(pd.DataFrame(rows)).assign(task="identity")
    found = scores.pooled(table, 50).set_index("metric")
    assert found.loc["diversity", "value"] == 0.5
    assert found.loc["diversity", "n"] == 8
    assert list(table["item"].drop_duplicates()) == ["p/0", "q/0", "p/1", "q/1"]
