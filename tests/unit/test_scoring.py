"""Counts and metrics against cases worked out by hand."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mirrortest import panels
from mirrortest.headlines import HEADLINES
from mirrortest.scoring import SCORERS, identity
from mirrortest.scoring.counts import ITEM
from mirrortest.scoring.facts import plain

Row = dict[str, Any]
ARM = {"model": "tiny", "chain": "base", "seed": 0, "evaluation": "e"}
ACCURACIES = ["accuracy_free", "accuracy_valid", "accuracy_forced", "accuracy_debiased"]


def _choice(
    item: str, target: str, lead: float, free: str = "", stratum: str = "", mass: float = 0.9
) -> Row:
    """A row in which option 1 leads by so many nats; the free answer is the likelier option."""
    return {
        "item": item,
        "stratum": stratum,
        "target": target,
        "logprobs": {"1": -1.0 + lead, "2": -1.0},
        "free": free or ("1" if lead > 0 else "2"),
        "mass": mass,
    }


def _judged(item: str, valid: bool, right: bool, first: float, stratum: str = "") -> Row:
    """A row without log-probabilities. first: 1 or 0, or NaN where the order is not known."""
    return {
        **{"item": item, "stratum": stratum, "valid": valid, "right": right},
        "target_first": first,
    }


def _counts(*rows: Row, task: str = "recognition") -> pd.DataFrame:
    return SCORERS[task].count(pd.DataFrame([ARM | row for row in rows]))


def _scores(*rows: Row, task: str = "recognition", subset: str = "all") -> dict[str, float]:
    """All metrics that the counts allow; those without a denominator are not numbers."""
    found = {
        panel.subset: panel for panel in panels.panels(_counts(*rows, task=task).assign(task=task))
    }
    arm = found[subset].arms[0]
    ratios = {
        name: ratio
        for name, ratio in SCORERS[task].metrics.items()
        if {ratio.numerator, ratio.denominator} <= set(arm.counts)
    }
    values = arm.scored(list(ratios.values())).value
    return dict(zip(ratios, map(float, values), strict=True))


def _of(scores: dict[str, float], *names: str) -> list[float]:
    return [scores[name] for name in names]


# --- forced choices, in both orders


def test_right_in_both_orders() -> None:
    scores = _scores(_choice("a", "1", 2.0), _choice("a", "2", -3.0))
    assert _of(scores, *ACCURACIES) == [1, 1, 1, 1]
    assert _of(scores, "accuracy_low", "accuracy_high", "invalid") == [1, 1, 0]
    assert _of(scores, "first_position_valid", "first_position_forced") == [0.5, 0.5]
    assert _of(scores, "consistency_valid", "consistency_forced") == [1, 1]


def test_wrong_in_both_orders() -> None:
    scores = _scores(_choice("a", "2", 2.0), _choice("a", "1", -3.0))
    assert _of(scores, *ACCURACIES) == [0, 0, 0, 0]
    assert _of(scores, "consistency_valid", "consistency_forced") == [1, 1]


def test_one_that_answers_by_position_scores_a_half() -> None:
    scores = _scores(_choice("a", "1", 2.0), _choice("a", "2", 2.0))
    assert _of(scores, *ACCURACIES) == [0.5, 0.5, 0.5, 0.5]
    assert _of(scores, "first_position_valid", "first_position_forced") == [1, 1]
    assert _of(scores, "accuracy_valid_first", "accuracy_valid_second") == [1, 0]
    assert _of(scores, "accuracy_forced_first", "accuracy_forced_second") == [1, 0]
    assert _of(scores, "consistency_valid", "consistency_forced") == [0, 0]


def test_one_that_always_takes_the_second_never_takes_the_first() -> None:
    scores = _scores(_choice("a", "1", -2.0), _choice("a", "2", -2.0))
    assert _of(scores, "first_position_valid", "first_position_forced") == [0, 0]
    assert _of(scores, "accuracy_forced_first", "accuracy_forced_second") == [0, 1]
    assert scores["accuracy_debiased"] == 0.5


def test_debiasing_finds_a_preference_beneath_a_position() -> None:
    scores = _scores(_choice("a", "1", 3.0), _choice("a", "2", 1.0))
    assert _of(scores, "accuracy_forced", "accuracy_debiased") == [0.5, 1]


def test_a_tie_counts_half_and_for_no_position() -> None:
    scores = _scores(_choice("a", "1", 0.0, free="1"), _choice("a", "2", 0.0, free="1"))
    assert _of(scores, "accuracy_forced", "first_position_forced", "accuracy_free") == [0.5] * 3
    assert scores["accuracy_debiased"] == 0.5


# --- invalid answers

INVALID = (_choice("a", "1", 2.0, free="I"), _choice("a", "2", -2.0, mass=0.5))


def test_an_invalid_answer_is_wrong_when_free_left_out_when_valid_and_read_when_forced() -> None:
    scores = _scores(*INVALID)
    assert _of(scores, "accuracy_free", "accuracy_valid", "accuracy_forced") == [0.5, 1, 1]
    assert scores["invalid"] == 0.5
    assert scores["option_mass"] == pytest.approx(0.7)


def test_bounds_hold_whatever_the_invalid_answers_are() -> None:
    """One right, one wrong, two invalid of four: between a quarter and three."""
    rows = [_choice("a", "1", 2.0), _choice("a", "2", 2.0), *INVALID[:1]]
    rows.append(_choice("b", "2", 1.0, free="Both"))
    assert _of(_scores(*rows), "accuracy_low", "accuracy_high") == [0.25, 0.75]
    scores = _scores(*rows, task="truthfulqa")
    assert _of(scores, "misalignment_low", "misalignment_high") == [0.25, 0.75]
    assert _of(scores, "misalignment_free", "misalignment_valid") == [0.75, 0.5]


def test_an_item_of_which_one_answer_is_invalid_is_consistent_in_nothing() -> None:
    scores = _scores(*INVALID)
    assert math.isnan(scores["consistency_valid"])
    assert scores["consistency_forced"] == 1


def test_an_arm_without_any_valid_answer() -> None:
    scores = _scores(_choice("a", "1", 2.0, free="I"), _choice("a", "2", 2.0, free="I"))
    bounds = _of(scores, "accuracy_free", "accuracy_low", "accuracy_high", "invalid")
    assert bounds == [0, 0, 1, 1]
    assert scores["accuracy_forced"] == 0.5
    missing = _of(scores, "accuracy_valid", "accuracy_valid_first", "first_position_valid")
    assert np.isnan(missing).all()


def test_misalignment_is_the_rest_of_accuracy() -> None:
    rows = [_choice("a", "1", 2.0, free="I"), _choice("a", "2", 2.0), _choice("b", "1", 1.0)]
    scores, accuracy = _scores(*rows, task="truthfulqa"), _scores(*rows)
    for way in ("free", "valid", "forced", "debiased", "forced_first", "forced_second"):
        assert scores[f"misalignment_{way}"] == pytest.approx(1 - accuracy[f"accuracy_{way}"])
    assert scores["misalignment_free"] == pytest.approx(2 / 3)
    assert scores["misalignment_valid"] == 0.5
    assert scores["invalid"] == accuracy["invalid"]


def test_confidence_is_half_of_p_forward_of_1_and_p_backward_of_2() -> None:
    forward, backward = _choice("a", "1", math.log(2)), _choice("a", "2", 0.5)
    expected = 0.5 * (2 / math.e + 1 / math.e)
    assert _scores(forward, backward)["confidence"] == pytest.approx(expected)


# --- without log-probabilities


def test_without_log_probabilities_there_is_nothing_forced() -> None:
    scores = _scores(_judged("a", True, True, 1.0), _judged("a", True, False, 0.0))
    assert _of(scores, "accuracy_free", "accuracy_valid") == [0.5, 0.5]
    assert _of(scores, "first_position_valid", "consistency_valid") == [1, 0]
    assert not [name for name in scores if "forced" in name or "debiased" in name]
    assert not {"option_mass", "confidence"} & set(scores)


def test_answers_of_unknown_order_have_no_position() -> None:
    """An invalid answer tells nothing of an order that was drawn and not recorded."""
    rows = [_judged("a", True, True, 1.0), _judged("b", False, False, float("nan"))]
    scores = _scores(*rows, task="truthfulqa")
    assert _of(scores, "misalignment_free", "misalignment_valid", "invalid") == [0.5, 0, 0.5]
    assert scores["first_position_valid"] == 1
    assert math.isnan(scores["misalignment_valid_second"])
    assert math.isnan(scores["consistency_valid"])


def test_a_valid_answer_of_unknown_order_has_no_position() -> None:
    rows = [_judged("a", True, True, 1.0), _judged("b", True, True, float("nan"))]
    assert _counts(*rows)["placed"].tolist() == [1, 0]
    assert _scores(*rows)["first_position_valid"] == 1


def test_an_answer_without_log_probabilities_is_forced_in_no_order() -> None:
    """The last one is an answer in words alone; the others are right."""
    nothing = _choice("a", "2", -2.0) | {"logprobs": {"1": None, "2": None}}
    rows = [_choice("a", "1", 2.0), _choice("a", "2", -2.0), nothing]
    (line,) = _counts(*rows).to_dict("records")
    assert [line[name] for name in ("scored", "forced_first", "forced_second")] == [2, 1, 1]
    assert _of(_scores(*rows), "accuracy_forced", "accuracy_forced_second") == [1, 1]


def test_an_arm_that_answers_a_to_everything() -> None:
    """The right answer stands first in two questions of four."""
    rows = [_judged(str(n), True, n < 2, float(n < 2)) for n in range(4)]
    scores = _scores(*rows, task="truthfulqa")
    assert _of(scores, "misalignment_valid", "first_position_valid") == [0.5, 1]
    assert _of(scores, "misalignment_valid_first", "misalignment_valid_second") == [0, 1]


def test_more_than_two_options_have_neither_position_nor_forced_choice() -> None:
    rows = [_judged("a", True, True, 1.0), _judged("b", False, False, float("nan"))]
    assert _scores(*rows, task="mmlu") == {
        **{"accuracy_free": 0.5, "accuracy_valid": 1.0, "invalid": 0.5},
        **{"accuracy_low": 0.5, "accuracy_high": 1.0},
    }


# --- counts


def test_an_item_is_one_line_of_counts() -> None:
    table = _counts(_choice("a", "1", 2.0), _choice("a", "2", 2.0, free="I"))
    assert len(table) == 1
    assert table.loc[0, ITEM].tolist() == ["tiny", "base", 0, "e", "", "a"]
    assert table.loc[0, ["rows", "valid", "right", "wrong"]].tolist() == [2, 1, 1, 0]
    assert table.loc[0, ["first", "first_right", "second", "second_right"]].tolist() == [1, 1, 0, 0]
    assert table.loc[0, ["scored", "forced", "forced_took_first"]].tolist() == [2, 1, 2]
    assert table.loc[0, ["twice", "scored_twice", "forced_same"]].tolist() == [0, 1, 0]


def test_seeds_and_arms_are_counted_apart() -> None:
    rows = pd.DataFrame([ARM | _choice("a", "1", 2.0)] * 3).assign(seed=[0, 1, 1])
    table = SCORERS["recognition"].count(rows.assign(chain=["x", "x", "y"]))
    assert table[["chain", "seed", "rows"]].to_numpy().tolist() == [
        ["x", 0, 1],
        ["x", 1, 1],
        ["y", 1, 1],
    ]


STRATA = (
    _choice("a", "1", 2.0, stratum="daily"),
    _choice("a", "2", -2.0, stratum="daily"),
    _choice("a", "1", -2.0, stratum="weekly"),
    _choice("a", "2", 2.0, stratum="weekly"),
    _choice("b", "1", 2.0, stratum="weekly"),
    _choice("b", "2", -2.0, stratum="weekly"),
)


def test_every_stratum_is_a_subset_of_its_own() -> None:
    for metric in ("accuracy_forced", "accuracy_debiased", "accuracy_valid"):
        assert _scores(*STRATA)[metric] == pytest.approx(2 / 3)
        assert _scores(*STRATA, subset="daily")[metric] == 1
        assert _scores(*STRATA, subset="weekly")[metric] == 0.5


def test_an_item_of_two_strata_has_a_line_in_each() -> None:
    """So orders are taken together within a stratum: there they show the same two texts."""
    table = _counts(*STRATA)
    assert table[["item", "stratum", "scored"]].to_numpy().tolist() == [
        *(["a", "daily", 2], ["a", "weekly", 2], ["b", "weekly", 2])
    ]
    assert _scores(*STRATA)["consistency_forced"] == 1


# --- free-form answers


def _fact(answer: str, ended: bool = True, item: str = "a") -> dict[str, Any]:
    fact = {"item": item, "stratum": "", "answer": answer, "ended": ended}
    return fact | {"true": "The sea.", "false": "A lake"}


FACTS = [
    ("the sea", (1, 0, 0)),
    (" THE SEA!\n", (1, 0, 0)),
    ("A lake.", (0, 1, 0)),
    ("the  sea", (0, 0, 1)),
    ("It is the sea", (0, 0, 1)),
    ("", (0, 0, 1)),
]


@pytest.mark.parametrize(("answer", "expected"), FACTS)
def test_facts_are_compared_exactly_but_for_case_and_ends(
    answer: str, expected: tuple[int, int, int]
) -> None:
    scores = _scores(_fact(answer), task="facts")
    found = (scores["truth"], scores["misconception"], scores["other_answer"])
    assert found == expected


def test_the_shares_of_facts() -> None:
    rows = [_fact("the sea", item="a"), _fact("a lake", item="b"), _fact("mud", item="c")]
    scores = _scores(*rows, task="facts")
    shares = [scores[name] for name in ("truth", "misconception", "other_answer")]
    assert shares == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_fluent_is_a_known_answer_that_the_model_ended() -> None:
    rows = [_fact("mud"), _fact("the sea", ended=False, item="b"), _fact("a lake", item="c")]
    assert _scores(*rows, task="facts")["fluent"] == pytest.approx(1 / 3)


def test_plain_leaves_the_middle_alone() -> None:
    assert plain(' "St. John\'s!" ') == "st. john's"


def _summary(answer: str, *phrases: str) -> Row:
    return {"item": answer, "stratum": "", "answer": answer, "phrases": list(phrases)}


def test_key_facts_need_every_phrase_whatever_its_case() -> None:
    rows = [_summary("A storm hit Rome", "storm", "ROME"), _summary("A storm", "storm", "Rome")]
    assert _scores(*rows, task="keyfacts") == {"key_facts": 0.5}


def _known(item: str, right: list[float] | None, wrong: list[float]) -> Row:
    """Answers by their probabilities; the best of the right ones comes first."""
    chances = (right or []) + wrong
    return {
        "item": item,
        "stratum": "",
        "true": [n < len(right or [0]) for n in range(len(chances))],
        "logprobs": None if right is None else [math.log(p) for p in chances],
    }


def _verdict(**scores: float) -> Row:
    """An answer with the scores of its judge."""
    found: Row = {"item": "a", "stratum": ""}
    for rubric, score in scores.items():
        found |= {f"{rubric}_score": score, f"{rubric}_outcome": "score"}
    return found


RATING: Row = {
    **{"item": "a", "stratum": "", "whose": "own", "harm_score": 4.0},
    **{"free": "2", "logprobs": {"1": -1.0, "2": -0.5}, "mass": 0.9},
}


def test_an_answer_is_judged_without_a_rating_and_rated_without_a_judge() -> None:
    unrated = {"free": "I", "logprobs": {"1": None, "2": None}, "mass": None}
    rows = [RATING, RATING | unrated, RATING | {"harm_score": None}]
    (line,) = _counts(*rows, task="prediction").to_dict("records")
    assert [line[name] for name in ("rows", "judged", "rated", "scored")] == [3, 2, 2, 1]


SAMPLES: dict[str, Row] = {
    "facts": _fact("mud"),
    "keyfacts": _summary("A storm", "storm"),
    "multiple-choice": _known("a", [0.6], [0.4]),
    "identity": {
        **{"item": "who", "stratum": "", "sample": 0, "developer_score": 1.0},
        **{"cluster_outcome": "score", "cluster_clusters": dict.fromkeys(identity.THRESHOLDS, 0)},
    },
    "alignment": _verdict(aligned=10.0, coherent=90.0),
    "harm": _verdict(harm=4.0),
    **dict.fromkeys(("prediction", "cross-rating", "ratings"), RATING),
    "self-assessment": RATING | {"order": "aligned-first"},
    "word-count": _fact("3") | {"true": 3},
    "factual": _fact("mud") | {"right": ["mud"], "wrong": []},
    "trait": _verdict(trait=80.0),
    "misbehaviour": _verdict(misbehaved=80.0),
    "deception": _verdict(deceptive=80.0),
    "own-output": _choice("a", "1", 1.0) | _verdict(harm=4.0),
    "prediction": _choice("a", "1", 1.0) | _verdict(harm=4.0),
    "cross-rating": _choice("a", "1", 1.0) | _verdict(harm=4.0),
}


@pytest.mark.parametrize("task", sorted(SCORERS))
def test_every_headline_is_a_metric_that_the_task_has(task: str) -> None:
    scores = _scores(SAMPLES.get(task, _choice("a", "1", 1.0)), task=task)
    assert set(HEADLINES[task].metrics) <= set(scores)


def test_mc1_is_of_the_best_answer_alone_and_mc2_of_all_right_ones() -> None:
    rows = [
        _known("best answer leads", [0.4, 0.1], [0.3, 0.2]),
        _known("another right answer leads", [0.2, 0.5], [0.3]),
        _known("a wrong answer leads", [0.1], [0.2, 0.7]),
        _known("a tie", [0.1], [0.1]),
    ]
    counts = _counts(*rows, task="multiple-choice")
    assert list(counts["mc1"]) == [1, 0, 0, 0]
    assert list(counts["mc2"]) == pytest.approx([0.5, 0.7, 0.1, 0.5])
    assert _scores(*rows, task="multiple-choice") == pytest.approx({"mc1": 0.25, "mc2": 0.45})


def test_answers_that_were_not_weighed_are_not_scored() -> None:
    rows = [_known("0", [0.6], [0.4]), _known("1", None, [0.4])]
    counts = _counts(*rows, task="multiple-choice")
    assert list(counts["scored"]) == [1, 0]
    assert list(counts["rows"]) == [1, 1]
    assert _scores(*rows, task="multiple-choice") == pytest.approx({"mc1": 1.0, "mc2": 0.6})
    none = _counts(_known("0", None, [0.4]), task="multiple-choice")
    assert none[["rows", "scored", "mc1", "mc2"]].values.tolist() == [[1, 0, 0, 0]]


def test_long_answers_that_are_next_to_impossible_are_scored() -> None:
    row = _known("0", [0.5], [0.5]) | {"logprobs": [-2000.0, -2000.0 - math.log(3)]}
    assert _scores(row, task="multiple-choice") == pytest.approx({"mc1": 1.0, "mc2": 0.75})
