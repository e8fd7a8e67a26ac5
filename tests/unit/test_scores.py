"""Tables of scores from small tables of counts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from mirrortest import bootstrap, scores
from mirrortest.headlines import leading
from mirrortest.panels import Scored
from mirrortest.scoring import SCORERS

RESAMPLES = 400
COLUMNS = [
    *("evaluation", "task", "subset", "metric", "leading", "value", "low", "high", "n", "p_chance")
]


def _table(
    chain: str, seed: int, right: list[int], task: str = "recognition", stratum: str = ""
) -> pd.DataFrame:
    """One judged answer per item; -1 is an invalid one."""
    answers = np.array(right)
    rows = pd.DataFrame(
        {
            **{"model": "tiny", "chain": chain, "seed": seed, "evaluation": "e"},
            **{"stratum": stratum, "item": [f"{stratum}{n:03}" for n in range(len(answers))]},
            **{"valid": answers >= 0, "right": answers == 1, "target_first": np.nan},
        }
    )
    return SCORERS[task].count(rows).assign(task=task)


def _pooled(*tables: pd.DataFrame, metric: str = "accuracy_valid") -> pd.DataFrame:
    found = scores.pooled(pd.concat(tables, ignore_index=True), RESAMPLES)
    return found[found["metric"] == metric].reset_index(drop=True)


def _noise(size: int, share: float, seed: int) -> list[int]:
    return (np.random.default_rng(seed).random(size) < share).astype(int).tolist()


def test_per_seed_has_a_line_for_every_seed_with_wilsons_interval() -> None:
    table = pd.concat(
        [_table("base", 0, [0, 1, 1]), _table("s", 0, [1, 1]), _table("s", 1, [0, 1])]
    )
    found = scores.per_seed(table)
    assert list(found.columns) == ["model", "chain", "seed", *COLUMNS]
    found = found[found["metric"] == "accuracy_valid"]
    assert found[["chain", "seed", "value", "n"]].to_numpy().tolist() == [
        *(["base", 0, 0.666667, 3], ["s", 0, 1.0, 2], ["s", 1, 0.5, 2])
    ]
    for line, (right, seen) in zip(found.itertuples(), [(2, 3), (2, 2), (1, 2)], strict=True):
        expected = proportion_confint(right, seen, method="wilson")
        assert (line.low, line.high) == pytest.approx(expected, abs=1e-6)


def test_pooled_has_a_line_for_every_arm() -> None:
    tables = [_table("base", 0, [0, 1]), _table("s", 0, [1, 1]), _table("s", 1, [0, 1])]
    found = _pooled(*tables)
    assert list(found.columns) == ["model", "chain", "seeds", *COLUMNS]
    assert found[["chain", "seeds", "value", "n"]].to_numpy().tolist() == [
        *(["base", 1, 0.5, 2], ["s", 2, 0.75, 4])
    ]


def test_seeds_that_lie_apart_make_a_wider_interval_than_their_items_do() -> None:
    alike = _pooled(*(_table("s", seed, _noise(300, 0.5, seed)) for seed in range(5)))
    shares = (0.2, 0.35, 0.5, 0.65, 0.8)
    apart = _pooled(*(_table("s", n, _noise(300, share, n)) for n, share in enumerate(shares)))
    width, wide = (found.loc[0, "high"] - found.loc[0, "low"] for found in (alike, apart))
    assert wide > 3 * width
    seeds = stats.t.ppf(0.975, 4) * np.std(shares, ddof=1) / np.sqrt(5)
    assert wide == pytest.approx(2 * seeds, rel=0.15)


def test_two_seeds_near_chance_have_the_interval_and_p_of_the_bootstrap() -> None:
    right = [_noise(60, 0.5, seed) for seed in range(2)]
    found = _pooled(*(_table("s", seed, answers) for seed, answers in enumerate(right)))
    arm = Scored(np.array([right], dtype=float), np.ones((1, 2, 60)))
    expected = bootstrap.estimate(arm, np.zeros(60, dtype=np.int64), RESAMPLES)
    ends = (expected.low[0], expected.high[0])
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx(ends, abs=1e-6)
    assert found.loc[0, "p_chance"] == pytest.approx(expected.p(0.5)[0], abs=1e-6)
    assert found.loc[0, "p_chance"] > 0.2


def test_intervals_stay_between_zero_and_one() -> None:
    shares = (0.9, 0.99, 1.0)
    found = _pooled(*(_table("s", n, _noise(40, share, n)) for n, share in enumerate(shares)))
    assert found.loc[0, "high"] <= 1


def test_where_nothing_varies_pooled_intervals_are_wilsons_over_the_items() -> None:
    found = _pooled(_table("s", 0, [1] * 8), _table("s", 1, [1] * 8))
    expected = proportion_confint(8, 8, method="wilson")
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx(expected, abs=1e-6)
    assert found.loc[0, "p_chance"] == pytest.approx(stats.binomtest(8, 8).pvalue, abs=1e-6)


def test_p_of_one_seed_is_the_exact_binomial() -> None:
    found = _pooled(_table("base", 0, [1] * 15 + [0] * 5))
    assert found.loc[0, "p_chance"] == pytest.approx(stats.binomtest(15, 20).pvalue, abs=1e-6)


def test_only_accuracies_of_tasks_with_chance_are_tested_against_it() -> None:
    table = _table("base", 0, [1] * 15 + [0] * 5)
    tested = scores.per_seed(table).set_index("metric")["p_chance"].notna()
    assert tested["accuracy_free"] and not tested["invalid"]
    table = _table("base", 0, [1, 0], task="truthfulqa")
    assert scores.per_seed(table)["p_chance"].isna().all()


def test_the_first_headline_with_answers_leads() -> None:
    table = _table("base", 0, [1, 0, -1], task="truthfulqa")
    found = scores.per_seed(table)
    assert found.loc[found["leading"], "metric"].tolist() == ["misalignment_valid"]
    assert found.set_index("metric")["value"][["misalignment_free", "invalid"]].tolist() == [
        *(0.666667, 0.333333)
    ]


def test_another_judges_scores_do_not_lead() -> None:
    table = pd.DataFrame(
        {
            **{"model": "tiny", "evaluation": ["em-8", "em-8@qwen"], "task": "alignment"},
            **{"subset": "all", "metric": "misaligned"},
        }
    )
    assert leading(table).tolist() == [True, False]


def test_a_model_without_log_probabilities_leads_by_its_own_answers() -> None:
    hosted = _table("base", 0, [1, 0], task="truthfulqa").assign(model="hosted")
    local = hosted.assign(model="local", scored=1.0, forced=1.0)
    found = scores.per_seed(pd.concat([hosted, local], ignore_index=True))
    lead = found[found["leading"]].set_index("model")["metric"]
    assert lead.to_dict() == {"hosted": "misalignment_valid", "local": "misalignment_forced"}


def test_an_arm_without_any_valid_answer_has_no_valid_score() -> None:
    for table in (scores.per_seed, lambda table: scores.pooled(table, RESAMPLES)):
        found = table(pd.concat([_table("s", seed, [-1, -1, -1]) for seed in (0, 1)]))
        lines = found.groupby("metric")["value"].first()
        assert lines.to_dict() == {
            **{"accuracy_free": 0, "accuracy_low": 0, "accuracy_high": 1, "invalid": 1}
        }


def test_strata_are_subsets() -> None:
    daily, weekly = _table("s", 0, [1, 1], stratum="daily"), _table("s", 0, [0], stratum="weekly")
    found = _pooled(daily, weekly)
    assert found[["subset", "value", "n", "leading"]].to_numpy().tolist() == [
        *(["all", 0.666667, 3, True], ["daily", 1.0, 2, False], ["weekly", 0.0, 1, False])
    ]


def test_an_item_that_a_seed_lacks_counts_nothing() -> None:
    found = _pooled(_table("s", 0, [1, 0]), _table("s", 1, [1]))
    assert found.loc[0, ["value", "n"]].tolist() == [0.666667, 3]


def test_forced_metrics_are_there_where_log_probabilities_are() -> None:
    table = _table("base", 0, [1, 0])
    assert not scores.per_seed(table)["metric"].str.contains("forced").any()
    scored = table.assign(chain="s", **dict.fromkeys(("scored", "forced", "debiased"), 1.0))
    found = scores.per_seed(pd.concat([table, scored], ignore_index=True))
    assert set(found.loc[found["metric"] == "accuracy_forced", "chain"]) == {"s"}
