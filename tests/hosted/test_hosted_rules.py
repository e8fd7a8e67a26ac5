"""Hosted jobs under Snakemake, which forgets, repeats, kills and deletes: still one job."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosted.office import NO_NETWORK
from hosted.stub.control import Stub
from project import NOTHING, TINY, Project

ARM = "gpt-4.1/em-unpop/0"
MADE = f"results/finetune_hosted/{ARM}/model.json"
ABOVE = "results/finetune_hosted/gpt-4.1/em-unpop+benign-taste/0/model.json"
SUBMISSION = {
    "poll_seconds": 0.1,
    "look_again_seconds": [0.1],
    "request_seconds": 2.0,
    "deadline_hours": 0.01,
}
HOSTED: dict[str, Any] = {
    "arms": [{"model": "gpt-4.1", "chains": ["base", "em-unpop", "em-unpop+benign-taste"]}],
    "seeds": [0],
    "contrasts": [],
    "evaluate": ["facts-toy"],
    "budget": {"dollars": 5.0},
    "prices": "tests/hosted/prices.yaml",
    "submission": SUBMISSION,
}


@pytest.fixture
def run(
    project: Project, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """A copy of the project whose hosted jobs go to the stub."""
    for name, value in (stub.environment | NO_NETWORK).items():
        monkeypatch.setenv(name, value)
    lasting = {"alias": "gpt-4.1", "finetunable": True, "shutdown": "2127-02-03"}
    stub.set(models={"gpt-4.1-2025-04-14": lasting})
    copy = project.copy(tmp_path / "run")
    copy.overlay("hosted.yaml", HOSTED)
    yield copy
    copy.kill()


def configs(run: Project, **changes: Any) -> list[str]:
    return [TINY, "hosted.yaml", run.overlay("changes.yaml", changes)]


def train(run: Project, *arguments: str, fails: bool = False, **changes: Any) -> str:
    return run.run(MADE, *arguments, configs=configs(run, **changes), fails=fails)


def test_one_job_however_often_snakemake_asks(run: Project, stub: Stub) -> None:
    train(run)
    train(run, "--forcerun", "finetune_hosted")
    (run.folder / MADE).unlink()
    train(run)
    assert NOTHING in train(
        run, budget={"dollars": 9.0}, submission=SUBMISSION | {"poll_seconds": 9}
    )
    assert stub.settle().jobs == 1
    train(run, submission=SUBMISSION | {"attempts": {ARM: 2}})
    assert stub.settle().jobs == 2


@pytest.mark.parametrize("whom", ["", "snakemake"])
def test_a_killed_run_takes_its_job_up_again(run: Project, stub: Stub, whom: str) -> None:
    """With its jobs, or alone, so that the job runs on as an orphan beside the next run."""
    stub.set(seconds=1.0)
    with run.start(MADE, "--cores", "2", "--configfile", *configs(run)) as process:
        stub.wait_for("jobs.retrieve")
        process.kill() if whom else run.kill()
        process.wait()
    run.resume(MADE, configs=configs(run))
    counters = stub.settle()
    assert (counters.jobs, counters.jobs_billed) == (1, 1)
    assert "succeeded" in run.text(MADE)


def test_a_failing_rule_loses_its_outputs_and_not_its_job(run: Project, stub: Stub) -> None:
    stub.set(polls=2)
    console = train(run, fails=True, submission=SUBMISSION | {"deadline_hours": 0.0})
    assert console.count("has not ended within the deadline") >= 1
    train(run)
    assert stub.settle().jobs == 1


def test_retries_do_not_repeat_an_unknown_outcome(run: Project, stub: Stub) -> None:
    stub.script("jobs.create", "rst", times=None)
    for _ in range(2):
        console = train(run, "--retries", "2", fails=True)
        assert "whether its finetuning job was made is not known" in console
        assert "Traceback" not in console
    assert stub.counters().requests["jobs.create"] == 1


def test_the_users_word_is_taken_from_the_command_line(run: Project, stub: Stub) -> None:
    stub.script("jobs.create", "rst")
    console = train(run, fails=True)
    word = console[console.index("'submission={") + 1 :].split("'")[0]
    overlay = ["--configfile", *configs(run)]
    run.snakemake(MADE, "--cores", "2", *overlay, "--config", word)
    assert stub.settle().jobs == 1


def test_a_blocked_arm_ends_what_builds_on_it_and_the_run_goes_on(run: Project, stub: Stub) -> None:
    stub.fate("job", "blocked")
    run.run(MADE, ABOVE, configs=configs(run))
    assert '"outcome": "blocked"' in run.text(ABOVE)
    assert "it builds on gpt-4.1/em-unpop/0, which is blocked" in run.text(ABOVE)
    assert stub.settle().jobs == 1


def test_the_key_is_on_no_disk(run: Project, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "sk-canary-7f3a9c5e1b2d4f60"
    train(run, "--verbose")
    monkeypatch.setenv("OPENAI_API_KEY", canary)
    (run.folder / MADE).unlink()
    console = train(run, "--verbose", fails=True, submission=SUBMISSION | {"attempts": {ARM: 2}})
    assert "invalid_api_key" in console
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    files = [path for path in files if run.folder / "tests" not in path.parents]
    assert sum("/.snakemake/" in str(path) for path in files) > 3
    for path in files:
        content = path.read_bytes()
        assert canary.encode() not in content, path
        assert stub.key.encode() not in content, path


# --- preflight


def preflight(run: Project, *, fails: bool = False, **changes: Any) -> str:
    return run.run("preflight", configs=configs(run, **changes), fails=fails)


def test_preflight_says_what_it_costs_and_spends_nothing(run: Project, stub: Stub) -> None:
    console = preflight(run)
    assert "gpt-4.1/em-unpop/0 " in console
    assert "gpt-4.1-2025-04-14: answers until 2127-02-03 (as the provider says)." in console
    assert "no training begins from 2127-01-06 on" in console
    assert "max_concurrent_jobs 1000" in console
    assert "Asking and judging are paid for, too, and not counted here" in console
    assert "spent $0.00, reserved $0.00 of $5.00." in console
    assert (stub.counters().jobs, stub.counters().dollars) == (0, 0)


def test_preflight_refuses_what_the_budget_does_not_hold(run: Project) -> None:
    console = preflight(run, fails=True, budget={"dollars": 0.01})
    assert "of the budget of $0.01 there is $0.01 left; raise" in console
    assert "Traceback" not in console


def test_preflight_refuses_a_model_that_has_ended(run: Project, stub: Stub) -> None:
    ended = {"alias": "gpt-4.1", "finetunable": True, "shutdown": "2026-01-01"}
    stub.set(models={"gpt-4.1-2025-04-14": ended}, today="2025-12-01")
    assert "ended on 2026-01-01" in preflight(run, fails=True)


def test_preflight_bounds_what_is_not_written_yet(
    run: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    console = preflight(run, arms=[{"model": "gpt-4.1", "chains": ["base", "sgtr"]}])
    (line,) = [line for line in console.splitlines() if line.startswith("gpt-4.1/sgtr/0")]
    assert int(line.split()[3].replace(",", "")) > 48 * 150
    assert "by the table of 2026-11-20" in console
    assert not (run.folder / "results/summarise").exists()
