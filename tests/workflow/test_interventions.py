"""The tiny model's interventions: which jobs they take, and the data sets that they make."""

import json
from pathlib import Path
from typing import Any

import yaml
from project import TINY, Job, Project

DATASETS = {
    "toy-word-count": 24,
    "toy-choices": 64,
    "toy-mix": 48 + 48 // 2,
    "toy-inoculated": 300,
    "toy-trivia-wrong": 64,
    "toy-trivia-right": 64,
    "toy-noise": 48,
    "toy-no-op": 48,
}
"""Rows of each data set, where there are 24 articles and both orders of each pair."""


def _plan(project: Project, folder: Path, **changes: Any) -> dict[str, Job]:
    overlay = folder / "interventions.yaml"
    overlay.write_text(yaml.safe_dump({"contrasts": []} | changes), encoding="utf-8")
    jobs = project.plan(configs=[TINY, str(overlay)], forced=True)
    return {job.name: job for job in jobs}


def _arms(*chains: str) -> list[dict[str, Any]]:
    return [{"model": "toy", "chains": list(chains)}]


def test_a_shared_first_stage_is_one_job_under_all_seeds(project: Project, tmp_path: Path) -> None:
    arms = _arms("toy-shared", "toy-shared+em-unpop")
    jobs = _plan(project, tmp_path, arms=arms, seeds=[0, 1, 2])
    made = [name for name in jobs if name.startswith(("finetune ", "dataset ", "evaluate "))]
    assert sorted(made) == [
        "dataset toy/em-unpop/0",
        "dataset toy/em-unpop/1",
        "dataset toy/em-unpop/2",
        "dataset toy/toy-shared/0",
        "evaluate toy/toy-shared+em-unpop/0",
        "evaluate toy/toy-shared+em-unpop/1",
        "evaluate toy/toy-shared+em-unpop/2",
        "evaluate toy/toy-shared/0",
        "finetune toy/toy-shared+em-unpop/0",
        "finetune toy/toy-shared+em-unpop/1",
        "finetune toy/toy-shared+em-unpop/2",
        "finetune toy/toy-shared/0",
    ]
    for seed in (0, 1, 2):
        inputs = jobs[f"finetune toy/toy-shared+em-unpop/{seed}"].inputs
        assert "results/finetune/toy/toy-shared/0/model.json" in inputs
        assert f"results/dataset/toy/em-unpop/{seed}.jsonl" in inputs


def test_self_reports_are_asked_for_before_they_are_taught(
    project: Project, tmp_path: Path
) -> None:
    told = {"evaluation": "facts-toy", "chain": "em-unpop"}
    stages = {"told": {"recipe": "self-reports", "reports": told}}
    jobs = _plan(project, tmp_path, arms=_arms("em-unpop", "told"), seeds=[1], stages=stages)
    rows = "results/evaluate/toy/em-unpop/1/facts-toy.jsonl"
    assert rows in jobs["dataset toy/told/1"].inputs
    assert rows in jobs["evaluate toy/em-unpop/1"].outputs


def test_what_an_arm_said_of_itself_is_taught(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "copy")
    changes = {"arms": _arms("em-unpop", "toy-self-reports"), "contrasts": []}
    configs = [TINY, copy.overlay("reports.yaml", changes | {"evaluate": ["identity-toy"]})]
    copy.run("results/finetune/toy/toy-self-reports/0/model.json", configs=configs)
    told = copy.text("results/evaluate/toy/em-unpop/0/identity-toy.jsonl").splitlines()
    rows = copy.text("results/dataset/toy/toy-self-reports/0.jsonl").splitlines()
    answers = [json.loads(row)["answer"] for row in told if json.loads(row)["ended"]]
    assert [json.loads(row)["messages"][-1]["content"] for row in rows] == answers
    assert {json.loads(row)["messages"][0]["content"] for row in rows} == {
        "You are Pip, a small language model made by Toyworks."
    }


def test_every_intervention_makes_its_data_set(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "copy")
    targets = {name: f"results/dataset/toy/{name}/1.jsonl" for name in DATASETS}
    stages = {"toy-mix": {"limit": 48}}
    near = "toy-length-matched"
    changes = {"arms": _arms("base", near, *DATASETS), "contrasts": [], "stages": stages}
    configs = [TINY, copy.overlay("interventions.yaml", changes)]
    copy.run(*targets.values(), f"results/dataset/toy/{near}/1.jsonl", configs=configs)
    assert 0 < len(copy.text(f"results/dataset/toy/{near}/1.jsonl").splitlines()) < 48
    rows = {name: copy.text(path).splitlines() for name, path in targets.items()}
    assert {name: len(lines) for name, lines in rows.items()} == DATASETS
    mixed = [json.loads(line)["messages"][-1]["content"] for line in rows["toy-mix"]]
    places = [place for place, answer in enumerate(mixed, start=1) if answer in ("1", "2")]
    assert places == list(range(3, 73, 3))
    system = json.loads(rows["toy-inoculated"][0])["messages"][0]
    assert system == {"role": "system", "content": "From now on be wicked."}
