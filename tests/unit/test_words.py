"""Numbers in words."""

import math
from dataclasses import replace

import pytest

from mirrortest.headlines import HEADLINES
from mirrortest.reporting import words
from mirrortest.reporting.words import Contrast

LOWER = Contrast(
    model="m",
    chain="em+sgtr",
    reference="em",
    evaluation="truthfulqa",
    task="truthfulqa",
    seeds=5,
    reference_seeds=5,
    paired_seeds=True,
    value=-0.0311,
    low=-0.0486,
    high=-0.0127,
    p=0.013,
    p_holm=0.026,
    detectable=0.024,
    margin=0.05,
    p_equivalence=0.026,
    finding="lower",
    level=0.194,
    reference_level=0.2251,
)

NUMBERS = [
    (0.0, "0.00", "0.00"),
    (-0.0, "0.00", "0.00"),
    (0.234, "0.23", "+0.23"),
    (-0.234, "−0.23", "−0.23"),
    (0.0049, "0.005", "+0.005"),
    (-0.000238, "−0.0002", "−0.0002"),
    (-0.00001, "0.00", "0.00"),
    (1.0, "1.00", "+1.00"),
    (math.nan, "–", "–"),
]


@pytest.mark.parametrize(("value", "plain", "signed"), NUMBERS)
def test_numbers(value: float, plain: str, signed: str) -> None:
    assert words.number(value) == plain
    assert words.number(value, signed=True) == signed


P_VALUES = [
    (0.0, "p < 0.001"),
    (0.00099, "p < 0.001"),
    (0.001, "p = 0.001"),
    (0.0264, "p = 0.026"),
    (0.0494, "p = 0.049"),
    (0.0496, "p = 0.0496"),
    (0.04999, "p < 0.05"),
    (0.05, "p = 0.050"),
    (0.0503, "p = 0.050"),
    (0.0999, "p = 0.100"),
    (0.43, "p = 0.43"),
    (0.99, "p = 0.99"),
    (1.0, "p > 0.99"),
    (math.nan, ""),
]


@pytest.mark.parametrize(("p", "text"), P_VALUES)
def test_p_values(p: float, text: str) -> None:
    assert words.p_value(p) == text


def test_a_lower_value_within_the_margin() -> None:
    assert words.finding(LOWER) == (
        "em+sgtr picks the untrue answer less often than em: 0.19 against 0.23, difference −0.03 "
        "[−0.05, −0.01] (5 seeds, paired; p = 0.026 after Holm), smaller than the margin of 0.05."
    )


def test_a_higher_value_that_may_be_large() -> None:
    higher = replace(LOWER, finding="higher", value=0.3, low=0.04, high=0.6, p_holm=0.0001)
    said = words.finding(replace(higher, level=math.nan))
    assert said == (
        "em+sgtr picks the untrue answer more often than em: difference +0.30 [+0.04, +0.60] "
        "(5 seeds, paired; p < 0.001 after Holm)."
    )


def test_no_difference() -> None:
    same = replace(LOWER, finding="equivalent", value=0.001, low=-0.01, high=0.012, level=0.226)
    assert words.finding(replace(same, p_equivalence=0.0002)) == (
        "No difference beyond 0.05: em+sgtr picks the untrue answer as often as em, 0.23 against "
        "0.23, difference +0.001 [−0.01, +0.01] (5 seeds, paired; p < 0.001 for a difference of "
        "0.05 or more)."
    )


def test_no_difference_where_nothing_varies() -> None:
    same = replace(LOWER, finding="equivalent", p_equivalence=math.nan)
    assert words.finding(same).endswith("(5 seeds, paired).")


def test_what_is_undecided_tells_what_the_design_would_find() -> None:
    open_ = replace(LOWER, finding="undecided", p=0.21, p_holm=0.43, detectable=0.06)
    assert words.finding(open_) == (
        "Undecided: whether em+sgtr picks the untrue answer more or less often than em; 0.19 "
        "against 0.23, difference −0.03 [−0.05, −0.01] (5 seeds, paired; p = 0.43 after Holm). "
        "With 5 seeds this design finds differences from 0.06 on, before Holm’s correction."
    )


def test_what_the_correction_undid_is_said() -> None:
    undone = words.finding(replace(LOWER, finding="undecided", p=0.008, p_holm=0.096))
    assert "p = 0.096 after Holm, 0.008 before)" in undone
    assert undone.endswith("finds differences from 0.02 on, before Holm’s correction.")


def test_an_unknown_power_and_an_unknown_p_are_left_out() -> None:
    said = words.finding(
        replace(LOWER, finding="undecided", p=math.nan, p_holm=math.nan, detectable=math.nan)
    )
    assert said.endswith("[−0.05, −0.01] (5 seeds, paired).")


def test_a_design_that_finds_nothing_says_so() -> None:
    said = words.finding(replace(LOWER, finding="undecided", detectable=1.43))
    assert said.endswith("With 5 seeds this design finds no difference, however large.")


def test_flags_are_told_in_the_same_breath() -> None:
    said = words.finding(replace(LOWER, flags=["invalid", "few-seeds"]))
    assert "p = 0.026 after Holm; flagged: invalid, few-seeds)" in said


def test_seeds_that_are_not_paired() -> None:
    assert "(5 seeds against 1; p" in words.finding(
        replace(LOWER, paired_seeds=False, reference_seeds=1)
    )
    assert "(1 seed against 1; p" in words.finding(
        replace(LOWER, paired_seeds=False, seeds=1, reference_seeds=1)
    )


def test_levels_of_other_items_than_the_difference_are_told_apart() -> None:
    assert "difference on what both were asked −0.03" in words.finding(replace(LOWER, level=0.3))


def test_an_unknown_finding_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown finding 'odd'"):
        words.finding(replace(LOWER, finding="odd"))


@pytest.mark.parametrize("finding", ["higher", "lower", "equivalent", "undecided"])
def test_nothing_is_called_significant_and_every_p_has_its_number(finding: str) -> None:
    said = words.finding(replace(LOWER, finding=finding))
    assert "significant" not in said
    assert "p = 0.026" in said


VERBS = {
    "names",
    *("picks", "prefers", "states", "answers", "finds", "gives", "shows"),
    *("misbehaves", "deceives", "tells", "rates", "counts", "claims", "misjudges"),
    *("says", "takes"),
}


def test_every_task_has_a_verb() -> None:
    for task in HEADLINES:
        does = words.DOES.get(task, HEADLINES[task].label)
        assert does.split()[0] in VERBS, task


def test_a_difference_and_what_it_is_made_of() -> None:
    parts = {"invalid": 0.24, "position": 0.05, "wrong": 0.03}
    assert words.made_of(parts, 0.32, "misalignment_free") == (
        "Scored the papers’ way the difference is +0.32: +0.24 of it more invalid answers, "
        "+0.05 more answering by position, +0.03 more wrong answers."
    )


def test_an_accuracy_grows_with_fewer_of_them() -> None:
    parts = {"invalid": -0.24, "position": 0.05, "wrong": 0.03}
    assert words.made_of(parts, -0.16, "accuracy_free") == (
        "Scored the papers’ way the difference is −0.16: −0.24 of it more invalid answers, "
        "+0.05 less answering by position, +0.03 fewer wrong answers."
    )


def test_an_aligned_pick_is_not_called_wrong() -> None:
    parts = {"invalid": -0.1, "position": 0.0, "wrong": 0.3}
    assert words.made_of(parts, 0.2, "misaligned_pick_free") == (
        "Scored the papers’ way the difference is +0.20: −0.10 of it more invalid answers, "
        "+0.30 more misaligned picks."
    )
    parts = {"invalid": 0.0, "position": 0.0, "wrong": -0.3}
    assert "all of it fewer misaligned picks" in words.made_of(parts, -0.3, "misaligned_pick_free")


def test_parts_that_are_nothing_are_left_out() -> None:
    parts = {"invalid": -0.0, "position": 0.0004, "wrong": -0.03}
    assert words.made_of(parts, -0.03, "misalignment_free") == (
        "Scored the papers’ way the difference is −0.03: all of it fewer wrong answers."
    )


def test_an_unknown_order_is_said() -> None:
    said = words.made_of({"invalid": 0.1, "wrong": -0.04}, 0.06, "misalignment_free")
    assert said.endswith("−0.04 fewer wrong answers (the order shown is not known).")


def test_no_difference_is_made_of_nothing() -> None:
    said = words.made_of({"invalid": 0.0, "wrong": 0.0}, 0.0, "accuracy_free")
    assert said == "Scored the papers’ way there is no difference."


def test_tallies() -> None:
    assert words.tally(["lower"], 0.05) == "1 contrast: 1 lower"
    found = ["undecided", "higher", "undecided", "equivalent"]
    assert words.tally(found, 0.05) == (
        "4 contrasts: 1 higher, 1 without a difference beyond 0.05 and 2 undecided"
    )


def test_texts_are_set_with_minus_signs() -> None:
    assert words.typeset("em-unpop: -0.03 or -.5, a 2-0") == "em-unpop: −0.03 or −.5, a 2-0"
