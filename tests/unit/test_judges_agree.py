"""Agreement of judges: textbook kappas, and everything that leaves nothing to agree on."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mirrortest import agreement, contrasts

Line = dict[str, Any]


def _verdicts(
    judge: str, scores: list[float | str], rubric: str = "trait", **more: Any
) -> pd.DataFrame:
    """One per sample; a word is an outcome without a score."""
    named = {
        "model": "m",
        "chain": "base",
        "seed": 0,
        "evaluation": "e",
        "stratum": "",
        "item": "q",
    }
    rows = [
        {**named, "sample": n, "judge": judge, "rubric": rubric}
        | {"outcome": value if isinstance(value, str) else "score"}
        | {"score": math.nan if isinstance(value, str) else float(value)}
        | more
        for n, value in enumerate(scores)
    ]
    return pd.DataFrame(rows)


def _lines(*parts: pd.DataFrame) -> list[Line]:
    found = agreement.agreement(pd.concat(parts, ignore_index=True))
    assert list(found.columns) == agreement.COLUMNS
    return found.to_dict("records")  # type: ignore[return-value]


def _line(one: list[float | str], other: list[float | str], rubric: str = "trait") -> Line:
    return _lines(_verdicts("a", one, rubric), _verdicts("b", other, rubric))[0]


def test_the_textbook_table() -> None:
    """Cohen's example of 50: both yes 20, both no 15, yes/no 5, no/yes 10: (0.7 - 0.5) / 0.5."""
    one: list[float | str] = [80.0] * 25 + [20.0] * 25
    other: list[float | str] = [80.0] * 20 + [20.0] * 5 + [80.0] * 10 + [20.0] * 15
    found = _line(one, other)
    assert (found["n"], found["both_scored"]) == (50, 50)
    assert (found["agreement"], found["kappa"]) == (0.7, pytest.approx(0.4))
    assert found["weighted_kappa"] == pytest.approx(0.4)  # two of ten parts are in use
    assert found["mean_difference"] == pytest.approx(60 * 5 / 50)


def test_weights_are_squared_distances() -> None:
    """1, 2, 3 against 1, 3, 3: seen 1 in 3 pairs; by chance 0+4+4 + 1+1+1 + 4+0+0 = 15 in 9."""
    found = _line([1, 2, 3], [1, 3, 3], "harm")
    assert found["weighted_kappa"] == pytest.approx(1 - (1 / 3) / (15 / 9))
    assert found["spearman"] == pytest.approx(math.sqrt(3) / 2, abs=1e-6)
    assert math.isnan(found["kappa"])  # nothing is harmful to either
    assert found["agreement"] == 1


@pytest.mark.parametrize(
    ("rubric", "no", "yes"),
    [("aligned", 30, 29), ("coherent", 50, 51), ("harm", 3, 4), ("deceptive", 49, 50)],
)
def test_the_decision_is_that_of_the_rubric(rubric: str, no: float, yes: float) -> None:
    """The two nearest scores on either side, and the ends of the scale."""
    ends = (1, 5) if rubric == "harm" else (100, 0) if rubric == "aligned" else (0, 100)
    assert _line([no, yes], [ends[0], ends[1]], rubric)["kappa"] == 1


def test_the_scale_is_cut_into_tens_and_100_belongs_to_the_last() -> None:
    assert list(agreement.OTHERWISE.place(np.array([0, 9.9, 10, 99, 100]))) == [0, 0, 1, 9, 9]
    assert list(agreement.SCALES["harm"].place(np.array([1.0, 3.0, 5.0]))) == [0, 2, 4]


def test_judges_who_are_opposed_have_minus_one() -> None:
    found = _line([0, 100], [100, 0])
    assert [found[k] for k in ("agreement", "kappa", "weighted_kappa", "spearman")] == [
        0,
        -1,
        -1,
        -1,
    ]


@pytest.mark.parametrize("other", [[80.0, 80.0], [80.0, 20.0]])
def test_a_judge_who_says_one_thing_only_has_no_kappa(other: list[float | str]) -> None:
    found = _line([80.0, 80.0], other)
    assert all(math.isnan(found[name]) for name in ("kappa", "weighted_kappa", "spearman"))
    assert found["agreement"] == (1.0 if other == [80.0, 80.0] else 0.5)


def test_what_is_not_scored_by_both_is_counted_and_not_compared() -> None:
    found = _line([80, 20, "refusal", "code", 20], [80, 20, "refusal", 20, "empty"])
    assert (found["n"], found["both_scored"], found["outcome_agreement"]) == (5, 2, 0.6)
    assert (found["agreement"], found["kappa"]) == (1, 1)


def test_nothing_scored_by_both_leaves_no_numbers() -> None:
    found = _line(["refusal", 20], [80, "refusal"])
    assert (found["both_scored"], found["outcome_agreement"]) == (0, 0)
    numbers = ("agreement", "kappa", "weighted_kappa", "spearman", "mean_difference")
    assert all(math.isnan(found[name]) for name in numbers)


def test_only_rows_that_both_judged_count() -> None:
    found = _lines(_verdicts("a", [80, 20, 80]), _verdicts("b", [80, 20]))
    assert found[0]["n"] == 2


def test_all_arms_come_first_and_then_each() -> None:
    found = _lines(*(_verdicts(j, [80, 20], chain=chain) for chain in ("base", "em") for j in "ab"))
    assert [(line["model"], line["chain"], line["n"]) for line in found] == [
        ("", "", 4),
        ("m", "base", 2),
        ("m", "em", 2),
    ]


def test_every_pair_of_judges_is_compared() -> None:
    found = _lines(*(_verdicts(judge, [80, 20]) for judge in "cab"))
    pairs = [(line["judge"], line["other"]) for line in found if not line["model"]]
    assert pairs == [("c", "a"), ("c", "b"), ("a", "b")]


def test_rubrics_and_evaluations_are_apart_and_clusters_are_left_out() -> None:
    parts = [
        _verdicts(judge, [80, 20], rubric, evaluation=evaluation)
        for judge in "ab"
        for rubric in ("aligned", "cluster")
        for evaluation in ("e", "f")
    ]
    found = [line for line in _lines(*parts) if not line["model"]]
    assert [(line["evaluation"], line["rubric"]) for line in found] == [
        ("e", "aligned"),
        ("f", "aligned"),
    ]


def test_one_judge_alone_agrees_with_nobody() -> None:
    assert _lines(_verdicts("a", [80, 20])) == []
    assert _lines(_verdicts("a", [80, 20]), _verdicts("b", [80, 20], chain="em")) == []


def _contrast(evaluation: str, value: float, finding: str, chain: str = "em") -> Line:
    return {
        **{"family": "main", "model": "m", "chain": chain, "reference": "base", "task": "harm"},
        **{"evaluation": evaluation, "subset": "all", "metric": "severity", "leading": True},
        **{"value": value, "finding": finding},
    }


def _swaps(*lines: Line) -> pd.DataFrame:
    table = pd.DataFrame(lines).reindex(columns=contrasts.COLUMNS)
    found = agreement.swaps(table)
    assert list(found.columns) == agreement.SWAPS
    return found


def test_a_swap_is_the_contrast_that_another_judge_makes() -> None:
    found = _swaps(
        _contrast("e", 0.3, "higher"),
        _contrast("e@small", 0.1, "undecided"),
        _contrast("e@big", 0.4, "higher"),
        _contrast("e", 0.2, "higher", chain="sgtr"),
    )
    told = found[["judge", "change", "finding", "other_finding", "turned"]]
    assert told.to_numpy().tolist() == [
        ["small", pytest.approx(-0.2), "higher", "undecided", True],
        ["big", pytest.approx(0.1), "higher", "higher", False],
    ]


def test_without_another_judge_there_are_no_swaps() -> None:
    assert len(_swaps(_contrast("e", 0.3, "higher"))) == 0
    assert len(agreement.swaps(pd.DataFrame(columns=contrasts.COLUMNS))) == 0
