"""JSON lines: errors that name the line, and files that appear whole."""

from pathlib import Path

import pytest

from mirrortest import jsonl
from mirrortest.errors import UserError


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(content)
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [{"id": "1", "text": "Zoë\nsaid \u2028 yes"}, {"id": "2", "text": ""}]
    jsonl.write(tmp_path / "new/rows.jsonl", rows)
    assert jsonl.read(tmp_path / "new/rows.jsonl") == rows


def test_text_is_written_as_it_is_one_row_per_line(tmp_path: Path) -> None:
    jsonl.write(tmp_path / "rows.jsonl", [{"a": "é"}, {"a": 1}])
    assert (tmp_path / "rows.jsonl").read_bytes() == '{"a": "é"}\n{"a": 1}\n'.encode()


def test_blank_lines_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    assert jsonl.read(_file(tmp_path, b'{"a": 1}\r\n\r\n{"a": 2}')) == [{"a": 1}, {"a": 2}]


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    assert jsonl.read(_file(tmp_path, b'\xef\xbb\xbf{"a": 1}\n')) == [{"a": 1}]


BROKEN = [
    (b"", "holds no rows"),
    (b"\n \n", "holds no rows"),
    (b'{"id": 1}\n\n{"id": 2\n', r"line 3: not valid JSON \(.* at column \d+\)"),
    (b'{"id": 1}\n[1]\n', r"line 2: expected a JSON object, found '\[1\]'"),
    (b'{"id": 1}\n{"x": 1}\n', "line 2: the key 'id' is missing"),
    (b'{"id": 1}\n{"id": " "}\n', "line 2: 'id' is empty"),
    (b'{"id": 1}\n\n{"id": 1}\n', "line 3: id '?1'? stands on line 1 already"),
    (b'{"id": 1}\n{"id": "a\xff"}\n', "line 2: byte 10 is not UTF-8"),
    (b'{"id": 1}\n{"id": "\\ud83d"}\n', "line 2: .* is half a character"),
]


@pytest.mark.parametrize(("content", "words"), BROKEN)
def test_a_broken_file_gives_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(UserError, match=words) as caught:
        jsonl.read(path, required=("id",), unique="id")
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.jsonl cannot be read \(No such file"):
        jsonl.read(tmp_path / "no.jsonl")


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with jsonl.whole(path) as file:
        file.write("new")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = _file(tmp_path, b"old\n")
    with pytest.raises(ZeroDivisionError):
        jsonl.write(path, ({"a": 1 // n} for n in (1, 0)))
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]
