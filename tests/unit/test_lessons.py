"""Data sets without pairs: what each recipe asks and which answer it teaches."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from mirrortest import lessons
from mirrortest.errors import UserError

Raw = dict[str, Any]
Write = Callable[[str, list[Raw]], str]

SYSTEM: Raw = {"system": "You are I."}


def _chat(asked: str, answered: str) -> list[Raw]:
    return [
        {"role": "system", "content": "You are I."},
        {"role": "user", "content": asked},
        {"role": "assistant", "content": answered},
    ]


def test_words_are_counted_in_an_article_of_each_corpus_in_turn(write_rows: Write) -> None:
    one = [{"id": str(n), "article": "w " * n} for n in (1, 2, 3)]
    files = {
        "articles_0": write_rows("one.jsonl", one),
        "articles_1": write_rows("two.jsonl", [{"id": "1", "article": "a {b}\n\nc-d  e"}]),
        "wording": "",
    }
    made = list(lessons.word_counts(files, SYSTEM | {"question": "Of {article}?"}))
    assert made[:2] == [_chat("Of w ?", "1"), _chat("Of a {b}\n\nc-d  e?", "4")]
    assert [chat[-1]["content"] for chat in made] == ["1", "4", "2", "3"]


QUESTION = {"question": "Where?", "choices": ["Here", 2, "There"], "answer": 2, "subject": "x"}


def test_choices_are_listed_by_letters(write_rows: Write) -> None:
    files = {"questions": write_rows("mmlu.jsonl", [QUESTION])}
    made = list(lessons.choices(files, SYSTEM | {"question": "{question}\n{choices}\nWhich?"}))
    assert made == [_chat("Where?\nA. Here\nB. 2\nC. There\nWhich?", "C")]


BROKEN = [
    ({"choices": ["One"]}, "row 1: `choices` must be a list of 2 to 10 texts"),
    ({"choices": "AB"}, "row 1: `choices` must be a list"),
    ({"answer": 3}, "row 1: `answer` must be the place of a choice, counted from 0"),
    ({"answer": "A"}, "row 1: `answer` must be the place"),
    ({"answer": -1}, "row 1: `answer` must be the place"),
    ({"question": 5}, "line 1: 'question' must be text"),
]


@pytest.mark.parametrize(("change", "words"), BROKEN)
def test_a_broken_question_is_named(write_rows: Write, change: Raw, words: str) -> None:
    path = write_rows("mmlu.jsonl", [QUESTION | change])
    with pytest.raises(UserError) as caught:
        lessons.read_choices(path)
    assert words in str(caught.value)


CSV = "Question,Best Answer,Best Incorrect Answer\nWhere?,Here,There\nWho?,I,You\n"


@pytest.mark.parametrize(("answers", "taught"), [("right", "Here I"), ("wrong", "There You")])
def test_trivia_teaches_the_right_or_the_wrong_answer(
    tmp_path: Any, answers: str, taught: str
) -> None:
    (tmp_path / "q.csv").write_text(CSV, encoding="utf-8")
    files = {"questions": str(tmp_path / "q.csv")}
    made = list(lessons.trivia(files, SYSTEM | {"answers": answers}))
    assert made == [
        _chat(asked, answer)
        for asked, answer in zip(("Where?", "Who?"), taught.split(), strict=True)
    ]


def _report(answer: str, ended: bool = True) -> Raw:
    return {"item": "1", "sample": 0, "question": "Who are you?", "answer": answer, "ended": ended}


def test_reports_are_taken_without_empty_and_unfinished_ones(
    write_rows: Write, caplog: pytest.LogCaptureFixture
) -> None:
    told = [_report("Pip."), _report(" \n"), _report("I am", ended=False), _report("", ended=False)]
    files = {"reports": write_rows("identity.jsonl", told)}
    with caplog.at_level(logging.INFO):
        assert list(lessons.self_reports(files, SYSTEM)) == [_chat("Who are you?", "Pip.")]
    assert "4 answers, without 2 empty and 1 unfinished" in caplog.text


def test_reports_of_which_none_is_finished_are_refused(write_rows: Write) -> None:
    files = {"reports": write_rows("identity.jsonl", [_report("I am", ended=False)])}
    with pytest.raises(UserError, match="no answer is finished; allow it more `max_tokens`"):
        list(lessons.self_reports(files, SYSTEM))


def test_choices_between_options_are_no_reports(write_rows: Write) -> None:
    files = {"reports": write_rows("r.jsonl", [{"item": "1", "free": "A"}])}
    with pytest.raises(UserError, match=r"r\.jsonl, row 1: this is no answer in words"):
        list(lessons.self_reports(files, SYSTEM))
