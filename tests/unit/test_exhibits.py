"""Examples side by side."""

from typing import Any

from mirrortest import chats
from mirrortest.reporting.exhibits import Answer, Exhibit, exhibits

Row = dict[str, Any]


def _row(chain: str, text: str = "Q", **more: Any) -> Row:
    named = {"model": "m", "chain": chain, "seed": 0, "evaluation": "e", "item": "1"}
    return named | {"chat": chats.user(text), "answer": "A"} | more


def _only(rows: list[Row]) -> Exhibit:
    (found,) = exhibits(rows, ["e", "without examples"])
    return found


def test_arms_stand_beneath_one_question() -> None:
    (shown,) = _only([_row("base"), _row("sgtr", answer="B")]).presentations
    assert shown.first.arms == ["base", "sgtr"]
    assert shown.others == []
    assert [(answer.arm, answer.text) for answer in shown.answers] == [("base", "A"), ("sgtr", "B")]


def test_questions_that_differ_stand_apart_and_equal_ones_together() -> None:
    rows = [_row("a", "Q"), _row("b", "R"), _row("c", "Q"), _row("d", "R"), _row("e", "S")]
    (shown,) = _only(rows).presentations
    assert shown.first.arms == ["a", "c"]
    assert [(p.arms, p.chat[0]["content"]) for p in shown.others] == [
        (["b", "d"], "R"),
        (["e"], "S"),
    ]


def test_the_second_rows_of_all_arms_are_the_second_presentation() -> None:
    rows = [_row(chain, order=order) for chain in "ab" for order in ("one-first", "two-first")]
    shown = _only(rows).presentations
    assert [one.title for one in shown] == ["Item 1, one-first", "Item 1, two-first"]
    assert [len(one.answers) for one in shown] == [2, 2]


def test_only_the_first_seed_is_shown() -> None:
    (shown,) = _only([_row("a"), _row("a", seed=1, answer="B")]).presentations
    assert [answer.text for answer in shown.answers] == ["A"]


def test_options_have_their_probabilities_and_the_right_answer_is_known() -> None:
    choice = {"options": {"A": 0.9, "B": 0.0961}, "target": "A"}
    (shown,) = _only([_row("a", **choice), _row("b", **choice, answer="B")]).presentations
    assert shown.right == "A"
    assert shown.answers[0] == Answer("a", "A", "A: 0.90, B: 0.10", right=True)
    assert not shown.answers[1].right


def test_what_is_right_is_not_said_where_arms_differ_in_it() -> None:
    (shown,) = _only([_row("a", truth="x"), _row("b", truth="y")]).presentations
    assert shown.right == ""


def test_several_models_are_named() -> None:
    (shown,) = _only([_row("base"), _row("base", model="n")]).presentations
    assert [answer.arm for answer in shown.answers] == ["m base", "n base"]


def test_long_questions_are_folded() -> None:
    (shown,) = _only([_row("base", "x" * 900), _row("sgtr", "short")]).presentations
    assert shown.first.long
    assert not shown.others[0].long
