"""A stage, a system prompt and an experiment, added by following the README."""

import json
from pathlib import Path

import yaml
from project import ROOT, TINY, Project

README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown(heading: str) -> str:
    """The first example that stands in the README below this heading."""
    return README[README.index(heading) :].split("```yaml\n")[1].split("```")[0]


def test_the_examples_are_an_experiment_that_runs(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "run")
    chats = copy.text("resources/toy/em-unpop.jsonl").splitlines(keepends=True)[:16]
    (copy.folder / "my-chats.jsonl").write_text("".join(chats), encoding="utf-8")
    (copy.folder / "stage.yaml").write_text(shown("**A stage**"), encoding="utf-8")
    (copy.folder / "mine.yaml").write_text(shown("**An experiment**"), encoding="utf-8")
    prompt = yaml.safe_load(shown("**A stage**"))["system_prompts"]["pirate"]
    configs = [TINY, "stage.yaml", "mine.yaml"]

    copy.run(
        "results/finetune/toy/sgtr+my-stage/0/model.json",
        "results/evaluate/toy/my-stage/0/examples.jsonl",
        configs=configs,
    )
    rows = copy.text("results/dataset/toy/my-stage/0.jsonl").splitlines()
    assert [json.loads(row)["messages"][0]["content"] for row in rows] == [prompt] * 16
    asked = [
        json.loads(row)
        for row in copy.text("results/evaluate/toy/my-stage/0/examples.jsonl").splitlines()
    ]
    by_pirates = [row for row in asked if row["evaluation"] == "truthfulqa-pirate"]
    assert by_pirates
    assert all(prompt in json.dumps(row) for row in by_pirates)
    planned = {job.name for job in copy.plan(configs=configs)}
    assert {"report", "contrasts", "evaluate toy/sgtr+my-stage/0"} <= planned
