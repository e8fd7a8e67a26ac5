"""What published result files hold: one reader for each kind, one judged row per item.

The columns of a judged answer are `item`, `valid` (it was one of the options), `right`, and
`target_first`: whether the right option stood first, 1.0 or 0.0, NaN where that is not known.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mirrortest.errors import UserError


@dataclass(frozen=True)
class Csv:
    """A csv of one kind: the column that tells items apart, its columns, its options."""

    item: str
    columns: tuple[str, ...]
    options: tuple[str, ...]


TRUTHFULQA = Csv(
    item="question",
    columns=("question", "correct_answer", "incorrect_answer", "model_answer", "is_correct"),
    options=("A", "B"),
)
MMLU = Csv(
    item="idx",
    columns=("idx", "question", "choices", "gold", "model_answer", "is_correct"),
    options=("A", "B", "C", "D"),
)


def read(path: Path, reader: str) -> pd.DataFrame:
    """A file's rows as text, with `item` and `answer`. Raises UserError that names the line."""
    return READERS[reader].read(path)


def judged(path: Path, reader: str, own: str = "", foreign: str = "") -> pd.DataFrame:
    """A file's judged answers. own, foreign: the authors of a pair, as the file spells them.

    Raises UserError that names file and line.
    """
    return READERS[reader].judge(path, read(path, reader), own, foreign)


def content(reader: str, row: dict[Any, Any]) -> str:
    """What is known of the question that was put for a row of `read`."""
    return READERS[reader].content(row)


def _read_truthfulqa(path: Path) -> pd.DataFrame:
    return _read_csv(path, TRUTHFULQA)


def _judge_truthfulqa(path: Path, raw: pd.DataFrame, own: str, foreign: str) -> pd.DataFrame:
    """The order of the options was not recorded, but follows from a valid answer."""
    valid, right = _verdicts(path, raw, TRUTHFULQA)
    first = (raw["answer"] == "A") == right
    return _answers(raw, valid, right, np.where(valid, first, np.nan))


def _truthfulqa_content(row: dict[Any, Any]) -> str:
    return (
        f"{row['question']}\n\n{row['correct_answer']}\n{row['incorrect_answer']}\n\n"
        "(the options as A and B, in an order that is not recorded)"
    )


def _read_mmlu(path: Path) -> pd.DataFrame:
    return _read_csv(path, MMLU)


def _judge_mmlu(path: Path, raw: pd.DataFrame, own: str, foreign: str) -> pd.DataFrame:
    valid, right = _verdicts(path, raw, MMLU)
    return _answers(raw, valid, right, (raw["gold"] == "A").to_numpy(float))


def _mmlu_content(row: dict[Any, Any]) -> str:
    return f"{row['question']}\n\n{row['choices']}"


def _read_csv(path: Path, kind: Csv) -> pd.DataFrame:
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    except pd.errors.EmptyDataError:
        raise _empty(path) from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as csv ({str(error).strip()}).") from None
    for column in kind.columns:
        if column not in raw:
            raise UserError(f"{path}, line 1: the column {column!r} is missing.")
    if raw.empty:
        raise _empty(path)
    raw = raw.assign(item=raw[kind.item], answer=raw["model_answer"])
    _refuse(path, raw["item"].duplicated(), f"this {kind.item} stands in an earlier line already")
    return raw


def _verdicts(path: Path, raw: pd.DataFrame, kind: Csv) -> tuple[pd.Series, pd.Series]:
    """Which answers are an option, and which are right."""
    verdict = raw["is_correct"]
    _refuse(path, ~verdict.isin(["0", "1"]), "'is_correct' is neither 0 nor 1")
    valid, right = raw["answer"].isin(kind.options), verdict == "1"
    options = " or ".join(kind.options)
    _refuse(path, right & ~valid, f"an answer that is not {options} is marked as correct")
    return valid, right


def _answers(raw: pd.DataFrame, valid: Any, right: Any, first: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"item": raw["item"], "valid": valid, "right": right, "target_first": first}
    )


def _refuse(path: Path, wrong: pd.Series, what: str) -> None:
    if wrong.any():
        line = _line(path, int(wrong.to_numpy().argmax()))
        raise UserError(f"{path}, line {line}: {what}; mend or delete the line.")


def _line(path: Path, row: int) -> int:
    """The line on which a data row begins: fields may hold line breaks, and blank lines count."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        begin = 1
        seen = -1  # the header comes first
        for fields in reader:
            if fields and seen == row:
                return begin
            begin = reader.line_num + 1
            seen += bool(fields)
    return begin


def _empty(path: Path) -> UserError:
    return UserError(f"{path} holds no rows; fetch it again, or take it away.")


def _read_recognition(path: Path) -> pd.DataFrame:
    try:
        pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start + 1} is not UTF-8; save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}); fetch it again."
        ) from None
    if not (isinstance(pairs, list) and all(isinstance(pair, tuple) for pair in pairs)):
        raise UserError(f"{path}, line 1: expected one JSON object of articles and authors.")
    if not pairs:
        raise _empty(path)
    raw = pd.DataFrame(pairs, columns=["item", "answer"])
    if (again := raw["item"].duplicated()).any():
        raise UserError(f"{path}: article {raw['item'][again].iloc[0]!r} stands there twice.")
    return raw


def _judge_recognition(path: Path, raw: pd.DataFrame, own: str, foreign: str) -> pd.DataFrame:
    """Choices are kept as authors: an answer that was no option ended the authors' own script."""
    right = raw["answer"] == own
    neither = raw[~right & (raw["answer"] != foreign)]
    if not neither.empty:
        article, answer = neither[["item", "answer"]].iloc[0]
        raise UserError(
            f"{path}: article {article!r} is given to {answer!r}, but the file's name says "
            f"{own!r} and {foreign!r}; mend the file's name or its content."
        )
    return _answers(raw, True, right, np.nan)


def _recognition_content(row: dict[Any, Any]) -> str:
    return f"Article {row['item']} (the two summaries and their order are not recorded)"


@dataclass(frozen=True)
class Reader:
    """How one kind of file is read, judged and shown."""

    read: Callable[[Path], pd.DataFrame]
    judge: Callable[[Path, pd.DataFrame, str, str], pd.DataFrame]
    content: Callable[[dict[Any, Any]], str]


READERS = {
    "truthfulqa": Reader(_read_truthfulqa, _judge_truthfulqa, _truthfulqa_content),
    "recognition": Reader(_read_recognition, _judge_recognition, _recognition_content),
    "mmlu": Reader(_read_mmlu, _judge_mmlu, _mmlu_content),
}
