"""Jobs that run at once have a GPU each. The GPUs are made up: what is tested is who gets which."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mirrortest import devices

NVIDIA_SMI = "#!/bin/sh\necho GPU-a\necho GPU-b\n"
JOB = """
import sys, time
from mirrortest import devices
with devices.claimed(int(sys.argv[1])) as mine:
    print(f"{time.time():.3f}", ",".join(mine), flush=True)
    time.sleep(float(sys.argv[2]))
    print(f"{time.time():.3f}", flush=True)
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with the GPUs a and b, and a folder of its own for locks."""
    (tmp_path / "nvidia-smi").write_text(NVIDIA_SMI, encoding="utf-8")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(devices.tempfile, "tempdir", None)
    monkeypatch.setenv(devices.VISIBLE, "")
    monkeypatch.delenv(devices.VISIBLE)


def _start(count: int, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", JOB, str(count), str(seconds)],
        cwd=Path(devices.__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )


def _ended(job: subprocess.Popen[str]) -> tuple[float, set[str], float]:
    """When it had its GPUs, which, and until when."""
    lines = job.communicate(timeout=60)[0].split()
    return float(lines[0]), set(lines[1].split(",")), float(lines[2])


def test_jobs_at_once_have_a_gpu_each_and_a_third_waits() -> None:
    first, second, third = sorted(map(_ended, [_start(1, 1.5) for _ in range(3)]))
    assert first[1] | second[1] == {"GPU-a", "GPU-b"}
    assert second[0] < first[2]
    assert third[0] >= min(first[2], second[2])


def test_a_killed_job_gives_its_gpu_back() -> None:
    job = _start(2, 60)
    assert job.stdout is not None
    job.stdout.readline()
    job.kill()
    job.wait()
    job.stdout.close()
    began = time.time()
    with devices.claimed(1) as mine:
        assert mine == ["GPU-a"]
        assert os.environ[devices.VISIBLE] == "GPU-a"
    assert time.time() - began < 30


def test_two_that_need_both_do_not_wait_for_each_other() -> None:
    first, second = sorted(map(_ended, [_start(2, 0.5) for _ in range(2)]))
    assert first[1] == second[1] == {"GPU-a", "GPU-b"}
    assert second[0] >= first[2]


@pytest.mark.parametrize("count", [1, 2])
def test_where_a_cluster_has_chosen_nothing_is_left_to_choose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: int
) -> None:
    monkeypatch.setenv(devices.VISIBLE, "0")
    with devices.claimed(count) as mine:
        assert mine == ["0"]
    assert not list(tmp_path.glob("mirrortest-gpus-*"))


def test_of_those_that_are_shown_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VISIBLE, "2,3")
    with devices.claimed(1) as mine, devices.claimed(1) as none_left:
        assert (mine, none_left) == (["2"], ["2"])


def test_a_machine_without_gpus_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with devices.claimed(1) as mine:
        assert mine == []


def test_a_job_that_wants_more_gets_what_there_is() -> None:
    with devices.claimed(3) as mine:
        assert mine == ["GPU-a", "GPU-b"]


def test_a_job_without_gpus_sees_none() -> None:
    with devices.claimed(0) as mine:
        assert (mine, os.environ[devices.VISIBLE]) == ([], "")
