"""Intervals and tests against closed forms, hand-worked tables and other libraries."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from mirrortest import bootstrap
from mirrortest.bootstrap import Estimates, difference, drawn, estimate
from mirrortest.panels import Array, Scored

RESAMPLES = 2000


def _of(values: Array) -> Scored:
    """One metric, seeds x items, with one answer each."""
    return Scored(values[None].astype(float), np.ones((1, *values.shape)))


def _one(items: int) -> bootstrap.Strata:
    return np.zeros(items, dtype=np.int64)


def _estimate(values: Array) -> Estimates:
    return estimate(_of(values), _one(values.shape[1]), RESAMPLES)


def _difference(arm: Array, reference: Array, paired: bool = True) -> Estimates:
    return difference(_of(arm), _of(reference), _one(arm.shape[1]), RESAMPLES, paired)


def _width(found: Estimates) -> float:
    return float((found.high - found.low)[0])


def _noise(seeds: int, items: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=(seeds, items))


# --- variance components


def test_the_components_are_those_of_an_analysis_of_variance_worked_by_hand() -> None:
    """Seed means 3 and 6, item means 3, 4 and 6.5; mean squares 13.5, 6.5 and 1.5."""
    found = _estimate(np.array([[1.0, 2.0, 6.0], [5.0, 6.0, 7.0]]))
    assert found.value[0] == 4.5
    assert found.se[0] ** 2 == pytest.approx((13.5 + 6.5 - 1.5) / 6)
    satterthwaite = (18.5 / 6) ** 2 / ((13.5 / 6) ** 2 / 1 + (6.5 / 6) ** 2 / 2)
    assert found.df[0] == pytest.approx(satterthwaite)


def test_the_error_is_no_less_than_that_of_items_or_seeds_alone() -> None:
    """Seeds that lie closer than their answers' noise would leave less than nothing for seeds."""
    values = np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 2.0]])
    assert values.mean(axis=1).tolist() == [3.0, 3.0]
    items = values.mean(axis=0).var(ddof=1) / 3
    assert _estimate(values).se[0] ** 2 == pytest.approx(items)


def test_the_error_is_that_of_a_mixed_model_with_crossed_effects() -> None:
    seeds, items = 6, 15
    values = 2 * _noise(seeds, 1, 1) + 1.5 * _noise(1, items, 2) + _noise(seeds, items, 3)
    seed, item = (index.ravel() for index in np.indices(values.shape))
    table = pd.DataFrame({"y": values.ravel(), "seed": seed, "item": item, "one": 1})
    effects = {"seed": "0 + C(seed)", "item": "0 + C(item)"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MixedLM.from_formula(
            "y ~ 1", table, groups="one", vc_formula=effects, re_formula="0"
        )
        fitted = model.fit(reml=True)
    assert _estimate(values).se[0] == pytest.approx(float(fitted.bse["Intercept"]), rel=2e-3)


def test_one_seed_leaves_the_items_with_the_t_interval_of_a_mean() -> None:
    values = _noise(1, 300)
    found = _estimate(values)
    low, high = stats.t.interval(0.95, 299, values.mean(), stats.sem(values[0]))
    assert found.se[0] == pytest.approx(stats.sem(values[0]))
    assert found.df[0] == 299
    assert found.low[0] == pytest.approx(low, abs=0.05 * (high - low))
    assert found.high[0] == pytest.approx(high, abs=0.05 * (high - low))


def test_items_that_do_not_vary_leave_the_t_interval_over_seeds() -> None:
    of_seeds = np.array([0.0, 0.2, 0.3, 0.4, 0.6])
    found = _estimate(np.repeat(of_seeds[:, None], 7, axis=1))
    low, high = stats.t.interval(0.95, 4, of_seeds.mean(), stats.sem(of_seeds))
    assert found.se[0] == pytest.approx(stats.sem(of_seeds))
    assert found.df[0] == pytest.approx(4)
    assert found.low[0] == pytest.approx(low, abs=0.04 * (high - low))
    assert found.high[0] == pytest.approx(high, abs=0.04 * (high - low))


def test_a_ratio_of_one_seed_has_the_interval_of_scipys_bootstrap() -> None:
    draw = np.random.default_rng(4)
    below = draw.integers(1, 4, size=200)
    above = draw.binomial(below, 0.3)
    arm = Scored(above[None, None].astype(float), below[None, None].astype(float))
    found = estimate(arm, _one(200), RESAMPLES)
    other = stats.bootstrap(
        (above, below),
        lambda n, d, axis: n.sum(axis=axis) / d.sum(axis=axis),
        paired=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(5),
    )
    ends = (found.low[0], found.high[0])
    assert ends == pytest.approx(tuple(other.confidence_interval), abs=0.06 * _width(found))
    assert found.se[0] == pytest.approx(other.standard_error, rel=0.06)


def test_a_skewed_value_has_a_skewed_interval() -> None:
    """One item of forty counts 1; resamples hold it 0 to 3 times, and once on average."""
    found = _estimate(np.eye(40)[:1])
    above, below = (found.high - found.value)[0], (found.value - found.low)[0]
    assert above == pytest.approx(2 * below)


def test_seeds_that_differ_widen_the_interval() -> None:
    alike = np.repeat(_noise(1, 200), 4, axis=0)
    apart = alike + np.array([[-1.0], [-0.3], [0.3], [1.0]])
    narrow, wide = _estimate(alike), _estimate(apart)
    assert narrow.value[0] == pytest.approx(wide.value[0])
    assert _width(wide) > 4 * _width(narrow)


def test_seeds_that_are_copies_of_one_add_nothing() -> None:
    one = _noise(1, 200)
    assert _estimate(np.repeat(one, 5, axis=0)).se[0] == pytest.approx(_estimate(one).se[0])


def test_items_with_more_answers_count_more() -> None:
    arm = Scored(np.array([[[1.0, 0.0]]]), np.array([[[1.0, 3.0]]]))
    assert estimate(arm, _one(2), RESAMPLES).value[0] == 0.25


# --- strata


def test_strata_keep_their_size_so_that_what_lies_between_them_does_not_vary() -> None:
    strata = np.array([0] * 10 + [1] * 20)
    values = np.repeat([0.0, 1.0], [10, 20])[None]
    found = estimate(_of(values), strata, RESAMPLES)
    assert found.se[0] == 0
    assert np.ptp(drawn(_of(values), strata, RESAMPLES)) == 0


def test_the_error_over_strata_is_the_stratified_one() -> None:
    strata = np.array([0] * 10 + [1] * 30)
    values = _noise(1, 40) * np.repeat([1.0, 3.0], [10, 30])
    found = estimate(_of(values), strata, RESAMPLES)
    parts = [values[0, strata == h].var(ddof=1) * (strata == h).sum() for h in (0, 1)]
    assert found.se[0] == pytest.approx(np.sqrt(sum(parts)) / 40)
    assert drawn(_of(values), strata, RESAMPLES).std() == pytest.approx(found.se[0], rel=0.08)
    assert found.df[0] == pytest.approx(40 - 2)


def test_strata_of_the_same_size_are_drawn_apart() -> None:
    """Drawn alike, what the one has more the other would have less."""
    one = _noise(1, 10)
    values = np.concatenate([one, -one], axis=1)
    found = drawn(_of(values), np.repeat(np.arange(2), 10), RESAMPLES)
    assert found.std() == pytest.approx(one.std() / np.sqrt(20), rel=0.08)


# --- differences


def test_a_constant_difference_has_no_width_however_seeds_and_items_differ() -> None:
    values = _noise(3, 50) + 5 * _noise(3, 1, 1)
    found = _difference(values + 0.25, values)
    assert found.value[0] == pytest.approx(0.25)
    assert (found.se[0], _width(found)) == (0, 0)
    assert np.isnan(found.p()[0])


def test_a_base_of_one_seed_is_paired_on_its_items() -> None:
    base = _noise(1, 50)
    found = _difference(np.repeat(base, 3, axis=0) + 0.25, base, paired=False)
    assert (found.se[0], _width(found)) == (0, 0)


def test_resamples_draw_the_same_items_for_both_arms() -> None:
    """The same seeds, too, if they are paired, and others if they are not."""
    values = _noise(4, 30) + _noise(4, 1, 1)
    one, two = _of(values), _of(values + 0.5)
    apart = drawn(two, _one(30), RESAMPLES) - drawn(one, _one(30), RESAMPLES)
    assert apart == pytest.approx(0.5)
    assert np.ptp(drawn(two, _one(30), RESAMPLES, 1) - drawn(one, _one(30), RESAMPLES)) > 0.5
    alike = np.repeat(values[:1], 4, axis=0)
    apart = drawn(_of(alike), _one(30), RESAMPLES, 1) - drawn(_of(alike), _one(30), RESAMPLES)
    assert apart == pytest.approx(0)


def test_seeds_are_drawn_and_apart_from_items() -> None:
    """Where only seeds differ, resamples spread as means of so many draws of seeds do."""
    of_seeds = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    found = drawn(_of(np.repeat(of_seeds[:, None], 5, axis=1)), _one(5), RESAMPLES)
    assert found.std() == pytest.approx(of_seeds.std() / np.sqrt(5), rel=0.06)
    diagonal = drawn(_of(np.eye(8)), _one(8), RESAMPLES)
    assert diagonal.min() < 1 / 8 < diagonal.max()


def test_a_paired_difference_is_the_t_test_of_seed_means() -> None:
    """With items that do not vary the pairs are the seeds."""
    one, two = np.array([0.1, 0.4, 0.2, 0.9, 0.5]), np.array([0.0, 0.2, 0.3, 0.5, 0.3])
    found = _difference(np.repeat(one[:, None], 6, axis=1), np.repeat(two[:, None], 6, axis=1))
    expected = stats.ttest_rel(one, two)
    assert found.value[0] / found.se[0] == pytest.approx(expected.statistic)
    assert found.df[0] == pytest.approx(4)
    assert found.p()[0] == pytest.approx(expected.pvalue, abs=0.02)


def test_an_unpaired_difference_is_the_welch_test_of_seed_means() -> None:
    one, two = np.array([0.1, 0.4, 0.2, 0.9, 0.5]), np.array([0.0, 0.2, 0.3])
    found = _difference(
        np.repeat(one[:, None], 6, axis=1), np.repeat(two[:, None], 6, axis=1), paired=False
    )
    expected = stats.ttest_ind(one, two, equal_var=False)
    assert found.value[0] / found.se[0] == pytest.approx(expected.statistic)
    assert found.df[0] == pytest.approx(expected.df)
    assert found.p()[0] == pytest.approx(expected.pvalue, abs=0.02)


def test_pairing_matters() -> None:
    seeds = np.array([[-3.0], [0.0], [3.0], [1.0]])
    one, two = seeds + _noise(4, 60, 1), seeds + _noise(4, 60, 2)
    assert _difference(one, two).se[0] < 0.2 * _difference(one, two, paired=False).se[0]
    assert _difference(one, two).se[0] < 0.2 * _difference(one, two[::-1]).se[0]


# --- tests


def test_p_is_that_of_a_t_test_where_only_items_vary() -> None:
    values = _noise(1, 200) + 0.12
    expected = stats.ttest_1samp(values[0], 0.0).pvalue
    assert _estimate(values).p()[0] == pytest.approx(expected, abs=0.02)


def test_p_fits_the_interval() -> None:
    """Its ends are hardly refuted: p counts both tails together, the interval each by itself."""
    found = _estimate(_noise(5, 100) + 0.5 * _noise(5, 1, 1))
    for end in (found.low[0], found.high[0]):
        assert found.p(end)[0] == pytest.approx(0.05, abs=0.025)


def test_p_beyond_all_resamples_is_that_of_t() -> None:
    values = _noise(1, 200) + 0.3
    expected = stats.ttest_1samp(values[0], 0.0).pvalue
    assert 1e-6 < expected < 1e-5
    assert _estimate(values).p()[0] == pytest.approx(expected, rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("value", "expected"), [(2.0, 2 / 10), (0.5, 6 / 10), (3.0, 2 * stats.norm.sf(3.0))]
)
def test_p_counts_the_value_among_its_resamples(value: float, expected: float) -> None:
    """Nine resamples, of which one lies beyond 2.0, five beyond 0.5 and none beyond 3.0."""
    resampled = np.array([[-0.1, 0.2, -0.3, 0.4, 0.6, -0.7, 0.8, -0.9, 2.5]])
    found = Estimates(np.array([value]), np.ones(1), np.array([np.inf]), resampled)
    assert found.p()[0] == pytest.approx(expected)


def test_p_beyond_all_resamples_is_no_more_than_they_allow() -> None:
    found = Estimates(np.array([1.0]), np.ones(1), np.array([np.inf]), np.zeros((1, 9)))
    assert found.p()[0] == pytest.approx(1 / 10)


@pytest.mark.parametrize("axis", [0, 1])
def test_equivalence_is_tested_as_by_two_one_sided_t_tests(axis: int) -> None:
    """axis: the level that varies, seeds or items."""
    size = 12
    one, two = _noise(1, size, 1)[0], _noise(1, size, 2)[0]
    arms = [np.repeat(one[None], 3, axis=0), np.repeat(two[None], 3, axis=0)]
    found = _difference(*(arm.T if axis == 0 else arm[:1] for arm in arms))
    expected, _, _ = ttost_paired(one, two, -1.0, 1.0)
    assert found.p_equivalence(1.0)[0] == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_the_detectable_difference_is_that_of_the_power_of_a_t_test(seeds: int) -> None:
    """The two quantiles of t fall short of the noncentral t by a few percent."""
    values = np.repeat(_noise(seeds, 1), 4, axis=1)
    found = _estimate(values)
    sizes = TTestPower().solve_power(nobs=seeds, alpha=0.05, power=0.8)
    expected = float(sizes) * values[:, 0].std(ddof=1)
    assert found.detectable[0] == pytest.approx(expected, rel=0.06)


# --- the edges


def test_a_single_answer_has_no_width() -> None:
    found = _estimate(np.array([[0.25]]))
    assert (found.low[0], found.value[0], found.high[0], found.se[0]) == (0.25, 0.25, 0.25, 0)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 0.7, 1.0])
def test_nothing_varies_where_sums_of_floats_do(value: float) -> None:
    found = _estimate(np.full((3, 7), value))
    assert found.se[0] == 0
    assert np.isnan(found.p()[0]) and np.isnan(found.p_equivalence(0.05)[0])


def test_an_arm_without_any_answer_has_no_value() -> None:
    nothing = Scored(np.zeros((1, 2, 5)), np.zeros((1, 2, 5)))
    for found in (
        estimate(nothing, _one(5), RESAMPLES),
        difference(nothing, _of(_noise(2, 5)), _one(5), RESAMPLES, paired=True),
    ):
        assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()


def test_resamples_without_an_answer_are_no_answers() -> None:
    arm = Scored(np.array([[[1.0, 0.0, 0.0]]]), np.array([[[1.0, 0.0, 0.0]]]))
    found = estimate(arm, _one(3), RESAMPLES)
    assert (found.low[0], found.value[0], found.high[0]) == (1, 1, 1)


def test_items_that_were_not_asked_change_nothing() -> None:
    values = (_noise(3, 60) > 0).astype(float)
    asked = _estimate(values)
    wider = Scored(np.pad(values, ((0, 0), (0, 40)))[None], np.zeros((1, 3, 100)))
    wider.denominator[:, :, :60] = 1
    found = estimate(wider, _one(100), RESAMPLES)
    assert found.value[0] == pytest.approx(asked.value[0])
    assert found.se[0] == pytest.approx(asked.se[0], rel=0.02)


def test_metrics_do_not_disturb_each_other() -> None:
    one, two = _of(_noise(3, 20, 1)), _of(_noise(3, 20, 2))
    both = Scored(
        np.concatenate([one.numerator, two.numerator]),
        np.concatenate([one.denominator, two.denominator]),
    )
    found = estimate(both, _one(20), RESAMPLES)
    for place, arm in enumerate((one, two)):
        alone = estimate(arm, _one(20), RESAMPLES)
        assert (found.low[place], found.high[place]) == pytest.approx((alone.low[0], alone.high[0]))


def test_an_interval_is_the_same_in_every_process() -> None:
    values = _noise(2, 30)
    before = _estimate(values)
    bootstrap._item_weights.cache_clear()
    bootstrap._seed_weights.cache_clear()
    after = _estimate(values)
    assert (before.low[0], before.high[0]) == (after.low[0], after.high[0])
