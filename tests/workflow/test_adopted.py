"""Evaluation without training: an adapter that was made elsewhere, through Snakemake."""

import json
from pathlib import Path

import pytest
import torch
from project import TINY, Project

from mirrortest import adapters, adoption
from mirrortest.adapters import Adapter
from mirrortest.manifest import BaseWeights

CHAIN = {
    "arms": [{"model": "toy", "chains": ["base", "elsewhere"]}],
    "stages": {"elsewhere": {"adapter": {"path": "theirs-{seed}"}}},
    "seeds": [0],
    "evaluate": ["facts-toy"],
    "contrasts": [],
}
RECORD = "results/adopt/toy/elsewhere/0/model.json"


@pytest.fixture
def replication(project: Project, tmp_path: Path) -> tuple[Project, list[str]]:
    """The project with a random adapter over the toy; the overlays that evaluate it."""
    copy = project.copy(tmp_path / "run")
    base = BaseWeights(str(copy.folder / "resources/toy/model"), None, None, None)
    shapes = adoption.expected(base, 2)
    made = Adapter({name: torch.ones(shapes[name]) for name in shapes}, 2, 4, rslora=False)
    adapters.save(made, copy.folder / "theirs-0", "resources/toy/model")
    return copy, [TINY, copy.overlay("adopted.yaml", CHAIN)]


def test_nothing_is_trained_where_all_is_adopted(replication: tuple[Project, list[str]]) -> None:
    project, configs = replication
    jobs = [job.name for job in project.plan(configs=configs)]
    assert "adopt toy/elsewhere/0" in jobs
    assert "evaluate toy/elsewhere/0" in jobs
    assert not [job for job in jobs if job.startswith(("finetune", "dataset", "plot_training"))]


def test_the_arm_is_made_once_and_again_when_its_adapter_changes(
    replication: tuple[Project, list[str]],
) -> None:
    project, configs = replication
    project.run(RECORD, configs=configs)
    record = json.loads(project.text(RECORD))
    assert (record["outcome"], record["adopted"][0]["origin"]) == ("succeeded", "theirs-0")
    waiting = [job.name for job in project.plan(configs=configs)]
    assert "adopt toy/elsewhere/0" not in waiting
    settings = project.folder / "theirs-0/adapter_config.json"
    settings.write_text(settings.read_text().replace('"lora_alpha": 4', '"lora_alpha": 6'))
    assert "adopt toy/elsewhere/0" in [job.name for job in project.plan(configs=configs)]


def test_an_adapter_over_another_model_stops_with_a_sentence(
    replication: tuple[Project, list[str]],
) -> None:
    project, configs = replication
    settings = project.folder / "theirs-0/adapter_config.json"
    settings.write_text(settings.read_text().replace("resources/toy/model", "owner/other"))
    console = project.run(RECORD, configs=configs, fails=True)
    assert "was made on owner/other, not on resources/toy/model" in console
