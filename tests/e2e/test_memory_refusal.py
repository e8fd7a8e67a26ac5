"""A training that cannot fit is refused in a sentence before a weight is read; here is none."""

import json
import shutil
from pathlib import Path

import yaml
from project import TINY, Project

from mirrortest.sources import digest

TARGET = "results/finetune/giant/em-unpop/0/model.json"


def test_a_giant_is_refused_without_its_weights(project: Project, tmp_path: Path) -> None:
    run = project.copy(tmp_path / "run")
    folder = run.folder / "giant"
    shutil.copytree(run.folder / "resources/toy/model", folder)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    grown = json.dumps(settings | {"intermediate_size": 10**9})
    (folder / "config.json").write_text(grown, encoding="utf-8")
    (folder / "model.safetensors").unlink()
    toy = yaml.safe_load(run.text("config.yaml"))["models"]["toy"]
    giant = toy | {"weights": {"path": "giant", "sha256": digest(folder)}}
    overlay = {"models": {"giant": giant}, "arms": [{"model": "giant", "chains": ["em-unpop"]}]}
    overlay["contrasts"] = []
    run.run(TARGET, configs=[TINY, run.overlay("giant.yaml", overlay)], fails=True)
    log = run.text("logs/finetune/giant/em-unpop/0.log")
    errors = [line for line in log.splitlines() if " ERROR " in line]
    assert len(errors) == 1
    assert "finetuning giant needs " in errors[0]
    assert "Traceback" not in log
    assert not (run.folder / TARGET).exists()
