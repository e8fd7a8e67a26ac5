"""The job graph of every experiment that ships, against the one that was agreed to.

`pytest tests/workflow/test_golden.py --update-golden` writes it anew; commit the difference with
the change that caused it.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from project import ROOT, Job, Project

GOLDEN = ROOT / "tests" / "golden"
DEMO = "config.yaml"
EXPERIMENTS = [DEMO, *sorted(p.name for p in ROOT.glob("resources/experiments/*.yaml"))]
ONE_SEED = {"seeds": [0]}
"""Graphs of several seeds are as many times as long for nothing; so are those of several models."""


def first_model(experiment: str) -> dict[str, Any]:
    """One seed, and the first of the experiment's models, which has the most chains."""
    path = ROOT / "resources" / "experiments" / experiment
    return ONE_SEED | {"arms": yaml.safe_load(path.read_text(encoding="utf-8"))["arms"][:1]}


OVERLAYS: dict[str, dict[str, Any]] = {
    "controls.yaml": ONE_SEED,
    "gpt-4.1.yaml": ONE_SEED | {"budget": {"dollars": 1.0}},  # which the user has to state
    "persona.yaml": ONE_SEED,
    "self-awareness.yaml": first_model("self-awareness.yaml"),
    "self-model.yaml": first_model("self-model.yaml"),
    "sgtr-em.yaml": first_model("sgtr-em.yaml"),
    "system-prompts.yaml": ONE_SEED,
    "together.yaml": ONE_SEED,
    "workshop.yaml": ONE_SEED,
}


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


def overlay(experiment: str, folder: Path) -> list[str]:
    """What is laid over the experiment for its graph, if anything."""
    if experiment not in OVERLAYS:
        return []
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(OVERLAYS[experiment]), encoding="utf-8")
    return [str(path)]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_job_graph_is_the_agreed_one(
    project: Project, tmp_path: Path, experiment: str, pytestconfig: pytest.Config
) -> None:
    configs = [] if experiment == DEMO else [f"resources/experiments/{experiment}"]
    found = graph(project.plan(configs=[*configs, *overlay(experiment, tmp_path)], forced=True))
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
