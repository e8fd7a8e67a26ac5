"""What is remembered of a file is true of the file."""

import os
from pathlib import Path

import pytest

from mirrortest import remembered, sources


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(remembered, "FOLDER", tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_text("one", encoding="utf-8")
    return path


READ: list[str] = []


def _read(path: Path) -> str:
    READ.append(path.read_text(encoding="utf-8"))
    return READ[-1]


def test_an_untouched_file_is_read_once(file: Path) -> None:
    READ.clear()
    assert [remembered.of(file, "text", _read) for _ in range(3)] == ["one"] * 3
    assert READ == ["one"]


def test_another_question_is_another_answer(file: Path) -> None:
    assert remembered.of(file, "text", _read) == "one"
    assert remembered.of(file, "size", lambda path: path.stat().st_size) == 3


def test_a_change_of_the_same_size_and_with_the_old_time_is_seen(file: Path) -> None:
    before = file.stat()
    assert remembered.of(file, "text", _read) == "one"
    file.write_text("two", encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert remembered.of(file, "text", _read) == "two"


def test_a_torn_memory_is_none(file: Path, folder: Path) -> None:
    assert remembered.of(file, "text", _read) == "one"
    (kept,) = folder.iterdir()
    kept.write_text("{", encoding="utf-8")
    assert remembered.of(file, "text", _read) == "one"


def test_weights_are_hashed_once(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LARGE", 2)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.safetensors").write_text("abc", encoding="utf-8")
    (weights / "config.json").write_text("{}", encoding="utf-8")
    first = sources.digest(weights)
    assert len(list(folder.iterdir())) == 1
    assert sources.digest(weights) == first
    (weights / "model.safetensors").write_text("abd", encoding="utf-8")
    assert sources.digest(weights) != first
