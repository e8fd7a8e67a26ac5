"""What a run says beforehand that it takes, and what its jobs ask for."""

import json
import re
import subprocess
import sys

import pytest
from project import ROOT, TINY, Project

HOURS = "GPU hours to run"


def spoken(project: Project, *arguments: str) -> tuple[str, str]:
    """What Snakemake writes to stdout and to stderr."""
    command = [sys.executable, "-m", "snakemake", "--configfile", TINY, *arguments]
    run = subprocess.run(command, cwd=project.folder, check=True, capture_output=True, text=True)
    return run.stdout, run.stderr


def test_a_dry_run_says_what_it_takes_once_and_to_stderr(project: Project) -> None:
    out, said = spoken(project, "-n")
    assert HOURS not in out
    assert said.count(HOURS) == 1
    counted = dict(re.findall(r"^(\w+) +(\d+)$", out, re.MULTILINE))
    assert f"demo: {counted['total']} jobs, {counted['total']} of them to run" in said
    for rule in ("finetune", "summarise", "evaluate"):
        assert re.search(rf"^  {rule} +{counted[rule]} +{counted[rule]} ", said, re.MULTILINE)
    assert "by an assumed 50 TFLOP/s a GPU" in said
    assert "as merged checkpoints its arms of several stages would be" in said


def test_the_example_in_the_docs_is_what_a_fresh_clone_says(project: Project) -> None:
    text = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```\n(small-gpu: .*?)^```$", text, re.MULTILINE | re.DOTALL)
    said = project.snakemake("-n", "--configfile", "resources/experiments/small-gpu.yaml")
    assert shown in said


QUIET = ["--quiet", "--dag", "--rulegraph", "--summary", "--lint", "--list-rules", "--unlock"]


@pytest.mark.parametrize("argument", [*QUIET, "--list-untracked"])
def test_it_stays_out_of_what_other_commands_say(project: Project, argument: str) -> None:
    dry = ["-n"] if argument == "--quiet" else []
    assert HOURS not in "".join(spoken(project, *dry, argument))


def test_a_run_says_it_before_it_begins_and_its_jobs_do_not(finished: Project) -> None:
    console = finished.text("console.txt")
    assert console.count(HOURS) == 1
    assert console.index(HOURS) < console.index("localrule ")


def test_a_jobs_own_process_does_not_say_it(project: Project) -> None:
    job = ["--target-jobs", "base:model=toy", "--allowed-rules", "base", "--force"]
    out, said = spoken(project, "-n", "--mode", "remote", *job)
    assert "base" in out + said
    assert HOURS not in out + said


def test_what_is_done_is_not_to_run_and_its_speed_is_known(edited: Project) -> None:
    more = edited.overlay("more.yaml", {"seeds": [0, 1, 2]})
    console = edited.snakemake("-n", "--configfile", TINY, more)
    assert re.search(r"^  finetune +9 +3 ", console, re.MULTILINE)
    assert re.search(r"^  evaluate +10 +3 ", console, re.MULTILINE)
    (basis,) = re.findall("^  GPU hours: .*$", console, re.MULTILINE) or [""]
    assert "assumed" not in basis


def test_every_job_that_asks_or_trains_leaves_its_speed(finished: Project) -> None:
    folder = finished.folder / "state/throughput"
    kept = {path: json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob("*.json")}
    assert len(kept) == 6 + 8 + 7
    assert all(one["read"] > 0 and one["seconds"] > 0 for one in kept.values())
    trained = json.loads((folder / "finetune/toy/sgtr/0.json").read_text(encoding="utf-8"))
    arm = json.loads(finished.text("results/finetune/toy/sgtr/0/model.json"))
    assert trained["read"] == arm["stages"][-1]["tokens"]


def asked(project: Project, *arguments: str) -> set[str]:
    """The resources of finetune jobs in a dry run."""
    console = project.snakemake("-n", "--configfile", TINY, *arguments)
    jobs = re.findall(r"^rule finetune:\n(?:    .*\n)*?    resources: (.*)$", console, re.MULTILINE)
    assert len(jobs) == 6
    return set(jobs)


def test_a_limit_on_gpus_caps_what_a_job_gets_and_a_laptop_has_none(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = project.copy(tmp_path_factory.mktemp("large") / "run")
    large = run.overlay("large.yaml", {"models": {"toy": {"parameters": 30.0}}})
    assert all("gpu=4" in job for job in asked(run, large))
    assert all("gpu=1" in job for job in asked(run, large, "--resources", "gpu=1"))
    bigger = ["--config", "gpu_memory_gb=200"]
    assert all("gpu=1" in job for job in asked(run, large, *bigger))
    assert all("gpu=2" in job for job in asked(run, large, "--set-resources", "finetune:gpu=2"))
