"""The job graph of every experiment that ships, against the one that was agreed to.

`pytest tests/workflow/test_golden.py --update-golden` writes it anew; commit the difference with
the change that caused it.
"""

import shutil
from pathlib import Path

import pytest
import yaml
from project import ROOT, Job, Project

GOLDEN = ROOT / "tests" / "golden"
DEMO = "config.yaml"
EXPERIMENTS = [DEMO, *sorted(p.name for p in ROOT.glob("resources/experiments/*.yaml"))]
STAND_INS = {
    "truthfulqa/TruthfulQA.csv": "facts.csv",
    "articles/xsum.jsonl": "news.jsonl",
    "articles/cnn.jsonl": "wire.jsonl",
    "summaries/xsum/claude-2.1.jsonl": "story-news.jsonl",
    "summaries/cnn/claude-2.1.jsonl": "story-wire.jsonl",
    "finetuning/em-unpop.jsonl": "em-unpop.jsonl",
}
"""Files of like form from resources/toy, in place of those that users bring along."""


def golden(experiment: str) -> Path:
    name = "demo" if experiment == DEMO else Path(experiment).stem
    return GOLDEN / f"{name}.txt"


def graph(jobs: list[Job]) -> str:
    """Each job with what it needs below it: other jobs, and files that no job makes."""
    makers = {path: job.name for job in jobs for path in job.outputs}
    lines = []
    for job in sorted(jobs, key=lambda job: job.name):
        needs = sorted({makers.get(path, path) for path in job.inputs})
        lines += [job.name, *(f"    {need}" for need in needs)]
    return "\n".join(lines) + "\n"


def with_stand_ins(project: Project, experiment: str) -> list[str]:
    """Puts the files in place that the experiment reads; the overlays to plan it with."""
    path = f"resources/experiments/{experiment}"
    sources = yaml.safe_load(project.text(path)).get("sources", {})
    brought = [name for name, source in sources.items() if "{data_dir}" in source.get("path", "")]
    for name in brought:
        place = sources[name]["path"].removeprefix("{data_dir}/")
        (project.folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project.folder / "resources/toy" / STAND_INS[place], project.folder / place)
    unpinned = {"sources": {name: {"sha256": None} for name in brought}}
    return [path, project.overlay("unpinned.yaml", unpinned)]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_job_graph_is_the_agreed_one(
    project: Project, tmp_path: Path, experiment: str, pytestconfig: pytest.Config
) -> None:
    copy = project.copy(tmp_path / "run")
    configs = [] if experiment == DEMO else with_stand_ins(copy, experiment)
    found = graph(copy.plan(configs=configs, forced=True))
    if pytestconfig.getoption("--update-golden"):
        golden(experiment).parent.mkdir(exist_ok=True)
        golden(experiment).write_text(found, encoding="utf-8")
    assert found.splitlines() == golden(experiment).read_text(encoding="utf-8").splitlines()


def test_every_experiment_has_its_graph_and_no_graph_is_left_over() -> None:
    assert len(EXPERIMENTS) >= 2
    assert set(GOLDEN.glob("*.txt")) == {golden(experiment) for experiment in EXPERIMENTS}


def test_the_graph_of_the_demo_holds_every_arm() -> None:
    settings = yaml.safe_load((ROOT / DEMO).read_text(encoding="utf-8"))
    chains = [chain for entry in settings["arms"] for chain in entry["chains"]]
    jobs = golden(DEMO).read_text(encoding="utf-8").splitlines()
    evaluated = [job for job in jobs if job.startswith("evaluate ")]
    assert len(evaluated) == 1 + (len(chains) - 1) * len(settings["seeds"])
