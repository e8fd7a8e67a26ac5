"""Question sets in the form of TruthfulQA's csv: a question, its best and best wrong answer.

Source of the binary form: Evans, Chua and Lin, "New, improved multiple-choice TruthfulQA" (2025).
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from mirrortest.errors import UserError

COLUMNS = ("Question", "Best Answer", "Best Incorrect Answer")


@dataclass(frozen=True)
class Question:
    """One item; `id` is its place in the file, from 0."""

    id: str
    text: str
    best: str
    best_incorrect: str


def read_questions(path: str, limit: int | None = None) -> list[Question]:
    """The first questions of a csv. Raises UserError that names file, line and column."""
    rows = _rows(path)
    questions = [_question(n, row, path) for n, row in enumerate(rows)]
    texts = [question.text for question in questions]
    for n, text in enumerate(texts):
        if texts.index(text) < n:
            raise UserError(
                f"{path}, row {n + 1}: the question of row {texts.index(text) + 1} again; "
                "delete one."
            )
    return questions[:limit]


def _rows(path: str) -> list[dict[str, str]]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8."
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for column in COLUMNS:
        if column not in (reader.fieldnames or ()):
            raise UserError(
                f"{path} has no column {column!r}; a question csv needs {', '.join(COLUMNS)}."
            )
    rows = list(reader)
    if not rows:
        raise UserError(f"{path} holds no questions.")
    return rows


def _question(number: int, row: dict[str, str], path: str) -> Question:
    for column in COLUMNS:
        if not (row[column] or "").strip():
            raise UserError(
                f"{path}, row {number + 1}: {column!r} is empty; fill it in or delete the row."
            )
    text, best, best_incorrect = (row[column].strip() for column in COLUMNS)
    if best == best_incorrect:
        raise UserError(f"{path}, row {number + 1}: both answers are the same; mend one.")
    return Question(str(number), text, best, best_incorrect)
