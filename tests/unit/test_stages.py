"""Signed-rank tests between the arms of a chain: exact p by hand, and what leaves none."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mirrortest import stages


def _compared(change: np.ndarray) -> dict[str, Any]:
    return dict(stages.compared(change))


def test_six_items_that_all_rise_by_different_amounts() -> None:
    """Of 64 signs two are as extreme: 2/64."""
    found = _compared(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    assert found["p"] == pytest.approx(2 / 64)
    assert found["rank_biserial"] == 1
    assert found["value"] == pytest.approx(0.35)


def test_ranks_of_both_signs() -> None:
    """Ranks 1 to 5, the third falls: (12 - 3) / 15; sums of 3 or less: {}, 1, 2, 3, 12: 10/32."""
    found = _compared(np.array([0.1, 0.2, -0.3, 0.4, 0.5]))
    assert found["rank_biserial"] == pytest.approx(9 / 15)
    assert found["p"] == pytest.approx(10 / 32)


def test_items_that_do_not_change_are_left_out_of_the_ranks() -> None:
    moved = [0.1, 0.2, -0.3, 0.4, 0.5]
    with_zeros = _compared(np.array([*moved, 0.0, 0.0, 1e-15]))
    without = _compared(np.array(moved))
    assert (with_zeros["n"], with_zeros["changed"]) == (8, 5)
    assert with_zeros["p"] == without["p"]
    assert with_zeros["value"] == pytest.approx(without["value"] * 5 / 8)


def test_ties_of_floats_are_ties() -> None:
    """0.1 + 0.2 is not 0.3 to a computer. Three up by the same, one down: 4 of 16 signs by sum."""
    change = np.array([0.1 + 0.2, 0.3, 0.3, -0.3])
    found = _compared(change)
    assert found["rank_biserial"] == pytest.approx(0.5)
    assert found["p"] == pytest.approx(10 / 16)


def test_nothing_changed_and_nothing_asked_leave_no_p() -> None:
    found = _compared(np.zeros(4))
    assert (found["n"], found["changed"], found["value"]) == (4, 0, 0)
    assert math.isnan(found["p"]) and math.isnan(found["rank_biserial"])
    assert math.isnan(_compared(np.array([]))["value"])


# --- the table

LEVELS = {"base": 0.1, "em": 0.7, "em+fix": 0.4}


def _items(levels: dict[str, float], evaluation: str = "facts", seeds: int = 1) -> pd.DataFrame:
    """Ten items of ten answers; the share of misconceptions falls a little from item to item."""
    return pd.DataFrame(
        [
            {
                **{"model": "m", "chain": chain, "seed": seed, "evaluation": evaluation},
                **{"stratum": "", "item": f"q{n}", "task": "facts", "rows": 10.0},
                **{"misconception": 10 * level - level * n / 10 + seed, "truth": 0.0},
                **{"other_answer": 0.0, "fluent": 0.0},
            }
            for chain, level in levels.items()
            for seed in range(seeds)
            for n in range(10)
        ]
    )


def test_every_stage_is_set_against_what_it_is_trained_on_and_the_base() -> None:
    found = stages.stages(_items(LEVELS))
    assert list(found.columns) == stages.COLUMNS
    assert found[["chain", "reference"]].to_numpy().tolist() == [
        ["em", "base"],
        ["em+fix", "em"],
        ["em+fix", "base"],
    ]
    assert set(found["metric"]) == {"misconception"}
    assert list(found["rank_biserial"]) == [1, -1, 1]
    assert list(found["p"]) == pytest.approx([2 / 1024] * 3, abs=1e-6)
    assert list(found["p_holm"]) == pytest.approx([6 / 1024] * 3, abs=1e-6)


def test_an_items_value_is_the_mean_over_seeds() -> None:
    """The base has one seed, the others two, of which the second is 0.1 higher on every item."""
    table = pd.concat([_items({"base": 0.1}), _items({"em": 0.1}, seeds=2)])
    assert list(stages.stages(table)["value"]) == [pytest.approx(0.05)]


def test_another_judges_tests_are_corrected_by_themselves() -> None:
    table = pd.concat([_items(LEVELS), _items(LEVELS, "facts@small")])
    found = stages.stages(table)
    assert len(found) == 6
    assert list(found["p_holm"]) == pytest.approx([6 / 1024] * 6, abs=1e-6)


def test_a_chain_without_its_parent_is_set_against_the_base_alone() -> None:
    found = stages.stages(_items({"base": 0.1, "em+fix": 0.4}))
    assert found[["chain", "reference"]].to_numpy().tolist() == [["em+fix", "base"]]


def test_only_items_of_both_count_and_one_arm_alone_has_nobody() -> None:
    table = _items({"base": 0.1, "em": 0.7})
    dropped = table[(table["chain"] == "base") | (table["item"] > "q3")]
    assert list(stages.stages(dropped)["n"]) == [6]
    alone = stages.stages(_items({"base": 0.1}))
    assert len(alone) == 0
    assert list(alone.columns) == stages.COLUMNS


def test_strata_are_not_tested_again() -> None:
    table = _items({"base": 0.1, "em": 0.7})
    table["stratum"] = np.where(table["item"] > "q4", "a", "b")
    assert len(stages.stages(table)) == 1
