"""JSON lines: reading with errors that name file and line, writing whole files by rename."""

import codecs
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mirrortest.errors import UserError

Row = dict[str, Any]
HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character, which JSON can only write so; most have their other half beside them."""


def read(
    path: str | Path,
    required: tuple[str, ...] = (),
    unique: str | None = None,
    text: tuple[str, ...] = (),
) -> list[Row]:
    """The objects of a JSON-lines file, blank lines skipped.

    required: keys that each row must hold, with text that is not blank if it is a string.
    unique: a key whose values must differ from row to row. text: keys that must hold text.
    Raises UserError that names file and line.
    """
    rows: list[Row] = []
    seen: dict[Any, int] = {}
    for number, row in _rows(path):
        for key in required:
            _check_present(row, key, path, number)
        for key in text:
            _check_text(row, key, path, number)
        if unique is not None:
            _check_new(str(row[unique]), seen, unique, path, number)
        rows.append(row)
    if not rows:
        raise UserError(
            f"{path} holds no rows; give a file with at least one JSON object per line."
        )
    return rows


def read_own(path: str | Path) -> list[Row]:
    """The objects of a file that the workflow wrote; it may hold none."""
    return [row for _, row in _rows(path)]


def _rows(path: str | Path) -> Iterator[tuple[int, Row]]:
    for number, raw in enumerate(_bytes(path).splitlines(), start=1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}, line {number}: byte {error.start + 1} is not UTF-8; save it as UTF-8."
            ) from None
        if text.strip():
            yield number, _parse(text, path, number)


def _bytes(path: str | Path) -> bytes:
    """Without the mark that some editors put at the start of a file in UTF-8."""
    try:
        return Path(path).read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def _parse(line: str, path: str | Path, number: int) -> Row:
    try:
        row = json.loads(line)
        if HALF.search(line):
            dump(row).encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{path}, line {number}: {error.object[error.start]!r} is half a character; mend or "
            "delete the line."
        ) from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {number}: not valid JSON ({error.msg} at column {error.colno}); "
            "mend or delete the line."
        ) from None
    if not isinstance(row, dict):
        raise UserError(f"{path}, line {number}: expected a JSON object, found {line[:40]!r}.")
    return row


def _check_present(row: Row, key: str, path: str | Path, number: int) -> None:
    if key not in row:
        raise UserError(f"{path}, line {number}: the key {key!r} is missing.")
    if isinstance(row[key], str) and not row[key].strip():
        raise UserError(f"{path}, line {number}: {key!r} is empty; fill it in or delete the line.")


def _check_text(row: Row, key: str, path: str | Path, number: int) -> None:
    _check_present(row, key, path, number)
    if not isinstance(row[key], str):
        raise UserError(f"{path}, line {number}: {key!r} must be text.")


def _check_new(value: Any, seen: dict[Any, int], key: str, path: str | Path, number: int) -> None:
    if value in seen:
        raise UserError(
            f"{path}, line {number}: {key} {value!r} stands on line {seen[value]} already; "
            "each must be unique."
        )
    seen[value] = number


def dump(row: Any) -> str:
    """One line of JSON, keys in the order given, text as it is."""
    return json.dumps(row, ensure_ascii=False)


def write(path: str | Path, rows: Iterable[Row]) -> None:
    """Writes the rows; the file appears whole or not at all."""
    with whole(path) as file:
        file.writelines(dump(row) + "\n" for row in rows)


@contextmanager
def whole(path: str | Path) -> Iterator[IO[str]]:
    """A text file that takes its name only when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
        partial.chmod(0o644)
        partial.replace(path)
    except BaseException:
        partial.unlink()
        raise
