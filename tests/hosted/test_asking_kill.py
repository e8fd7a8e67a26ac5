"""Jobs that are killed while they ask: what was paid for is kept, and is not paid twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hosted import asked
from hosted.job import CALLS
from hosted.stub.control import LIBRARY, TESTS, Stub, running

from mirrortest import jsonl

COUNT = 160
KILLS = 20


def _start(
    folder: Path, stub: Stub, count: int = COUNT, cap: float = 100.0
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "hosted.job", str(folder), str(count), str(cap)]
    paths = {"PYTHONPATH": f"{TESTS}{os.pathsep}{LIBRARY}"}
    return subprocess.Popen(
        command, env=os.environ | stub.environment | paths, stderr=subprocess.PIPE, text=True
    )


def _finish(folder: Path, stub: Stub, cap: float = 100.0) -> str:
    """Runs to the end; what it said if it failed."""
    process = _start(folder, stub, cap=cap)
    said = process.communicate(timeout=120)[1]
    assert (process.returncode == 0) == (said == ""), said
    return said


def _calls(folder: Path) -> int:
    path = folder / "calls.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _kill_at(folder: Path, stub: Stub, more: int, pause: float) -> bool:
    """Starts it and kills it when so many more calls were answered, and a moment later.

    Whether it was still under way.
    """
    wanted = _calls(folder) + more
    process = _start(folder, stub)
    while process.poll() is None and _calls(folder) < wanted:
        time.sleep(0.001)
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> list[jsonl.Row]:
    """The rows of a job that nobody killed."""
    folder = tmp_path_factory.mktemp("clean")
    with running(folder / "stub") as stub:
        _finish(folder, stub)
    return jsonl.read(folder / "rows.jsonl")


def test_killed_at_twenty_random_points_rows_are_whole_and_nothing_is_paid_twice(
    stub: Stub, tmp_path: Path, clean: list[jsonl.Row]
) -> None:
    draw = random.Random(6)
    stub.set(latency=0.01)
    hits = [
        _kill_at(tmp_path, stub, more=draw.randrange(4), pause=draw.random() * 0.02)
        for _ in range(KILLS)
    ]
    assert all(hits)
    _finish(tmp_path, stub)
    assert jsonl.read(tmp_path / "rows.jsonl") == clean
    assert len(list(asked.archive(tmp_path).records())) == COUNT == _calls(tmp_path)
    assert COUNT <= asked.billed(stub) <= COUNT + KILLS * CALLS
    book = asked.ledger(tmp_path)
    assert stub.counters().dollars <= book.spent() + book.reserved()


def test_a_torn_last_line_is_asked_again_and_only_that(
    stub: Stub, tmp_path: Path, clean: list[jsonl.Row]
) -> None:
    _kill_at(tmp_path, stub, more=20, pause=0.0)
    kept = _calls(tmp_path)
    billed = asked.billed(stub)
    path = tmp_path / "calls.jsonl"
    os.truncate(path, path.stat().st_size - 50)
    _finish(tmp_path, stub)
    assert jsonl.read(tmp_path / "rows.jsonl") == clean
    assert asked.billed(stub) == billed + COUNT - kept + 1


def test_a_finished_job_that_runs_again_asks_nothing(
    stub: Stub, tmp_path: Path, clean: list[jsonl.Row]
) -> None:
    _finish(tmp_path, stub)
    (tmp_path / "rows.jsonl").unlink()
    _finish(tmp_path, stub)
    (tmp_path / "journal.jsonl").unlink()
    _finish(tmp_path, stub)
    assert jsonl.read(tmp_path / "rows.jsonl") == clean
    assert asked.billed(stub) == COUNT


def test_a_quota_that_ends_in_the_middle_stops_and_a_rerun_goes_on(
    stub: Stub, tmp_path: Path, clean: list[jsonl.Row]
) -> None:
    stub.script("chat.create", "quota", skip=25, times=None)
    assert "insufficient_quota" in _finish(tmp_path, stub)
    assert asked.billed(stub) == _calls(tmp_path) == 25
    assert len(stub.requests("chat.create")) <= 25 + CALLS
    assert not (tmp_path / "rows.jsonl").exists()
    stub.forgive()
    _finish(tmp_path, stub)
    assert jsonl.read(tmp_path / "rows.jsonl") == clean
    assert asked.billed(stub) == COUNT


def test_two_processes_never_exceed_the_cap_together(stub: Stub, tmp_path: Path) -> None:
    cap = 0.004
    stub.set(latency=0.01)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spending.sqlite").symlink_to(tmp_path / "spending.sqlite")
    jobs = [_start(tmp_path / name, stub, 400, cap) for name in ("one", "two")]
    said = [job.communicate(timeout=120)[1] for job in jobs]
    assert all("raise `budget: dollars`" in words for words in said), said
    book = asked.ledger(tmp_path, cap)
    assert stub.counters().dollars == pytest.approx(book.spent())
    assert 0.8 * cap < book.spent() <= cap


def test_the_key_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    canary = "sk-canary-5d41402abc4b2a76b9719d911017c592"
    job, refused = tmp_path / "jobs", tmp_path / "jobs" / "refused"
    refused.mkdir(parents=True)
    with running(tmp_path / "stub", key=canary) as stub:
        for fault in ("server_error", "close", "truncated", "html", "content_filter"):
            stub.script("chat.create", fault, skip=3)
        _finish(job, stub)
        stub.key = "sk-canary-5d41402abc4b2a76b9719d911017c593"
        assert "401" in _finish(refused, stub)
    files = [path for path in job.rglob("*") if path.is_file()]
    assert len(files) >= 7
    for path in files:
        assert b"sk-canary" not in path.read_bytes(), path
        assert b"5d41402abc4b2a76b9" not in path.read_bytes(), path
