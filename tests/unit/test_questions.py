"""Question sets in csv files."""

from pathlib import Path

import pytest

from mirrortest.errors import UserError
from mirrortest.questions import Question, References, read_questions, read_references

HEAD = "Question,Best Answer,Best Incorrect Answer\n"


def _csv(folder: Path, text: str, encoding: str = "utf-8") -> str:
    path = folder / "q.csv"
    path.write_text(text, encoding=encoding)
    return str(path)


def test_questions_are_numbered_by_their_place(tmp_path: Path) -> None:
    path = _csv(tmp_path, HEAD + "Q0, yes ,no\nQ1,in,out\n")
    assert read_questions(path) == [
        Question("0", "Q0", "yes", "no"),
        Question("1", "Q1", "in", "out"),
    ]


def test_the_limit_takes_the_first(tmp_path: Path) -> None:
    assert [q.id for q in read_questions(_csv(tmp_path, HEAD + "Q0,a,b\nQ1,a,b\n"), 1)] == ["0"]


def test_other_columns_their_order_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    text = "Best Incorrect Answer,Type,Question,Best Answer\nno,x,Q0,yes\n"
    assert read_questions(_csv(tmp_path, text, "utf-8-sig")) == [Question("0", "Q0", "yes", "no")]


def test_quoted_commas_and_line_breaks_are_kept(tmp_path: Path) -> None:
    path = _csv(tmp_path, HEAD + '"One, or\ntwo?",a,b\n')
    assert read_questions(path)[0].text == "One, or\ntwo?"


BROKEN = [
    ("Question,Best Answer\nQ0,a\n", "has no column 'Best Incorrect Answer'; a question csv needs"),
    ("", "has no column 'Question'"),
    (HEAD, "holds no questions"),
    (HEAD + "Q0,a,b\nQ1,a\n", "row 2: 'Best Incorrect Answer' is empty"),
    (
        HEAD + 'Q0,a,"b\n' + "Q,a,b\n" * 40_000,
        r"line \d+: no csv \(field larger .* close the quote",
    ),
    (HEAD + "Q0,a,b\nQ1, ,b\n", "row 2: 'Best Answer' is empty"),
    (HEAD + "Q0,a,b\nQ1,c, c\n", "row 2: both answers are the same"),
    (HEAD + "Q0,a,b\nQ1,c,d\nQ0,a,b\n", "row 3: the question of row 1 again"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN)
def test_a_broken_csv_gives_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_questions(_csv(tmp_path, text))


def test_a_folder_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\)"):
        read_questions(str(tmp_path))


def test_latin1_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"byte \d+ is not UTF-8; save the file as UTF-8"):
        read_questions(_csv(tmp_path, HEAD + "Où?,a,b\n", "latin-1"))


ALL = "Question,Best Answer,Correct Answers,Incorrect Answers\n"


def test_the_best_of_all_answers_comes_first_and_each_is_there_once(tmp_path: Path) -> None:
    path = _csv(tmp_path, ALL + "Q0,yes, sure; yes ;sure;,no;never; no\nQ1,a,b,c\n")
    assert read_references(path) == [
        References("0", "Q0", ("yes", "sure"), ("no", "never")),
        References("1", "Q1", ("a", "b"), ("c",)),
    ]
    assert [item.id for item in read_references(path, 1)] == ["0"]


def test_an_answer_that_is_right_and_wrong_is_neither(tmp_path: Path) -> None:
    path = _csv(tmp_path, ALL + "Q0,yes,yes;unknown,no;unknown\n")
    assert read_references(path) == [References("0", "Q0", ("yes",), ("no",))]


BROKEN_LISTS = [
    (HEAD, "has no column 'Correct Answers'; a question csv needs"),
    (ALL + "Q0,a,a,\n", "row 1: 'Incorrect Answers' is empty"),
    (ALL + "Q0,a,a,b\nQ0,a,a,b\n", "row 2: the question of row 1 again"),
    (ALL + "Q0,a,a,b;a\n", "row 1: the best answer is listed as wrong"),
    (ALL + "Q0,a,a;b,b\n", "row 1: .* or no answer is wrong alone"),
    (ALL + "Q0,a,a, ; \n", "row 1: .* or no answer is wrong alone"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN_LISTS)
def test_a_csv_with_broken_lists_gives_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_references(_csv(tmp_path, text))
