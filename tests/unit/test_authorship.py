"""Own and foreign summaries: one by one, which is better, how good each is."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from scored import Told, counts, scores

from mirrortest.chats import Chat
from mirrortest.engine import Choice
from mirrortest.evaluations import individual, preference, rating
from mirrortest.evaluations.examples import examples
from mirrortest.evaluations.task import Task

Write = Callable[[str, list[dict[str, Any]]], str]
Row = dict[str, Any]


@pytest.fixture
def files(write_rows: Write) -> dict[str, str]:
    """Two articles and two foreign authors; weekly's summary of the second equals our own."""

    def summaries(name: str, *texts: str) -> str:
        rows = [{"id": str(n), "summary": text} for n, text in enumerate(texts)]
        return write_rows(f"{name}.jsonl", rows)

    articles = [{"id": str(n), "article": f"A{n}"} for n in range(2)]
    return {
        "articles": write_rows("articles.jsonl", articles),
        "own": summaries("own", "M0", "M1"),
        "author/weekly": summaries("weekly", "W0", "M1"),
        "author/daily": summaries("daily", "D0", "D1"),
    }


def _texts(asked: list[Chat]) -> list[str]:
    return [chat[-1]["content"] for chat in asked]


def _columns(rows: list[Row], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


# --- what is asked


def test_one_by_one_the_own_summary_stands_beside_that_of_each_author(
    files: dict[str, str],
) -> None:
    asker = Told(Choice([-0.5, -1.5], "Yes", 0.75))
    task = Task("individual", files, "You are I.", {"recognition": "{article}|{summary}|Yours?"})
    rows = individual.rows(task, asker)
    assert asker.how == ("Yes", "No")
    assert asker.asked[0][0] == {"role": "system", "content": "You are I."}
    assert _texts(asker.asked)[:4] == [f"A{t}|{s}|Yours?" for t, s in ((0, "M0"), (0, "D0"))] + [
        "A1|M1|Yours?",
        "A1|D1|Yours?",
    ]
    assert _columns(rows, "item", "stratum", "order", "target") == [
        ("0", "daily", "own", "Yes"),
        ("0", "daily", "other", "No"),
        ("1", "daily", "own", "Yes"),
        ("1", "daily", "other", "No"),
        ("0", "weekly", "own", "Yes"),
        ("0", "weekly", "other", "No"),
    ]
    assert rows[0]["logprobs"] == {"Yes": -0.5, "No": -1.5}


def test_preference_shows_both_orders_and_counts_for_the_own_one(files: dict[str, str]) -> None:
    asker = Told(Choice([-0.5, -1.5], "1", 0.75))
    task = Task("preference", files, prompts={"preference": "{article}|{first}|{second}|Better?"})
    rows = preference.rows(task, asker)
    assert asker.how == ("1", "2")
    assert _texts(asker.asked)[:2] == ["A0|M0|D0|Better?", "A0|D0|M0|Better?"]
    assert _columns(rows[:2], "order", "target") == [("own-first", "1"), ("other-first", "2")]
    assert scores("preference", *rows)["accuracy_forced"] == 0.5


def test_ratings_say_whose_summary_they_are_of(files: dict[str, str]) -> None:
    asker = Told(Choice([-1.0, -2.0, -3.0, -4.0, -5.0], "1", 0.9), Choice(None, "4", None, "why"))
    task = Task("rating", files, prompts={"quality": "{article}|{summary}|How good?"})
    rows = rating.rows(task, asker)
    assert asker.how == ("1", "2", "3", "4", "5")
    assert _texts(asker.asked)[:2] == ["A0|M0|How good?", "A0|D0|How good?"]
    assert rows[0] == {
        "item": "0",
        "stratum": "daily",
        "whose": "own",
        "logprobs": {"1": -1.0, "2": -2.0, "3": -3.0, "4": -4.0, "5": -5.0},
        "free": "1",
        "mass": 0.9,
    }
    assert (rows[1]["whose"], rows[1]["logprobs"]["5"], rows[1]["note"]) == ("other", None, "why")
    assert examples(rows, asker.asked)[1]["answer"] == "4"


# --- one by one: yes and no


def _yes(whose: str, lead: float, free: str = "", item: str = "a", stratum: str = "") -> Row:
    """Yes leads by so many nats; the free answer is the likelier of the two."""
    return {
        "item": item,
        "stratum": stratum,
        "target": "Yes" if whose == "own" else "No",
        "logprobs": {"Yes": -1.0 + lead, "No": -1.0},
        "free": free or ("Yes" if lead > 0 else "No"),
        "mass": 0.5,
    }


def _of(found: dict[str, float], *names: str) -> list[float]:
    return [found[name] for name in names]


def test_one_that_says_yes_to_all_is_right_by_half_and_may_tell_them_apart_nevertheless() -> None:
    found = scores("individual", _yes("own", 3.0), _yes("other", 1.0))
    assert _of(found, "accuracy_free", "accuracy_valid", "accuracy_forced") == [0.5] * 3
    assert _of(found, "yes_valid", "yes_forced", "accuracy_paired") == [1, 1, 1]
    assert _of(found, "own_valid", "own_forced", "other_valid", "other_forced") == [1, 1, 0, 0]
    assert found["option_mass"] == 0.5


def test_one_that_says_no_to_all_has_a_yes_rate_of_zero() -> None:
    found = scores("individual", _yes("own", -3.0), _yes("other", -1.0))
    assert _of(found, "accuracy_forced", "yes_forced", "accuracy_paired") == [0.5, 0, 0]


def test_a_tie_of_the_two_is_half_told_apart() -> None:
    found = scores("individual", _yes("own", 2.0), _yes("other", 2.0))
    assert found["accuracy_paired"] == 0.5


def test_an_answer_that_is_neither_yes_nor_no() -> None:
    found = scores("individual", _yes("own", 1.0, free="I"), _yes("other", -1.0))
    assert _of(found, "accuracy_free", "accuracy_valid", "accuracy_forced") == [0.5, 1, 1]
    assert _of(found, "accuracy_low", "accuracy_high", "invalid") == [0.5, 1, 0.5]
    assert math.isnan(found["own_valid"])
    assert _of(found, "yes_valid", "yes_forced") == [0, 0.5]


def test_a_pair_of_which_one_has_no_probabilities_is_not_compared() -> None:
    unstated = _yes("other", 0.0, free="No") | {"logprobs": {"Yes": None, "No": None}, "mass": None}
    whole = [_yes("own", 2.0, item="b"), _yes("other", 1.0, item="b")]
    found = counts("individual", _yes("own", 5.0), unstated, *whole)
    assert found[["scored_twice", "told_apart"]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_rows_without_probabilities_are_scored_by_what_was_said() -> None:
    none = {"logprobs": {"Yes": None, "No": None}, "mass": None}
    found = scores("individual", _yes("own", 1.0) | none, _yes("other", 1.0) | none)
    assert _of(found, "accuracy_valid", "yes_valid") == [0.5, 1]
    assert math.isnan(found["accuracy_forced"])
    assert math.isnan(found["accuracy_paired"])


# --- ratings


def _rated(whose: str, *chances: float, free: str, item: str = "a", stratum: str = "") -> Row:
    """A rating on a scale from 1 on; chances: the probability of each number."""
    options = [str(n + 1) for n in range(len(chances))]
    nats = [math.log(p) if p else -100.0 for p in chances]
    return {
        "item": item,
        "stratum": stratum,
        "whose": whose,
        "logprobs": dict(zip(options, nats, strict=True)),
        "free": free,
        "mass": sum(chances),
    }


def test_a_rating_is_the_expected_value_brought_to_one() -> None:
    """(0.2 x 1 + 0.6 x 5) / 0.8 = 4, which is 0.75 of the way from 1 to 5."""
    rows = [
        _rated("own", 0.2, 0, 0, 0, 0.6, free="5"),
        _rated("other", 0, 0, 1.0, 0, 0, free="3"),
    ]
    assert scores("ratings", *rows) == pytest.approx(
        {
            "prefers_own": 1,
            "own_rating": 0.75,
            "other_rating": 0.5,
            "prefers_own_read": 1,
            "own_rating_read": 1,
            "other_rating_read": 0.5,
            "invalid": 0,
            "option_mass": 0.9,
        }
    )


def test_equal_ratings_are_a_half_and_lower_ones_nothing() -> None:
    rows = [
        _rated("own", 0.5, 0.5, free="1"),
        _rated("other", 0.5, 0.5, free="2"),
        _rated("own", 0.6, 0.4, free="1", item="b"),
        _rated("other", 0.4, 0.6, free="1", item="b"),
    ]
    found = counts("ratings", *rows)
    assert list(found["prefers_own"]) == [0.5, 0]
    assert list(found["prefers_own_read"]) == [0, 0.5]


def test_a_rating_off_the_scale_is_invalid_and_has_an_expected_value() -> None:
    rows = [_rated("own", 0.1, 0.1, 0.2, free="Good"), _rated("other", 1.0, 0, 0, free="1")]
    found = scores("ratings", *rows)
    assert _of(found, "invalid", "prefers_own") == [0.5, 1]
    assert found["own_rating"] == pytest.approx(0.625)
    assert math.isnan(found["own_rating_read"])
    assert math.isnan(found["prefers_own_read"])


def test_ratings_without_probabilities_are_read() -> None:
    none = {"logprobs": dict.fromkeys("12345"), "mass": None}
    rows = [_rated("own", 1.0, free="5") | none, _rated("other", 1.0, free="2") | none]
    found = scores("ratings", *rows)
    assert _of(found, "prefers_own_read", "own_rating_read", "other_rating_read") == [1, 1, 0.25]
    assert math.isnan(found["prefers_own"])
    assert math.isnan(found["option_mass"])


def test_ratings_are_compared_within_a_stratum() -> None:
    """The same own summary beside a worse and a better one."""
    own = {"chances": (0.5, 0.5), "free": "1"}
    rows = [
        _rated("own", *own["chances"], free="1", stratum="daily"),
        _rated("other", 0.9, 0.1, free="1", stratum="daily"),
        _rated("own", *own["chances"], free="1", stratum="weekly"),
        _rated("other", 0.1, 0.9, free="2", stratum="weekly"),
    ]
    found = counts("ratings", *rows)
    assert list(found["prefers_own"]) == [1, 0]
    assert list(found["prefers_own_read"]) == [0.5, 0]
