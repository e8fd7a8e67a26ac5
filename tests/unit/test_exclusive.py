"""One job at a time on one piece of state."""

import subprocess
import sys
from pathlib import Path

import pytest

from mirrortest.exclusive import exclusive

HOLD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from mirrortest.exclusive import exclusive
with exclusive(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
    time.sleep(0.2)
    open(sys.argv[2] + ".done", "w").close()
"""


def _holder(root: Path, state: Path) -> subprocess.Popen[str]:
    """Another process that holds the state until its input ends, and a little longer."""
    command = [sys.executable, "-c", HOLD, str(root / "workflow_scripts"), str(state)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_job_waits_for_the_first_and_says_so(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with _holder(root, tmp_path / "new/state") as other:
        assert other.stdin is not None
        other.stdin.close()
        with exclusive(tmp_path / "new/state"):
            assert (tmp_path / "new/state.done").exists()
    assert "another process still works on" in caplog.text


def test_a_job_that_was_killed_holds_nothing(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with _holder(root, tmp_path / "state") as other:
        other.kill()
        other.wait()
    with exclusive(tmp_path / "state"):
        assert not (tmp_path / "state.done").exists()
    assert caplog.text == ""


def test_other_state_is_free(root: Path, tmp_path: Path) -> None:
    with _holder(root, tmp_path / "state") as other, exclusive(tmp_path / "another"):
        assert other.poll() is None
