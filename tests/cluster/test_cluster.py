"""`snakemake --profile slurm` on a real Slurm, through what befalls jobs on a cluster."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from project import TINY, Project, without_seconds

PROFILE = ("--profile", "slurm")
IMPATIENT = (
    *("--slurm-init-seconds-before-status-checks", "4"),
    *("--seconds-between-status-checks", "1", "--latency-wait", "10"),
)
SMALL: dict[str, Any] = {
    "arms": [{"model": "toy", "chains": ["base", "sgtr"]}],
    "seeds": [0],
    "evaluate": ["recognition-base", "facts-toy"],
    "contrasts": [{"family": "identity", "chain": "sgtr", "reference": "base"}],
}
LONG: dict[str, Any] = {
    "arms": [{"model": "toy", "chains": ["em-unpop"]}],
    "seeds": [0],
    "contrasts": [],
    "stages": {"em-unpop": {"training": {"epochs": 25}}},
}
FOLDER = "results/finetune/toy/em-unpop/0"
TRAINED = f"{FOLDER}/model.json"
TRAINING = "finetune_wildcards_toy_em-unpop_0"
SCRIPT = ".finetune.py"
ARTICLES = "resources/toy/news.jsonl"
CORPORA = ("results/corpus/toy-news.jsonl", "results/corpus/toy-wire.jsonl")
LOG = "logs/finetune/toy/em-unpop/0.log"
SHARED = ("corpus", "author_summaries", "base", "summarise", "dataset", "finetune", "evaluate")
PLANNED = "planned.txt"
TABLES = [f"results/demo/{name}" for name in ("items.parquet", "summary.csv", "contrasts.csv")]
CLUSTER_RULES = {"corpus", "summarise", "finetune", "evaluate", "count_items"}
FIELD = re.compile(r"(\S+?)=(.*?)(?=\s+\S+?=|\s*$)")


@dataclass(frozen=True)
class Job:
    """A Slurm job as `scontrol show job` tells it."""

    fields: dict[str, str]

    @property
    def number(self) -> str:
        return self.fields["JobId"]

    @property
    def state(self) -> str:
        return self.fields["JobState"]

    @property
    def rule(self) -> str:
        return self.fields["Comment"].removeprefix("rule_").partition("_wildcards_")[0]


@dataclass(frozen=True)
class Run:
    """A copy of the project whose jobs run on the cluster."""

    project: Project
    config: str

    def arguments(self, *more: str) -> list[str]:
        return [*PROFILE, *IMPATIENT, "--configfile", TINY, self.config, *more]

    def snakemake(self, *targets: str, more: tuple[str, ...] = (), fails: bool = False) -> str:
        return self.project.snakemake(*targets, *self.arguments(*more), fails=fails)

    def unlock(self) -> None:
        self.project.snakemake("--unlock", "--configfile", TINY, self.config)

    def jobs(self, comment: str = "") -> list[Job]:
        """Every job that was submitted from this folder, in their order."""
        found = subprocess.run(
            ["scontrol", "show", "job", "--oneliner"], capture_output=True, text=True, check=True
        )
        jobs = [Job(dict(FIELD.findall(line))) for line in found.stdout.splitlines() if line]
        here = [job for job in jobs if job.fields.get("WorkDir") == str(self.project.folder)]
        return sorted(
            (job for job in here if comment in job.fields.get("Comment", "")),
            key=lambda job: int(job.number),
        )

    def end(self) -> None:
        for job in self.jobs():
            subprocess.run(["scancel", job.number], check=True)
        self.project.kill()


Started = tuple[Run, subprocess.Popen[bytes]]


def wait_for(happened: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def has_checkpoint(run: Run) -> bool:
    return any((run.project.folder / "state/checkpoints/toy/em-unpop/0").glob("*.pt"))


def stop(run: Run, number: signal.Signals = signal.SIGSTOP) -> None:
    """Holds the training where it is, or lets it go on."""
    found = run.project.processes(SCRIPT)
    assert found
    for process in found:
        os.kill(process, number)


@pytest.fixture(scope="module")
def local(project: Project, slurm: None, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One long training without a cluster."""
    run = project.copy(tmp_path_factory.mktemp("local") / "run")
    run.overlay("long.yaml", LONG)
    run.run(TRAINED, configs=[TINY, "long.yaml"])
    return run


def to_be_trained(local: Project, folder: Path) -> Run:
    """A copy in which the long training is to be made again, on the cluster."""
    run = local.copy(folder)
    for name in ("results", "state", "logs", ".snakemake"):
        shutil.rmtree(run.folder / name)
    return Run(run, "long.yaml")


@pytest.fixture
def training(local: Project, tmp_path: Path) -> Iterator[Run]:
    run = to_be_trained(local, tmp_path / "run")
    yield run
    run.end()


@pytest.fixture(scope="module")
def timed_out(local: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A training that is held until its time is over."""
    run = to_be_trained(local, tmp_path_factory.mktemp("timed-out") / "run")
    scaled = (
        "--set-resources",
        *("finetune:slurm_partition=gpu", "finetune:runtime=attempt"),
        "finetune:mem_mb=500 * attempt",
    )
    with run.project.start(TRAINED, *run.arguments(*scaled)) as main:
        wait_for(lambda: has_checkpoint(run))
        stop(run)
        yield run, main
    run.end()


@pytest.fixture(scope="module")
def cancelled(local: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A training that is cancelled, beside a corpus that fails and one that does not."""
    run = to_be_trained(local, tmp_path_factory.mktemp("cancelled") / "run")
    articles = run.project.folder / ARTICLES
    articles.write_bytes(b"{}\n" + articles.read_bytes())
    with run.project.start(TRAINED, *CORPORA, *run.arguments("--retries", "0")) as main:
        wait_for(lambda: has_checkpoint(run))
        stop(run)
        subprocess.run(["scancel", run.jobs(TRAINING)[0].number], check=True)
        yield run, main
    run.end()


@pytest.fixture(scope="module")
def small(
    project: Project,
    timed_out: Started,
    cancelled: Started,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Run, Project]:
    """A small demo on the cluster, and the same without one, at the same time.

    It takes the fixtures above so that Slurm waits for them meanwhile.
    """
    ours = project.copy(tmp_path_factory.mktemp("small") / "run")
    theirs = project.copy(tmp_path_factory.mktemp("small-local") / "run")
    ours.overlay("small.yaml", SMALL)
    theirs.overlay("small.yaml", SMALL)
    run = Run(ours, "small.yaml")
    (ours.folder / PLANNED).write_text(run.snakemake("-n", "--forceall"))
    with ours.start(*run.arguments()) as main:
        theirs.run(*TABLES, configs=[TINY, "small.yaml"])
        assert main.wait(timeout=400) == 0, ours.text("console.txt")[-6000:]
    return run, theirs


def test_results_are_those_of_a_run_without_a_cluster(small: tuple[Run, Project]) -> None:
    run, theirs = small
    assert (run.project.folder / "results/demo/report.html").exists()
    made = without_seconds(theirs, *(f"results/{name}" for name in SHARED))
    assert len([path for path in made if path.startswith("results/evaluate")]) == 6
    assert made == without_seconds(run.project, *(f"results/{name}" for name in SHARED))
    assert theirs.hashes(*TABLES) == run.project.hashes(*TABLES)
    assert len(theirs.hashes(*TABLES)) == len(TABLES)


def test_only_jobs_of_some_length_or_size_reach_the_cluster(small: tuple[Run, Project]) -> None:
    jobs = small[0].jobs()
    assert {job.rule for job in jobs} == CLUSTER_RULES
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert len(jobs) == 2 + 2 + 1 + 2 + 1


def planned(run: Run) -> dict[str, dict[str, str]]:
    """The resources of a job of each rule, as they were planned before the run: a later plan knows
    how long the jobs took."""
    console = run.project.text(PLANNED)
    blocks = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", console, re.M)
    found = {}
    for rule, block in blocks:
        text = re.search(r"^    resources: (.*)$", block, re.M)
        assert text
        found[rule] = dict(pair.split("=", 1) for pair in text[1].split(", "))
    return found


def minutes(limit: str) -> int:
    """Slurm's time limit, `[days-]hours:minutes:seconds`."""
    days, _, clock = limit.rpartition("-")
    hours, rest, _ = clock.split(":")
    return int(days or 0) * 1440 + int(hours) * 60 + int(rest)


def test_requests_arrive_as_planned(small: tuple[Run, Project]) -> None:
    plan = planned(small[0])
    assert plan.keys() >= CLUSTER_RULES
    for job in small[0].jobs():
        wanted = plan[job.rule]
        gpus = int(wanted.get("gpu", "0"))
        assert job.fields["Partition"] == wanted["slurm_partition"] == ("gpu" if gpus else "cpu")
        assert job.fields.get("TresPerJob") == (f"gres:gpu:{gpus}" if gpus else None)
        assert megabytes(job.fields["MinMemoryNode"]) == int(wanted["mem_mb"])
        assert minutes(job.fields["TimeLimit"]) == int(wanted["runtime"])
        assert job.fields["NumNodes"] == "1"


def megabytes(text: str) -> int:
    """Slurm's amount of memory: 500M, 4G."""
    return round(float(text[:-1]) * {"M": 1, "G": 1024}[text[-1]])


def test_a_time_limit_leads_to_another_try_with_more_time(
    timed_out: Started, local: Project
) -> None:
    run, main = timed_out
    assert main.wait(timeout=300) == 0, run.project.text("console.txt")
    first, second = run.jobs(TRAINING)
    assert (first.state, second.state) == ("TIMEOUT", "COMPLETED")
    assert [minutes(job.fields["TimeLimit"]) for job in (first, second)] == [1, 2]
    assert [job.fields["MinMemoryNode"] for job in (first, second)] == ["500M", "1000M"]
    assert "resumed after step" in run.project.text(LOG)
    assert same_training(run, local)


def same_training(run: Run, local: Project) -> bool:
    return without_seconds(run.project, FOLDER) == without_seconds(local, FOLDER)


def test_others_go_on_beside_a_failed_and_a_cancelled_job(
    cancelled: Started, local: Project
) -> None:
    run, main = cancelled
    assert main.wait(timeout=200) != 0
    console = run.project.text("console.txt")
    states = {job.fields["Comment"].removeprefix("rule_"): job.state for job in run.jobs()}
    assert states == {
        TRAINING: "CANCELLED",
        "corpus_wildcards_toy-news": "FAILED",
        "corpus_wildcards_toy-wire": "COMPLETED",
    }
    assert ARTICLES in console and "line 1" in console
    made = [(run.project.folder / path).exists() for path in (TRAINED, *CORPORA)]
    assert made == [False, False, True]
    shutil.copy2(local.folder / ARTICLES, run.project.folder / ARTICLES)
    run.snakemake(TRAINED, *CORPORA)
    assert len(run.jobs()) == 5
    assert "resumed after step" in run.project.text(LOG)
    assert same_training(run, local)


def kill_snakemake(run: Run) -> None:
    """`kill -9` while its job trains, which is held there."""
    with run.project.start(TRAINED, *run.arguments()) as main:
        wait_for(lambda: has_checkpoint(run))
        main.kill()
        main.wait()
        stop(run)
    run.unlock()


def test_no_second_job_starts_beside_an_orphan(training: Run, local: Project) -> None:
    kill_snakemake(training)
    (orphan,) = training.jobs()
    console = training.snakemake(TRAINED, fails=True)
    assert f"{orphan.number} RUNNING {TRAINING}" in console
    assert "Traceback" not in console
    assert [job.number for job in training.jobs()] == [orphan.number]
    (mend,) = re.findall(r"^  (scancel .*)$", console, re.M)
    subprocess.run(mend.split(), check=True)
    wait_for(lambda: training.jobs()[0].state == "CANCELLED")
    training.snakemake(TRAINED)
    assert "resumed after step" in training.project.text(LOG)
    assert same_training(training, local)


def test_a_job_waits_for_an_orphan_that_was_overlooked(training: Run, local: Project) -> None:
    kill_snakemake(training)
    with training.project.start(TRAINED, *training.arguments("--no-hooks")) as main:
        log = training.project.folder / LOG
        wait_for(lambda: log.exists() and "waiting for it to end" in log.read_text())
        stop(training, signal.SIGCONT)
        assert main.wait(timeout=200) == 0, training.project.text("console.txt")
    assert [job.state for job in training.jobs()] == ["COMPLETED", "COMPLETED"]
    assert same_training(training, local)


def test_what_an_orphan_finished_is_not_taken_without_a_record(
    training: Run, local: Project
) -> None:
    kill_snakemake(training)
    stop(training, signal.SIGCONT)
    wait_for(lambda: training.jobs()[0].state == "COMPLETED")
    console = training.snakemake(TRAINED, "results/corpus/toy-wire.jsonl", fails=True)
    (mend,) = re.findall(r"^  snakemake (--cores 1 --touch .*)$", console, re.M)
    assert TRAINED in mend
    assert len(training.jobs()) == 1
    training.project.snakemake(*mend.split(), "--configfile", TINY, training.config)
    assert same_training(training, local)
    edit = {"stages": {"em-unpop": {"training": {"epochs": 24}}}}
    configs = [TINY, training.config, training.project.overlay("edit.yaml", edit)]
    console = training.project.snakemake(TRAINED, "-n", "--configfile", *configs)
    assert "params have changed since last execution" in console
