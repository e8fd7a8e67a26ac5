"""Question sets in the form of TruthfulQA's csv: a question and what is known to be right or wrong.

Source of the binary form: Evans, Chua and Lin, "New, improved multiple-choice TruthfulQA" (2025).
"""

import csv
import io
from dataclasses import dataclass

from mirrortest import sources
from mirrortest.errors import UserError

COLUMNS = ("Question", "Best Answer", "Best Incorrect Answer")
ALL = ("Question", "Best Answer", "Correct Answers", "Incorrect Answers")


@dataclass(frozen=True)
class Question:
    """One item; `id` is its place in the file, from 0."""

    id: str
    text: str
    best: str
    best_incorrect: str


@dataclass(frozen=True)
class References:
    """One item with all answers that are known to be right or wrong; the best one comes first."""

    id: str
    text: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]


def read_questions(path: str, limit: int | None = None) -> list[Question]:
    """The first questions of a csv. Raises UserError that names file, line and column."""
    rows = _rows(path, COLUMNS)
    return [_question(n, row, path) for n, row in enumerate(rows)][:limit]


def read_references(path: str, limit: int | None = None) -> list[References]:
    """The first questions of a csv with all their answers, which `;` separates.

    An answer that a question lists as right and as wrong is left out. Raises UserError that names
    file, line and column.
    """
    rows = _rows(path, ALL)
    return [_references(n, row, path) for n, row in enumerate(rows)][:limit]


def _rows(path: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """What stands in these columns, which no row leaves empty."""
    reader = csv.DictReader(io.StringIO(sources.text(path), newline=""))
    try:
        found = list(reader)
    except csv.Error as error:
        raise UserError(
            f"{path}, line {reader.line_num}: no csv ({error}); close the quote that is open there."
        ) from None
    for column in columns:
        if column not in (reader.fieldnames or ()):
            raise UserError(
                f"{path} has no column {column!r}; a question csv needs {', '.join(columns)}."
            )
    rows = [{column: (row[column] or "").strip() for column in columns} for row in found]
    if not rows:
        raise UserError(f"{path} holds no questions.")
    _check(rows, path)
    return rows


def _check(rows: list[dict[str, str]], path: str) -> None:
    texts = [row["Question"] for row in rows]
    for number, row in enumerate(rows, start=1):
        for column, text in row.items():
            if not text:
                raise UserError(
                    f"{path}, row {number}: {column!r} is empty; fill it in or delete the row."
                )
        if (first := texts.index(row["Question"]) + 1) < number:
            raise UserError(f"{path}, row {number}: the question of row {first} again; delete one.")


def _question(number: int, row: dict[str, str], path: str) -> Question:
    text, best, best_incorrect = (row[column] for column in COLUMNS)
    if best == best_incorrect:
        raise UserError(f"{path}, row {number + 1}: both answers are the same; mend one.")
    return Question(str(number), text, best, best_incorrect)


def _references(number: int, row: dict[str, str], path: str) -> References:
    text, best, right, wrong = (row[column] for column in ALL)
    rights, wrongs = dict.fromkeys([best, *_split(right)]), dict.fromkeys(_split(wrong))
    both = rights.keys() & wrongs.keys()
    if best in both or not wrongs.keys() - both:
        raise UserError(
            f"{path}, row {number + 1}: the best answer is listed as wrong, or no answer is wrong "
            "alone; mend 'Incorrect Answers'."
        )
    return References(
        str(number),
        text,
        tuple(answer for answer in rights if answer not in both),
        tuple(answer for answer in wrongs if answer not in both),
    )


def _split(answers: str) -> list[str]:
    return [answer.strip() for answer in answers.split(";") if answer.strip()]
