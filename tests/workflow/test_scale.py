"""Planning five thousand jobs: how long Snakemake and our part of it take.

Seconds are those of the processor, so that a busy machine counts less. Bounds are twice what is
wanted; docs/scale.md has what was measured, and `python tests/workflow/test_scale.py` prints it.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import papers_at_size
import pytest
from project import NOTHING, Project

HERE = Path(__file__).parent
CONFIG = "at-size.yaml"
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
PLAN = [*SNAKEMAKE, "-n", "-q", "all", "--configfile", CONFIG]
PRETEND = [sys.executable, str(HERE / "pretending.py"), "--cores", "2", "--configfile", CONFIG]
ARM = "evaluate:model=qwen2.5-32b,chain=sgtr+ictr,seed=0"
JOB = [*PLAN, "--mode", "remote", "--target-jobs", ARM, "--allowed-rules", "evaluate", "--force"]


class Taken(NamedTuple):
    """Seconds of the processor, megabytes at the peak, and what was said."""

    seconds: float
    megabytes: float
    said: str


def take(project: Project, command: list[str]) -> Taken:
    """Measured by a small process of its own: Linux lets a child begin with its parent's peak."""
    with (project.folder / "console.txt").open("w") as console:
        launcher = [sys.executable, str(HERE / "taking.py"), *command]
        done = subprocess.run(launcher, cwd=project.folder, stdout=subprocess.PIPE, stderr=console)
    said = project.text("console.txt")
    assert done.returncode == 0, said[-3000:]
    return Taken(**json.loads(done.stdout), said=said)


@pytest.fixture(scope="module")
def large(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return at_size(project.copy(tmp_path_factory.mktemp("large") / "run"))


def at_size(project: Project) -> Project:
    project.overlay(CONFIG, papers_at_size.overlay())
    return project


def test_five_thousand_jobs_are_planned_and_found_done_in_seconds(large: Project) -> None:
    planned = take(large, PLAN)
    (total,) = set(re.findall(r"^total +(\d+)$", planned.said, re.MULTILINE))
    assert 4900 < int(total) < 5500
    assert planned.seconds < 2 * 15
    assert planned.megabytes < 1000
    started = take(large, JOB)
    assert started.seconds < 2 * 2
    take(large, PRETEND)
    done = take(large, PLAN)
    assert NOTHING in done.said
    assert done.seconds < 2 * 10


def _median(measure: Callable[[], Taken]) -> str:
    taken = sorted(measure() for _ in range(3))[1]
    return f"{taken.seconds:.1f} s, {taken.megabytes:.0f} MB"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run = at_size(Project.fresh(Path(folder)))
        print("planned", _median(lambda: take(run, PLAN)))
        print("one job", _median(lambda: take(run, JOB)))
        print("pretend", f"{take(run, PRETEND).seconds:.1f} s")
        print("nothing", _median(lambda: take(run, PLAN)))
