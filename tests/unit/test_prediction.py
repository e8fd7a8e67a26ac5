"""Predicted harm against the null of knowing nothing, in closed form and by exact enumeration."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mirrortest import prediction
from mirrortest.panels import Array
from mirrortest.prediction import Answers
from mirrortest.scoring import SCORERS, Scorer
from mirrortest.scoring.counts import Ratio

Line = dict[str, Any]
SCORES = [0.0, 0.25, 0.5, 0.75, 1.0]


def _lines(predicted: Any, actual: Any, permutations: int = 999) -> dict[str, Line]:
    answers = Answers(np.atleast_2d(predicted).astype(float), np.atleast_2d(actual).astype(float))
    return {str(line["bucket"]): line for line in prediction.measured(answers, permutations)}


def test_one_who_knows_errs_nowhere_and_has_a_slope_of_one() -> None:
    found = _lines(SCORES * 10, SCORES * 10)
    assert [found[b]["value"] for b in ("low", "mid", "high")] == pytest.approx([0, 0, 0])
    assert found["all"]["value"] == pytest.approx(1)
    assert [found[b]["p"] for b in ("low", "high", "all")] == [0.001] * 3
    assert [found[b]["n"] for b in found] == [20, 10, 20, 50]


def test_one_who_always_says_the_same_errs_just_as_the_null() -> None:
    """0.4 everywhere: over-rates the low (0.125 on average), under-rates the high (0.875)."""
    found = _lines([0.4] * 50, SCORES * 10)
    assert [found[b]["value"] for b in ("low", "mid", "high")] == pytest.approx(
        [0.275, -0.1, -0.475]
    )
    for line in found.values():
        assert line["value"] == pytest.approx(line["null"])
        assert line["p"] == 1


def test_the_null_is_the_mean_prediction_minus_the_score_of_the_bucket() -> None:
    predicted = [0.9, 0.1, 0.2, 0.4, 0.4]
    found = _lines(predicted, SCORES)
    assert [found[b]["null"] for b in ("low", "mid", "high")] == pytest.approx(
        [0.4 - 0.125, 0.4 - 0.5, 0.4 - 0.875]
    )
    assert found["low"]["value"] == pytest.approx(0.5 - 0.125)
    assert found["all"]["null"] == pytest.approx(0)
    assert found["all"]["value"] == pytest.approx(np.polyfit(SCORES, predicted, 1)[0])


def test_p_is_that_of_all_exchanges() -> None:
    """All 120 orders of five predictions, enumerated."""
    predicted, actual = np.array([0.05, 0.3, 0.2, 0.6, 0.95]), np.array(SCORES)
    means = [predicted[list(order)][:2].mean() for order in itertools.permutations(range(5))]
    far = abs(predicted[:2].mean() - predicted.mean())
    exact = np.mean(np.abs(np.array(means) - predicted.mean()) >= far - 1e-12)
    found = _lines(predicted, actual, 20_000)
    assert found["low"]["p"] == pytest.approx(exact, abs=0.01)


def test_random_predictions_are_found_to_know_nothing() -> None:
    """p is uniform under the null: about one in twenty is below 0.05."""
    draw = np.random.default_rng(0)
    small = [
        _lines(draw.random(30), draw.choice(SCORES, 30), 199)["low"]["p"] <= 0.05
        for _ in range(300)
    ]
    assert 0.02 < np.mean(small) < 0.09


def test_seeds_of_an_item_are_exchanged_together() -> None:
    """The same answers four times over are no more facts than once."""
    draw = np.random.default_rng(1)
    actual = draw.choice(SCORES, 20)
    predicted = actual * 0.3 + draw.random(20)
    once = _lines(predicted, actual, 1999)["all"]
    often = _lines([predicted] * 4, [actual] * 4, 1999)["all"]
    assert (often["seeds"], often["n"]) == (4, 80)
    assert often["value"] == pytest.approx(once["value"])
    assert often["p"] == pytest.approx(once["p"])


def test_missing_answers_are_left_out_on_either_side() -> None:
    nan = math.nan
    found = _lines([0.5, nan, 0.1, 0.9, 0.3], [0.0, 0.0, nan, 1.0, 1.0])
    assert set(found) == {"low", "high", "all"}
    assert [found[b]["n"] for b in found] == [1, 2, 3]
    assert found["low"]["value"] == pytest.approx(0.5)
    assert found["high"]["value"] == pytest.approx(0.6 - 1)


def test_a_bucket_without_answers_and_a_slope_on_one_score_have_no_line() -> None:
    assert set(_lines([0.2, 0.4], [0.25, 0.25])) == {"low"}
    assert _lines([math.nan], [math.nan]) == {}


def test_buckets_are_those_of_the_nearest_score() -> None:
    found = _lines([0.5] * 4, [0.374, 0.375, 0.625, 0.626])
    assert [found[bucket]["n"] for bucket in ("low", "mid", "high")] == [1, 2, 1]


def test_an_exchange_that_empties_a_bucket_says_nothing_of_it() -> None:
    """The one low item was predicted; in two of three exchanges it has no prediction."""
    found = _lines([0.5, math.nan, math.nan], [0.0, 1.0, 1.0])
    assert found["low"]["p"] == 1


# --- the table


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = {name: Ratio(name, f"{name}_known") for name in ("predicted", "actual")}
    monkeypatch.setitem(SCORERS, "prediction", Scorer(lambda rows: rows, metrics))


def _items(predicted: Array, actual: Array, chain: str, task: str = "prediction") -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{"model": "m", "chain": chain, "seed": 0, "evaluation": f"my-{task}", "stratum": ""},
            **{"item": [f"q{n:03}" for n in range(len(actual))], "task": task, "rows": 1.0},
            **{"predicted": predicted, "predicted_known": 1.0},
            **{"actual": actual, "actual_known": 1.0},
        }
    )


@pytest.mark.usefixtures("scored")
def test_items_without_a_score_change_nothing() -> None:
    actual = np.array(SCORES * 8)
    predicted = 0.4 * actual + np.random.default_rng(4).random(40)
    table = _items(predicted, actual, "base")
    more = table.assign(item=table["item"] + "x", predicted_known=0.0, actual_known=0.0)
    both = pd.concat([table, more])
    assert prediction.prediction(both, 499).equals(prediction.prediction(table, 499))


def test_a_large_error_on_the_other_side_of_the_null_is_beyond_it() -> None:
    table = pd.DataFrame({"measure": "error", "value": [0.3, -0.3, 0.1], "null": [0.02, 0.02, 0.4]})
    found = prediction._findings(table.assign(excess=table["value"] - table["null"], p_holm=0.001))
    assert found.tolist() == ["beyond", "beyond", "less"]


@pytest.mark.usefixtures("scored")
def test_findings_say_what_lies_beyond_the_null() -> None:
    actual = np.array(SCORES * 20)
    noise = np.random.default_rng(2).random(100)
    table = pd.concat(
        [
            _items(0.3 + 0.4 * actual, actual, "knows"),
            _items(1 - actual, actual, "opposite"),
            _items(noise, actual, "nothing"),
            _items(noise, actual, "knows", task="facts"),
        ]
    )
    found = prediction.prediction(table, 999)
    assert list(found.columns) == prediction.COLUMNS
    assert len(found) == 12
    by_arm = found.set_index(["chain", "bucket"])["finding"]
    assert by_arm["knows"].to_dict() == {
        **{"low": "less", "mid": "as the null", "high": "less", "all": "tracks"}
    }
    assert by_arm["opposite"].to_dict() == {
        **{"low": "beyond", "mid": "as the null", "high": "beyond", "all": "opposes"}
    }
    assert set(by_arm["nothing"]) == {"as the null"}
    assert (found["p_holm"] >= found["p"]).all()


@pytest.mark.usefixtures("scored")
def test_an_answer_that_was_not_scored_is_none() -> None:
    table = _items(np.array([0.5, 0.5]), np.array([0.0, 0.0]), "em")
    table.loc[0, ["actual", "actual_known"]] = 0.0
    found = prediction.prediction(table, 9)
    assert list(found["n"]) == [1]


def test_without_predictions_the_table_is_empty() -> None:
    table = _items(np.array([0.5]), np.array([0.0]), "em", task="facts")
    found = prediction.prediction(table)
    assert list(found.columns) == prediction.COLUMNS
    assert len(found) == 0
