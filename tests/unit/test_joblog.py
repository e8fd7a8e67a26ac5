"""How a job ends: in one sentence for users, in a traceback for what nobody foresaw."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAM = """
import logging, sys, warnings
sys.path.insert(0, {library!r})
from mirrortest import joblog
from mirrortest.errors import UserError
with joblog.job("logs/deep/job.log"):
    {body}
"""


class Ended(NamedTuple):
    """What a job left."""

    status: int
    errors: str
    log: str


@pytest.fixture
def ended(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Ended:
    """A process of its own, since a job takes over logging and warnings."""
    program = PROGRAM.format(library=str(root / "workflow_scripts"), body=request.param)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    log = (tmp_path / "logs/deep/job.log").read_text(encoding="utf-8")
    return Ended(done.returncode, done.stderr, log)


@pytest.mark.parametrize("ended", ['raise UserError("a.csv, line 3: mend it.")'], indirect=True)
def test_a_users_mistake_ends_the_job_in_one_sentence(ended: Ended) -> None:
    assert ended.status == 1
    assert ended.errors == "mirrortest: a.csv, line 3: mend it.\n"
    assert ended.log.endswith("ERROR a.csv, line 3: mend it.\n")
    assert "Traceback" not in ended.log


@pytest.mark.parametrize("ended", ['{}["no such key"]'], indirect=True)
def test_another_error_leaves_its_traceback_and_goes_on(ended: Ended) -> None:
    assert ended.status == 1
    assert "KeyError: 'no such key'" in ended.errors
    assert "Traceback (most recent call last)" in ended.log
    assert "KeyError: 'no such key'" in ended.log


@pytest.mark.parametrize("ended", ['logging.info("7 rows"); warnings.warn("odd")'], indirect=True)
def test_words_and_warnings_go_to_the_log(ended: Ended) -> None:
    assert ended.status == 0
    assert ended.errors == ""
    assert "INFO 7 rows" in ended.log
    assert "odd" in ended.log


@pytest.mark.parametrize("ended", ["sys.exit(3)"], indirect=True)
def test_an_exit_status_is_kept(ended: Ended) -> None:
    assert ended.status == 3
