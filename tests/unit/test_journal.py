"""The answer journal and what a kill leaves of it."""

import json
from pathlib import Path

import pytest

from mirrortest.journal import Journal


def test_answers_outlive_the_object(tmp_path: Path) -> None:
    Journal(tmp_path / "new/j.jsonl").add({"a": {"text": "é"}})
    again = Journal(tmp_path / "new/j.jsonl")
    assert "a" in again
    assert "b" not in again
    assert again["a"] == {"text": "é"}


def test_a_batch_is_one_line_and_in_the_file_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.add({"a": 1, "b": 2})
    journal.add({"c": 3})
    lines = (tmp_path / "j.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"a": 1, "b": 2}, {"c": 3}]


@pytest.mark.parametrize("torn", [b"{", b'{"c": 3', b'{"c": 3}', b'{"c": "\xc3'])
def test_a_torn_last_line_is_dropped_and_whole_ones_kept(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": 2}\n' + torn)
    journal = Journal(path)
    assert ("a" in journal, "b" in journal, "c" in journal) == (True, True, False)
    assert path.read_bytes() == b'{"a": 1}\n{"b": 2}\n'


def test_after_a_torn_line_the_next_batch_starts_on_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b"')
    Journal(path).add({"b": 2})
    assert Journal(path)["b"] == 2
