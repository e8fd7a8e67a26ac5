"""`kill -9`, then `make resume`: the same bytes as without, and no question asked twice."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from project import TINY, Project, without_seconds

LONG: dict[str, Any] = {
    "corpora": {"toy-wire": {"limit": 100}},
    "stages": {"em-unpop": {"training": {"epochs": 25}}},
    "evaluate": ["recognition-own", "recognition-base", "truthfulqa-toy", "facts-toy"],
    "evaluations": {"truthfulqa-toy": {"limit": None}, "facts-toy": {"limit": None}},
}
CONFIGS = [TINY, "long.yaml"]
FINETUNED_FOLDER = "results/finetune/toy/em-unpop/0"
FINETUNED = f"{FINETUNED_FOLDER}/model.json"
EVALUATED = "results/evaluate/toy/base/0/recognition-own.jsonl"
CHECKPOINTS = "state/checkpoints/toy/em-unpop/0"
JOURNALS = "state/journal/evaluate/toy/base/0"

FINETUNE_LOG, EVALUATE_LOG = "logs/finetune/toy/em-unpop/0.log", "logs/evaluate/toy/base/0.log"

Main = subprocess.Popen[bytes]
Kill = Callable[[Project, Main, str], None]


def kill_job(run: Project, main: Main, script: str) -> None:
    """Snakemake sees it fail and ends."""
    run.kill(script)
    main.wait(timeout=60)


def kill_all(run: Project, main: Main, script: str) -> None:
    """As when the machine goes down."""
    run.kill()
    main.wait(timeout=60)


def kill_snakemake(run: Project, main: Main, script: str) -> None:
    """Its job lives on as an orphan; it is stopped here, so that it cannot end too early."""
    main.kill()
    main.wait(timeout=60)
    signal_jobs(run, script, signal.SIGSTOP)


def signal_jobs(run: Project, script: str, number: signal.Signals) -> None:
    orphans = run.processes(script)
    assert orphans
    for process in orphans:
        os.kill(process, number)


KILLS = pytest.mark.parametrize("kill", [kill_job, kill_all])


@pytest.fixture(scope="module")
def uninterrupted(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One arm trained for long, and one asked much, without a kill."""
    run = project.copy(tmp_path_factory.mktemp("uninterrupted") / "run")
    run.overlay("long.yaml", LONG)
    run.run(FINETUNED, EVALUATED, configs=CONFIGS)
    return run


@pytest.fixture
def again(uninterrupted: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy in which the arm is to be trained and asked anew; nothing runs on after the test."""
    run = uninterrupted.copy(tmp_path / "run")
    for folder in ("results/finetune", "results/evaluate", "state", "logs"):
        shutil.rmtree(run.folder / folder)
    yield run
    run.kill()


def wait_for(happened: Callable[[], bool], run: Project, main: Main) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert main.poll() is None, run.text("console.txt")
        assert time.monotonic() < deadline, run.text("console.txt")
        time.sleep(0.005)


def interrupt(
    run: Project, target: str, script: str, ready: Callable[[], bool], kill: Kill
) -> None:
    """Starts the run and kills when it is ready for that."""
    with run.start(target, "--cores", "2", "--configfile", *CONFIGS) as main:
        wait_for(ready, run, main)
        kill(run, main, script)
        assert main.returncode != 0
    assert not (run.folder / target).exists()


def resume_beside_orphan(run: Project, target: str, script: str, log: str) -> None:
    """The resumed job is to wait for the orphan, which then goes on to its end."""
    run.snakemake("--unlock", "--configfile", *CONFIGS)
    with run.start(target, "--cores", "2", "--configfile", *CONFIGS) as main:
        path = run.folder / log
        wait_for(lambda: path.exists() and "waiting for it to end" in run.text(log), run, main)
        signal_jobs(run, script, signal.SIGCONT)
        assert main.wait(timeout=300) == 0


def whole_lines(run: Project) -> dict[str, bytes]:
    """The journals, each up to its last whole line."""
    found = (run.folder / JOURNALS).glob("*.jsonl")
    texts = {path.name: path.read_bytes() for path in found}
    return {name: text[: text.rfind(b"\n") + 1] for name, text in texts.items()}


def keys(run: Project) -> list[str]:
    """The journalled questions, with repeats if there are any."""
    lines = [line for text in whole_lines(run).values() for line in text.splitlines()]
    return sorted(key for line in lines for key in json.loads(line))


def same_training(run: Project, other: Project) -> bool:
    return without_seconds(run, FINETUNED_FOLDER) == without_seconds(other, FINETUNED_FOLDER)


@KILLS
def test_training_goes_on_where_it_was_killed(
    again: Project, uninterrupted: Project, kill: Kill
) -> None:
    saved = again.folder / CHECKPOINTS
    interrupt(again, FINETUNED, ".finetune.py", lambda: any(saved.glob("*.pt")), kill)
    again.resume(FINETUNED, configs=CONFIGS)
    resumed = re.search(r"resumed after step (\d+)", again.text(FINETUNE_LOG))
    assert resumed and int(resumed[1]) > 0
    assert same_training(again, uninterrupted)
    assert not any(saved.glob("*.pt"))


@KILLS
def test_training_that_saved_nothing_yet_begins_anew(
    again: Project, uninterrupted: Project, kill: Kill
) -> None:
    path = again.folder / FINETUNE_LOG
    begun = lambda: path.exists() and "memory: " in again.text(FINETUNE_LOG)  # noqa: E731
    interrupt(again, FINETUNED, ".finetune.py", begun, kill)
    assert not any((again.folder / CHECKPOINTS).glob("*.pt"))
    again.resume(FINETUNED, configs=CONFIGS)
    assert "resumed" not in again.text(FINETUNE_LOG)
    assert same_training(again, uninterrupted)


def losses(run: Project) -> list[float]:
    lines = run.text(f"{FINETUNED_FOLDER}/training.csv").splitlines()[1:]
    return [float(line.split(",")[1]) for line in lines]


def test_training_by_two_processes_goes_on_where_it_was_killed(
    again: Project, uninterrupted: Project
) -> None:
    saved = again.folder / CHECKPOINTS
    two = (FINETUNED, "--cores", "2", "--set-resources", "finetune:gpu=2", "--configfile", *CONFIGS)
    with again.start(*two) as main:
        wait_for(lambda: any(saved.glob("*.pt")), again, main)
        assert len(again.processes(".finetune.py")) == 2
        kill_job(again, main, ".finetune.py")
    again.snakemake("--unlock", "--configfile", *CONFIGS)
    again.snakemake(*two)
    assert "resumed after step" in again.text(FINETUNE_LOG)
    assert losses(again) == pytest.approx(losses(uninterrupted), abs=1e-4)


@KILLS
def test_no_question_is_asked_twice(again: Project, uninterrupted: Project, kill: Kill) -> None:
    interrupt(again, EVALUATED, ".evaluate.py", lambda: any(whole_lines(again).values()), kill)
    asked, before = keys(again), whole_lines(again)
    again.resume(EVALUATED, configs=CONFIGS)
    after = whole_lines(again)
    assert all(after[name].startswith(text) for name, text in before.items())
    assert 0 < len(asked) < len(keys(again))
    assert keys(again) == keys(uninterrupted)
    assert again.hashes("results/evaluate") == uninterrupted.hashes("results/evaluate")


def test_a_resumed_training_waits_for_its_orphan(again: Project, uninterrupted: Project) -> None:
    saved = again.folder / CHECKPOINTS
    interrupt(again, FINETUNED, ".finetune.py", lambda: any(saved.glob("*.pt")), kill_snakemake)
    resume_beside_orphan(again, FINETUNED, ".finetune.py", FINETUNE_LOG)
    assert same_training(again, uninterrupted)


def test_a_resumed_evaluation_asks_nothing_that_its_orphan_asked(
    again: Project, uninterrupted: Project
) -> None:
    def begun() -> bool:
        return any(whole_lines(again).values())

    interrupt(again, EVALUATED, ".evaluate.py", begun, kill_snakemake)
    resume_beside_orphan(again, EVALUATED, ".evaluate.py", EVALUATE_LOG)
    assert keys(again) == keys(uninterrupted)
    assert again.hashes("results/evaluate") == uninterrupted.hashes("results/evaluate")
