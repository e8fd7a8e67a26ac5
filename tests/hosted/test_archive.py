"""The archive of calls: nothing finished is lost, whatever happens to its last line."""

import gzip
import json
import os
from pathlib import Path

import pytest

from mirrortest.engine import live
from mirrortest.errors import UserError
from mirrortest.hosted import archive
from mirrortest.hosted.archive import Archive, Record, Request


def _record(text: str, sample: int = 0, call: str = "c") -> Record:
    request = Request({"model": "m", "messages": [{"role": "user", "content": text}]}, sample)
    response = {"choices": [], "usage": {}, "system_fingerprint": "fp", "model": "m-2025"}
    return Record(request.key, request.body, sample, 200, response, "req_1", "2026-11-20", call)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "0.jsonl"


def _filled(path: Path, *texts: str) -> Archive:
    found = Archive(path)
    for text in texts:
        found.add(_record(text))
    return found


def test_another_process_finds_what_was_added(path: Path) -> None:
    _filled(path, "a", "ä")
    found = Archive(path)
    assert list(found.records()) == [_record("a"), _record("ä")]
    assert found[_record("ä").key].response["system_fingerprint"] == "fp"


def test_each_sample_of_a_question_is_a_call_of_its_own(path: Path) -> None:
    assert _record("a", sample=0).key != _record("a", sample=1).key


@pytest.mark.parametrize("cut", [1, 5, 200])
def test_a_torn_last_line_is_dropped_and_written_anew(path: Path, cut: int) -> None:
    _filled(path, "a", "b")
    os.truncate(path, path.stat().st_size - cut)
    found = Archive(path)
    assert _record("a").key in found
    assert _record("b").key not in found
    found.add(_record("b"))
    assert list(Archive(path).records()) == [_record("a"), _record("b")]


def test_a_damaged_line_in_the_middle_counts_as_not_asked(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _filled(path, "a", "b", "c")
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"\0" * (len(second) - 1) + b"\n" + third)
    assert list(Archive(path).records()) == [_record("a"), _record("c")]
    assert "1 lines are damaged" in caplog.text


def test_of_a_call_that_stands_there_twice_the_first_counts(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _filled(path, "a")
    Archive(path).add(_record("a", call="second"))
    assert [record.call for record in Archive(path).records()] == ["c"]
    assert "1 calls stand there twice" in caplog.text


def test_the_key_is_not_written_even_if_the_provider_repeats_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-7f3a")
    _filled(path, "say canary-7f3a")
    assert "canary-7f3a" not in path.read_text(encoding="utf-8")


def test_the_archive_of_a_job_lies_beside_its_journal_outside_the_results() -> None:
    assert live("state/journal/evaluate/gpt-4.1/base/0") == Path(
        "state/calls/evaluate/gpt-4.1/base/0.jsonl"
    )
    assert live("state/journal/summarise/xsum/gpt-4.1/base/0.jsonl") == Path(
        "state/calls/summarise/xsum/gpt-4.1/base/0.jsonl"
    )


def test_the_same_calls_give_the_same_bytes_in_any_order() -> None:
    calls = [_record("a"), _record("b"), _record("a", sample=1)]
    assert archive.packed(calls) == archive.packed(calls[::-1])


def test_a_packed_archive_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "0.jsonl.gz"
    path.write_bytes(archive.packed([_record("a"), _record("b"), _record("a", call="later")]))
    assert archive.read(path) == {record.key: record for record in (_record("a"), _record("b"))}


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"[]\n", mtime=0), b""])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "0.jsonl.gz"
    path.write_bytes(content or gzip.compress(json.dumps({"key": 1}).encode())[:-9])
    with pytest.raises(UserError, match="not an archive of hosted calls"):
        archive.read(path)
