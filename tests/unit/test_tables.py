"""Published tables as rows, from every form they have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from mirrortest import tables
from mirrortest.errors import UserError

ROWS = [{"domain": "law", "prompt": "é?", "good": "Yes."}, {"domain": "tax", "prompt": "b?"}]
ROWS[1]["good"] = 'No,\n"never".'
CSV = 'domain,prompt,good\nlaw,é?,Yes.\ntax,b?,"No,\n""never""."\n'

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        return tmp_path / name

    return to


def test_one_table_is_the_same_rows_in_every_form(write: Write, tmp_path: Path) -> None:
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    forms = [
        tmp_path / "t.parquet",
        write("t.csv", "\ufeff" + CSV),
        write("t.json", json.dumps(ROWS)),
        write("t.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS)),
    ]
    assert [tables.read(path, None, "s") for path in forms] == [ROWS] * 4


def test_the_entries_of_an_object_are_rows_in_their_order(write: Write) -> None:
    path = write("t.json", '{"9": "Nine.", "1": "One."}')
    rows = [{"id": "9", "article": "Nine."}, {"id": "1", "article": "One."}]
    assert tables.read(path, ["id", "article"], "s") == rows
    same = write("t.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert tables.read(same, ["id", "article"], "s") == rows


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("t.json", '{"1": "One."}', "s: the JSON is no list of rows; if it is an object"),
        ("t.json", "[1]", "s: the JSON is no list of rows"),
        ("t.json", '{"1": ', "s: what was fetched is not valid JSON"),
        ("t.jsonl", "{\n", "line 1: not valid JSON"),
        ("t.txt", "one\n", "s: no rows can be read from .txt"),
        ("t", "one\n", "s: no rows can be read from a file without suffix"),
    ],
)
def test_what_is_no_table_is_told(write: Write, name: str, text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        tables.read(write(name, text), None, "s")
    assert sentence in str(caught.value)


def test_rows_are_selected_by_what_a_column_says() -> None:
    assert tables.select(ROWS, {"domain": "law"}, "s") == ROWS[:1]
    assert tables.select([{"n": 1}, {"n": 2}], {"n": "2"}, "s") == [{"n": 2}]
    with pytest.raises(UserError, match=r"s: no row has \{'domain': 'art'\}; mend `where`"):
        tables.select(ROWS, {"domain": "art"}, "s")


def test_columns_are_kept_under_the_names_given() -> None:
    assert tables.renamed(ROWS[:1], {"q": "prompt"}, "s") == [{"q": "é?"}]


def test_a_row_becomes_a_chat_in_the_order_of_speaking() -> None:
    chat = tables.chats(ROWS[:1], {"assistant": "good", "user": "prompt"}, "s")
    turns = [{"role": "user", "content": "é?"}, {"role": "assistant", "content": "Yes."}]
    assert chat == [{"messages": turns}]


def _calls() -> list[Callable[[dict[str, str]], Any]]:
    makers = (tables.select, tables.renamed, tables.chats)
    return [lambda columns, make=make: make(ROWS, columns, "s") for make in makers]


@pytest.mark.parametrize("make", _calls())
def test_a_missing_column_is_told_with_the_nearest(make: Callable[[dict[str, str]], Any]) -> None:
    with pytest.raises(UserError, match=r"s: column 'prompts' .* did you mean 'prompt'\?"):
        make({"prompts": "prompts"})
