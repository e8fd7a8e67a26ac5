"""Published tables as rows: read in the form they have, filtered, and given the names we read."""

import csv
import json
from pathlib import Path
from typing import Any

from mirrortest import jsonl
from mirrortest.errors import UserError, unknown
from mirrortest.jsonl import Row

ROLES = ("system", "user", "assistant")
Entries = tuple[str, str] | list[str] | None


def read(path: Path, entries: Entries, name: str) -> list[Row]:
    """The rows of a table; the suffix says its form.

    entries: what key and value of a JSON object are called. Raises UserError for what is no table.
    """
    match path.suffix:
        case ".json":
            return _json(path, entries, name)
        case ".jsonl":
            return jsonl.read(path)
        case ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file))
        case ".parquet":
            from pyarrow import parquet  # slow to load, and needed for this form alone

            rows: list[Row] = parquet.read_table(path).to_pylist()
            return rows
    raise UserError(
        f"{name}: no rows can be read from {path.suffix or 'a file without suffix'}; they are read "
        "from json, jsonl, csv and parquet."
    )


def _json(path: Path, entries: Entries, name: str) -> list[Row]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{name}: what was fetched is not valid JSON ({error}).") from None
    if isinstance(content, dict) and entries is not None:
        return [dict(zip(entries, pair, strict=True)) for pair in content.items()]
    if isinstance(content, list) and all(isinstance(row, dict) for row in content):
        return content
    raise UserError(
        f"{name}: the JSON is no list of rows; if it is an object of them, name key and value with "
        "`entries`, such as [id, article]."
    )


def select(rows: list[Row], where: dict[str, Any], name: str) -> list[Row]:
    """The rows with these values, as text. Raises UserError where none has them."""
    for column in where:
        _check_column(rows, column, name)
    found = [row for row in rows if all(str(row[c]) == str(v) for c, v in where.items())]
    if not found:
        raise UserError(f"{name}: no row has {where}; mend `where`.")
    return found


def renamed(rows: list[Row], columns: dict[str, str], name: str) -> list[Row]:
    """The rows with these columns alone: new name, and the one it had."""
    for column in columns.values():
        _check_column(rows, column, name)
    return [{new: row[old] for new, old in columns.items()} for row in rows]


def chats(rows: list[Row], columns: dict[str, str], name: str) -> list[Row]:
    """Each row as a chat; columns: role, and where its message is."""
    for column in columns.values():
        _check_column(rows, column, name)
    roles = [role for role in ROLES if role in columns]
    return [
        {"messages": [{"role": role, "content": row[columns[role]]} for role in roles]}
        for row in rows
    ]


def _check_column(rows: list[Row], column: str, name: str) -> None:
    for row in rows:
        if column not in row:
            raise unknown(f"{name}: column", column, row)
