"""Correlations over arms: known ranks, and what is too little to say anything."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mirrortest import correlations
from mirrortest.agreement import spearman
from mirrortest.persona import ARM, MEASURES

Line = dict[str, Any]


def _measured(
    harm: list[float], says: list[float], models: list[str] | None = None
) -> pd.DataFrame:
    count = len(harm)
    table = pd.DataFrame(
        {
            **{"model": models or ["m"] * count, "chain": [f"c{n}" for n in range(count)]},
            **{"seed": "all", "evaluation": "e", "harm": harm, "says_misaligned": says},
        }
    )
    return table.reindex(columns=[*ARM, "evaluation", *MEASURES])


def _line(harm: list[float], says: list[float], models: list[str] | None = None) -> Line:
    (line,) = correlations.correlations(_measured(harm, says, models), 300).to_dict("records")
    return {str(name): value for name, value in line.items()}


def test_ranks_of_four_arms() -> None:
    """Ranks 1234 against 2143: squares of differences sum to 4, so 1 - 6 * 4 / 60; 4 of 6 pairs."""
    found = _line([0.1, 0.2, 0.6, 0.9], [0.2, 0.1, 0.9, 0.6])
    assert (found["measure"], found["other"]) == ("harm", "says_misaligned")
    assert (found["arms"], found["models"]) == (4, 1)
    assert found["spearman"] == pytest.approx(0.6)
    assert found["kendall"] == pytest.approx((4 - 2) / 6, abs=1e-6)
    assert math.isnan(found["low"]) and math.isnan(found["high"])
    assert found["resampled"] == ""


def test_two_arms_are_too_few_and_missing_ones_do_not_count() -> None:
    assert len(correlations.correlations(_measured([0.1, 0.2], [0.1, 0.2]), 10)) == 0
    table = _measured([0.1, 0.2, 0.3], [0.1, 0.2, math.nan])
    found = correlations.correlations(table, 10)
    assert len(found) == 0
    assert list(found.columns) == correlations.COLUMNS


def test_a_measure_that_is_the_same_everywhere_has_no_correlation() -> None:
    found = _line([0.5] * 8, [0.1 * n for n in range(8)])
    assert all(math.isnan(found[name]) for name in ("spearman", "kendall", "low", "high"))


def test_seeds_and_other_judges_are_no_further_arms() -> None:
    table = _measured([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    more = [table.assign(seed="0"), table.assign(evaluation="e@small")]
    found = correlations.correlations(pd.concat([table, *more]), 10)
    assert list(found["arms"]) == [3]


def test_enough_arms_of_one_model_are_resampled() -> None:
    found = _line([0.1 * n for n in range(8)], [0.1 * n for n in (1, 0, 2, 3, 5, 4, 6, 7)])
    assert found["resampled"] == "arms"
    assert found["low"] < found["spearman"] <= found["high"] <= 1
    assert found["low"] > 0


def test_enough_models_are_resampled_as_wholes() -> None:
    """Within every model the order is the reverse of that between models."""
    models = [f"m{n // 2}" for n in range(10)]
    says = [n // 2 + (0.1 if n % 2 == 0 else 0.0) for n in range(10)]
    found = _line([float(n) for n in range(10)], says, models)
    assert (found["resampled"], found["models"]) == ("models", 5)
    assert found["low"] <= found["spearman"] <= found["high"]


def test_clusters_make_intervals_wider_where_models_differ() -> None:
    """Five models, ten like arms each: 50 arms, but no more than five facts."""
    centres = np.array([[0, 1], [1, 3], [2, 0], [3, 2], [4, 4]]).repeat(10, axis=0)
    noise = np.random.default_rng(0).normal(0, 0.01, centres.shape)
    harm, says = (centres + noise).T
    models = [f"m{n // 10}" for n in range(50)]
    whole = _line(list(harm), list(says), models)
    arms = _line(list(harm), list(says))
    assert whole["high"] - whole["low"] > 1.5 * (arms["high"] - arms["low"])


def test_the_fast_correlation_is_that_of_scipy() -> None:
    draw = np.random.default_rng(1).integers(0, 5, size=(2, 30)).astype(float)
    assert correlations._ranked(*draw) == pytest.approx(spearman(*draw))
    assert math.isnan(correlations._ranked(np.ones(3), np.arange(3.0)))
