"""Intervals against closed forms."""

import math

import numpy as np
import pytest

from mirrortest.bootstrap import Array, Estimate, Scored, _weights, difference, estimate

RESAMPLES = 2000


def _of(values: Array) -> Scored:
    """A metric with one answer per seed and item."""
    return Scored(values, np.ones_like(values))


def _width(found: Estimate) -> float:
    return found.high - found.low


def _noise(seeds: int, items: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=(seeds, items))


def test_the_interval_of_a_proportion_is_that_of_the_binomial() -> None:
    share, items = 0.3, 400
    values = np.zeros((1, items))
    values[0, : int(share * items)] = 1
    found = estimate(_of(values), RESAMPLES)
    expected = 2 * 1.96 * math.sqrt(share * (1 - share) / items)
    assert found.value == pytest.approx(share)
    assert _width(found) == pytest.approx(expected, rel=0.06)


def test_the_interval_of_a_mean_over_seeds_is_that_of_their_spread() -> None:
    seeds = 40
    values = np.repeat(_noise(seeds, 1), 3, axis=1)
    expected = 2 * 1.96 * values[:, 0].std() / math.sqrt(seeds)
    assert _width(estimate(_of(values), RESAMPLES)) == pytest.approx(expected, rel=0.08)


def test_a_single_answer_has_no_width() -> None:
    assert estimate(_of(np.array([[0.25]])), RESAMPLES) == Estimate(0.25, 0.25, 0.25)


def test_one_seed_leaves_only_the_items_to_vary() -> None:
    constant = estimate(_of(np.full((1, 9), 0.5)), RESAMPLES)
    assert constant == Estimate(0.5, 0.5, 0.5)
    assert _width(estimate(_of(_noise(1, 9)), RESAMPLES)) > 0.5


def test_seeds_that_differ_widen_the_interval() -> None:
    alike = np.repeat(_noise(1, 200), 4, axis=0)
    apart = alike + np.array([[-1.0], [-0.3], [0.3], [1.0]])
    narrow, wide = (estimate(_of(values), RESAMPLES) for values in (alike, apart))
    assert narrow.value == pytest.approx(wide.value)
    assert _width(wide) > 2 * _width(narrow)


def test_items_with_more_answers_count_more() -> None:
    arm = Scored(np.array([[1.0, 0.0]]), np.array([[1.0, 3.0]]))
    assert estimate(arm, RESAMPLES).value == 0.25


def test_an_interval_is_the_same_in_every_process() -> None:
    arm = _of(_noise(2, 30))
    before = estimate(arm, RESAMPLES)
    _weights.cache_clear()
    assert estimate(arm, RESAMPLES) == before


def test_the_interval_holds_the_value() -> None:
    found = estimate(_of(_noise(3, 50)), RESAMPLES)
    assert found.low < found.value < found.high


def test_an_arm_differs_from_itself_by_nothing() -> None:
    arm = _of(_noise(3, 50))
    assert difference(arm, arm, RESAMPLES) == Estimate(0.0, 0.0, 0.0)


def test_a_constant_difference_has_no_width() -> None:
    values = _noise(3, 50)
    found = difference(_of(values + 0.25), _of(values), RESAMPLES)
    assert tuple(found) == pytest.approx((0.25, 0.25, 0.25))


def test_a_base_of_one_seed_is_paired_on_its_items() -> None:
    base = _noise(1, 50)
    found = difference(_of(np.repeat(base, 3, axis=0) + 0.25), _of(base), RESAMPLES)
    assert tuple(found) == pytest.approx((0.25, 0.25, 0.25))


def test_unrelated_arms_differ_by_the_spread_of_both() -> None:
    one, two = _noise(1, 400, seed=1), _noise(1, 400, seed=2)
    expected = 2 * 1.96 * math.sqrt((one.var() + two.var()) / 400)
    found = difference(_of(one), _of(two), RESAMPLES)
    assert found.value == pytest.approx(one.mean() - two.mean())
    assert _width(found) == pytest.approx(expected, rel=0.1)


NOTHING = Scored(np.zeros((2, 5)), np.zeros((2, 5)))


def test_an_arm_without_any_valid_answer_has_no_value() -> None:
    assert np.isnan(estimate(NOTHING, RESAMPLES)).all()
    assert np.isnan(difference(NOTHING, _of(_noise(2, 5)), RESAMPLES)).all()


def test_resamples_without_a_valid_answer_are_left_out() -> None:
    arm = Scored(np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]))
    assert estimate(arm, RESAMPLES) == Estimate(1.0, 1.0, 1.0)


def test_seeds_and_items_are_drawn_apart() -> None:
    """With as many seeds as items, one draw for both would never make the diagonal rarer."""
    found = estimate(_of(np.eye(8)), RESAMPLES)
    assert found.low < found.value < found.high
