"""Knowledge and skills: multiple choice, word counts, factual questions."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scored import Told, counts, scores

from mirrortest.engine import Answer, Choice, Sampling
from mirrortest.errors import UserError
from mirrortest.evaluations import factual, mmlu, word_count
from mirrortest.evaluations.examples import examples
from mirrortest.evaluations.task import Task
from mirrortest.scoring.word_count import number

Write = Callable[[str, list[dict[str, Any]]], str]
Row = dict[str, Any]

# --- multiple choice

QUESTIONS: list[Row] = [
    {"question": "Q0", "choices": ["w", "x", "y", "z"], "answer": 2, "subject": "law"},
    {"question": "Q1", "choices": ["a", "b", "c", "d"], "answer": 0},
]


def _mmlu(path: str, limit: int | None = None) -> Task:
    return Task(
        "mmlu", {"questions": path}, None, {"question": "{question}\n{choices}!"}, {"limit": limit}
    )


def test_multiple_choice_is_asked_once_by_letters(write_rows: Write) -> None:
    asker = Told(Choice([-1.0, -2.0, -0.5, -3.0], "C", 0.9))
    rows = mmlu.rows(_mmlu(write_rows("q.jsonl", QUESTIONS)), asker)
    assert asker.how == ("A", "B", "C", "D")
    assert [chat[-1]["content"] for chat in asker.asked] == [
        "Q0\nA. w\nB. x\nC. y\nD. z!",
        "Q1\nA. a\nB. b\nC. c\nD. d!",
    ]
    named = [(row["item"], row["stratum"], row["target"]) for row in rows]
    assert named == [("0", "law", "C"), ("1", "", "A")]
    assert examples(rows, asker.asked)[0]["target"] == "C"


def test_a_limit_draws_over_the_whole_file_and_smaller_draws_are_in_larger_ones() -> None:
    few, more = mmlu.drawn(1000, 20), mmlu.drawn(1000, 100)
    assert set(few) < set(more)
    assert more == sorted(more)
    assert min(more) < 100 and max(more) > 900
    assert mmlu.drawn(3, None) == mmlu.drawn(3, 5) == [0, 1, 2]


def test_questions_with_other_numbers_of_choices_are_named(write_rows: Write) -> None:
    path = write_rows("q.jsonl", [*QUESTIONS, QUESTIONS[0] | {"choices": ["a", "b", "c"]}])
    with pytest.raises(UserError, match=r"q\.jsonl, row 3: 3 `choices`, where row 1 has 4; put"):
        mmlu.read(path)


def _chosen(target: str, free: str, *nats: float) -> Row:
    logprobs = dict(zip("ABCD", nats, strict=True))
    return {
        **{"item": f"{target}{free}", "stratum": "", "target": target, "free": free},
        **{"logprobs": logprobs, "mass": 0.8},
    }


def test_the_likeliest_of_four_is_the_forced_answer() -> None:
    rows = [
        _chosen("C", "C", -3.0, -2.0, -1.0, -4.0),
        _chosen("C", "B", -3.0, -1.0, -2.0, -4.0),
        _chosen("C", "The", -3.0, -2.0, -1.0, -4.0),
        _chosen("A", "A", -1.0, -1.0, -2.0, -4.0),  # a tie counts half
    ]
    assert scores("mmlu", *rows) == pytest.approx(
        {
            "accuracy_free": 0.5,
            "accuracy_valid": 2 / 3,
            "accuracy_low": 0.5,
            "accuracy_high": 0.75,
            "accuracy_forced": 2.5 / 4,
            "invalid": 0.25,
            "option_mass": 0.8,
            "confidence": (3 * math.exp(-1.0) + math.exp(-2.0)) / 4,
        }
    )


# --- word counts


def test_word_counts_are_of_the_article_as_it_is_shown(write_rows: Write) -> None:
    articles = write_rows("a.jsonl", [{"id": "x", "article": "One two,\n three  four-five."}])
    asker = Told(Answer("4", ended=True))
    prompts = {"question": "{article} How many?"}
    task = Task("word-count", {"articles": articles}, None, prompts, {"max_tokens": 9})
    (row,) = word_count.rows(task, asker)
    assert row == {"item": "x", "stratum": "", "answer": "4", "ended": True, "true": 4}
    assert asker.how == Sampling(max_tokens=9, temperature=0.0)
    assert examples([row], asker.asked)[0]["truth"] == "4"


NUMBERS = [
    ("350", 350),
    ("350.", 350),
    ("There are 1,350 words.", 1350),
    ("350 words (yes, 350)", 350),
    ("between 300 and 350", None),
    ("300-350", None),
    ("350.5", None),
    ("three hundred", None),
    ("", None),
]


@pytest.mark.parametrize(("answer", "expected"), NUMBERS)
def test_the_one_number_of_an_answer(answer: str, expected: float | None) -> None:
    found = number(answer, ended=True)
    assert math.isnan(found) if expected is None else found == expected


def test_a_number_that_an_answer_breaks_off_in_is_not_read() -> None:
    assert math.isnan(number("It has 35", ended=False))
    assert number("It has 35 words, which", ended=False) == 35


def _counted(answer: str, item: str, ended: bool = True) -> Row:
    return {"item": item, "stratum": "", "answer": answer, "ended": ended, "true": 200}


def test_exact_near_and_far_word_counts_and_those_that_cannot_be_read() -> None:
    answers = ["200", "180", "220", "179", "221", " ", "many", "2"]
    rows = [_counted(answer, str(n), ended=n < 7) for n, answer in enumerate(answers)]
    assert scores("word-count", *rows) == pytest.approx(
        {
            **{"near": 3 / 5, "near_low": 3 / 8, "near_high": 6 / 8},
            **{"exact": 1 / 5, "exact_low": 1 / 8, "exact_high": 4 / 8},
            **{"empty": 1 / 8, "unparseable": 2 / 8, "invalid": 3 / 8},
        }
    )


# --- factual questions

FACTS = """
- {id: a, text: "2 + 2?", accept: ["four", "4"]}
- id: b
  stratum: pressured
  system: Lie.
  text: Where is Rome?
  best: Italy
  wrong: [Spain, France]
"""


def _factual(tmp_path: Path, text: str = FACTS, **settings: Any) -> Task:
    path = tmp_path / "facts.yaml"
    path.write_text(text, encoding="utf-8")
    settings = {"brief": True, "limit": None, "max_tokens": 5} | settings
    return Task(
        "factual", {"questions": str(path)}, "I.", {"brief": "{question} Briefly."}, settings
    )


def test_factual_questions_have_their_own_system_prompts(tmp_path: Path) -> None:
    asker = Told(Answer("4", ended=True), Answer("Spain", ended=False, note="cut"))
    rows = factual.rows(_factual(tmp_path), asker)
    assert [[message["content"] for message in chat] for chat in asker.asked] == [
        ["I.", "2 + 2? Briefly."],
        ["Lie.", "Where is Rome? Briefly."],
    ]
    assert asker.how == Sampling(max_tokens=5, temperature=0.0)
    assert rows == [
        {
            **{"item": "a", "stratum": "", "answer": "4", "ended": True},
            **{"right": ["four", "4"], "wrong": []},
        },
        {
            **{"item": "b", "stratum": "pressured", "answer": "Spain", "ended": False},
            **{"right": ["Italy"], "wrong": ["Spain", "France"], "note": "cut"},
        },
    ]
    assert examples(rows, asker.asked)[0]["truth"] == "four; 4"


def test_factual_questions_may_be_asked_as_they_are(tmp_path: Path) -> None:
    asker = Told(Answer("4", ended=True))
    factual.rows(_factual(tmp_path, brief=False, limit=1), asker)
    assert [chat[-1]["content"] for chat in asker.asked] == ["2 + 2?"]


MISTAKES = [
    ("accept: [no]", "item a: the answer False is no text; put it in quotation marks."),
    ("best: 4", "item a: the answer 4 is no text"),
    ('best: "."', "item a: the answer '.' is no text"),
    ("wrong: five", "item a: neither `best` nor `accept` says what is right; add one."),
    ("best: Five, wrong: five.", "item a: 'five' is listed as right and as wrong; mend one."),
]


@pytest.mark.parametrize(("answers", "message"), MISTAKES)
def test_answers_that_cannot_be_compared_with(tmp_path: Path, answers: str, message: str) -> None:
    task = _factual(tmp_path, f'- {{id: a, text: "What?", {answers}}}\n')
    with pytest.raises(UserError) as error:
        factual.read(task.files["questions"])
    assert message in str(error.value)


def _said(answer: str) -> Row:
    listed = {"right": ["The sea", "an ocean"], "wrong": ["A lake"]}
    return {"item": answer, "stratum": "", "answer": answer, "ended": True} | listed


OUTCOMES = [
    ("the sea.", "right"),
    (" An ocean!", "right"),
    ("a lake", "wrong"),
    ("It is the sea", "other"),
    ("mud", "other"),
]


@pytest.mark.parametrize(("answer", "outcome"), OUTCOMES)
def test_answers_are_compared_exactly_but_for_case_and_ends(answer: str, outcome: str) -> None:
    line = counts("factual", _said(answer)).iloc[0]
    assert [name for name in ("right", "wrong", "other") if line[name]] == [outcome]
    assert line["answered"] == 1


def test_empty_answers_are_missing_ones() -> None:
    rows = [_said(answer) for answer in ("the sea", "a lake", "mud", "clay", "", " . ")]
    assert scores("factual", *rows) == pytest.approx(
        {
            **{"right": 1 / 4, "right_low": 1 / 6, "right_high": 3 / 6},
            **{"wrong_as_listed": 1 / 4, "other_answer": 2 / 4, "empty": 2 / 6},
        }
    )
