"""Intervals of shares against statsmodels and by hand."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
)

from mirrortest.panels import Array, Scored
from mirrortest.proportions import newcombe, p_chance, p_constant, wilson


def _answers(right: int, seen: int, twice: bool = False) -> Scored:
    """One seed; each item answered once, or twice in the same way."""
    values = np.repeat([1.0, 0.0], [right, seen - right])[None, None]
    return Scored(values * (1 + twice), np.ones_like(values) * (1 + twice))


def _wilson(arm: Scored, strata: Array | None = None) -> tuple[float, float]:
    places = np.zeros(arm.numerator.shape[2]) if strata is None else strata
    low, high = wilson(arm, places.astype(np.int64))
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(("right", "seen"), [(125, 790), (1, 790), (5, 10), (3, 4)])
def test_one_answer_per_item_is_wilsons_interval(right: int, seen: int) -> None:
    expected = proportion_confint(right, seen, method="wilson")
    assert _wilson(_answers(right, seen)) == pytest.approx(expected)


@pytest.mark.parametrize("right", [0, 8])
def test_so_it_is_where_all_answers_are_alike(right: int) -> None:
    expected = proportion_confint(right, 8, method="wilson")
    assert _wilson(_answers(right, 8)) == pytest.approx(expected)
    assert _wilson(_answers(right, 8, twice=True)) == pytest.approx(expected)


def test_items_without_an_answer_are_not_seen() -> None:
    arm = _answers(30, 100)
    arm.denominator[0, 0, 50:] = 0
    assert _wilson(arm) == pytest.approx(proportion_confint(30, 50, method="wilson"))


def test_two_answers_that_always_agree_are_one() -> None:
    assert _wilson(_answers(30, 100, twice=True)) == pytest.approx(_wilson(_answers(30, 100)))


def test_two_answers_that_have_nothing_to_do_with_each_other_are_two() -> None:
    """Of 100 items 9 twice right, 42 once, 49 never: a binomial of two with 0.3."""
    values = np.repeat([2.0, 1.0, 0.0], [9, 42, 49])[None, None]
    found = _wilson(Scored(values, np.full_like(values, 2.0)))
    assert found == pytest.approx(proportion_confint(60, 200, method="wilson"), abs=1e-3)


def test_what_lies_between_strata_does_not_widen_it() -> None:
    values = np.repeat([1.0, 0.0, 1.0, 0.0], [9, 1, 1, 9])[None, None]
    arm = Scored(values, np.ones_like(values))
    low, high = _wilson(arm)
    strata_low, strata_high = _wilson(arm, np.repeat([0, 1], 10))
    assert strata_high - strata_low < 0.8 * (high - low)


def test_of_strata_the_answers_count_as_many_as_vary_as_much() -> None:
    """Each varies by 0.1: in all by 0.005, as 0.25 * 20 / 18 over so many answers does."""
    values = np.repeat([1.0, 0.0, 1.0, 0.0], [9, 1, 1, 9])[None, None]
    found = _wilson(Scored(values, np.ones_like(values)), np.repeat([0, 1], 10))
    seen = 0.25 * 20 / 18 / 0.005
    assert found == pytest.approx(proportion_confint(seen / 2, seen, method="wilson"))


def test_nothing_seen_is_no_interval() -> None:
    arm = Scored(np.zeros((1, 1, 4)), np.zeros((1, 1, 4)))
    assert np.isnan(_wilson(arm)).all()


def test_newcombes_interval_is_that_of_statsmodels() -> None:
    arm, reference = (56, 70), (48, 80)
    parts = [
        tuple(np.array([x]) for x in (n / d, *proportion_confint(n, d, method="wilson")))
        for n, d in (arm, reference)
    ]
    low, high = newcombe(parts[0][0] - parts[1][0], *parts)
    expected = confint_proportions_2indep(*arm, *reference, method="newcomb")
    assert (low[0], high[0]) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("right", "seen"), [(30, 40), (20, 40), (9, 10)])
def test_p_against_chance_is_the_exact_binomial(right: int, seen: int) -> None:
    expected = stats.binomtest(right, seen, 0.5).pvalue
    assert p_chance(_answers(right, seen), 0.5) == [pytest.approx(expected)]
    assert p_chance(_answers(right, seen, twice=True), 0.5) == [pytest.approx(expected)]


def test_an_item_at_chance_counts_for_no_side() -> None:
    """Three items right in both orders, one wrong in both, ninety answered by position."""
    values = np.repeat([2.0, 0.0, 1.0], [3, 1, 90])[None, None]
    found = p_chance(Scored(values, np.full_like(values, 2.0)), 0.5)
    assert found == [pytest.approx(stats.binomtest(3, 4, 0.5).pvalue)]


def test_nothing_but_chance_is_no_p() -> None:
    assert np.isnan(p_chance(Scored(np.ones((1, 1, 5)), np.full((1, 1, 5), 2.0)), 0.5)[0])


def test_p_of_a_constant_difference_is_that_of_the_sign_test() -> None:
    found = p_constant(_answers(8, 8), _answers(0, 8))
    assert found[0] == pytest.approx(stats.binomtest(8, 8).pvalue)
    assert np.isnan(p_constant(_answers(8, 8), _answers(6, 6))[0])


def test_p_of_a_constant_difference_is_of_the_items_that_both_answered() -> None:
    reference = _answers(0, 8)
    reference.denominator[0, 0, 6:] = 0
    for found in (p_constant(_answers(8, 8), reference), p_constant(reference, _answers(8, 8))):
        assert found[0] == pytest.approx(stats.binomtest(6, 6).pvalue)
