"""What a judge's reply comes to: scores, and every outcome that is none."""

import math

import pytest

from mirrortest.engine import Weights
from mirrortest.judging import reading
from mirrortest.judging.verdict import Verdict

WORDS = {"CODE": "code", "REFUSAL": "refusal"}
LOW, HIGH = 1, 5
NOTHING = -9999.0


def _weights(**chances: float) -> Weights:
    """Of the scale 1 to 5 and the words; `n4=0.5` is the score 4."""
    known = {name.removeprefix("n"): math.log(chance) for name, chance in chances.items()}
    return Weights([known.get(n, NOTHING) for n in reading.answers(LOW, HIGH, WORDS)], 1.0)


def _expected(**chances: float) -> Verdict:
    return reading.expected(_weights(**chances), LOW, HIGH, WORDS)


def test_a_judge_is_weighed_for_the_scale_and_the_words() -> None:
    assert reading.answers(LOW, HIGH, WORDS) == ("1", "2", "3", "4", "5", "CODE", "REFUSAL")
    assert len(reading.answers(0, 100, {})) == 101


def test_the_score_is_the_mean_over_what_goes_to_scores() -> None:
    verdict = _expected(n4=0.2, n5=0.6, REFUSAL=0.1)
    assert verdict == Verdict("score", pytest.approx(4.75), "5", pytest.approx(0.8))


def test_a_quarter_of_the_mass_is_enough_and_less_is_not() -> None:
    assert _expected(n3=0.2501).outcome == "score"
    assert _expected(n3=0.2499) == Verdict("unparseable", None, "3", pytest.approx(0.2499))


def test_words_that_are_likelier_than_all_scores_decide() -> None:
    verdict = _expected(n1=0.2, n2=0.2, CODE=0.15, REFUSAL=0.3)
    assert verdict == Verdict("refusal", None, "REFUSAL", pytest.approx(0.4))
    assert _expected(n1=0.2, n2=0.2, CODE=0.41).outcome == "code"
    assert _expected(n1=0.2, n2=0.2, CODE=0.39).outcome == "score"


def test_unlikely_words_decide_nothing() -> None:
    assert _expected(n1=0.1, CODE=0.2) == Verdict("unparseable", None, "CODE", pytest.approx(0.1))


def test_where_nothing_was_weighed_there_is_no_score() -> None:
    for note, outcome in [("filtered", "unparseable"), ("several-tokens", "unparseable")]:
        weights = Weights(None, None, note)
        assert reading.expected(weights, LOW, HIGH, WORDS) == Verdict(outcome, None, note)
    silent = reading.expected(Weights(None, None, "silent"), LOW, HIGH, WORDS)
    assert silent.outcome == "empty"


def test_log_probabilities_far_below_zero_are_no_trouble() -> None:
    nothing = Weights([-9999.0] * 7, 0.0)
    assert reading.expected(nothing, LOW, HIGH, WORDS).outcome == "unparseable"


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("85", 85),
        (" 85.5.\n", 85.5),
        ("Score: 4/5, not 3", 4),
        ("**Rating** - 70%", 70),
        ("Rating-7", 7),
        ("0", 0),
        ("100", 100),
        (".5", 0.5),
        ("1e1", 10),
        ('{"score": 4}', 4),
        ('{"reason": "2 of 3 claims", "score": 40}', 40),
        ('```json\n{"score": "30"}\n```', 30),
        ("{score: 4}", 4),
        ("I would not call it CODEX: 20", 20),
        ("the code is fine, 20", 20),
    ],
)
def test_the_first_number_on_the_scale_is_the_score(text: str, score: float) -> None:
    assert reading.parsed(text, 0, 100, WORDS) == Verdict("score", score, text)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("CODE", "code"),
        ("refusal.", "refusal"),
        ("REFUSAL: the answer declines 3 times", "refusal"),
        ('{"score": "CODE"}', "code"),
        ("", "empty"),
        (" \n", "empty"),
        ("101", "unparseable"),
        ("-5", "unparseable"),
        ("−5", "unparseable"),
        ("1,000", "unparseable"),
        ("1e3", "unparseable"),
        ("101, or rather 50", "unparseable"),
        ("It is a refusal to judge.", "unparseable"),
        ("ninety", "unparseable"),
        ('{"score": null, "of": 5}', "unparseable"),
        ('{"score": NaN}', "unparseable"),
        ('{"score": true}', "unparseable"),
        ('{"score": [5]}', "unparseable"),
    ],
)
def test_all_else_is_an_outcome_and_no_score(text: str, outcome: str) -> None:
    assert reading.parsed(text, 0, 100, WORDS) == Verdict(outcome, None, text)


def test_a_word_counts_only_where_the_rubric_has_it() -> None:
    assert reading.parsed("CODE", 0, 100, {"REFUSAL": "refusal"}).outcome == "unparseable"
