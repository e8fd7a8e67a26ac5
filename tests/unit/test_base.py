"""The script that records a base model."""

import shutil
from pathlib import Path

from base import base

from mirrortest import manifest, sources
from mirrortest.canonical import canonical
from mirrortest.manifest import Manifest
from mirrortest.template import Template


def _recorded(folder: Path, out: Path, sha256: str | None = None) -> Manifest:
    weights = {"path": str(folder), "hub": None, "revision": None, "sha256": sha256}
    spec = {"base": weights, "provider": "local", "dtype": "float32", "max_length": 64}
    base("tiny", canonical(spec), str(out))
    return manifest.read(out)


def test_the_base_is_an_arm_without_training(
    tiny_folder: Path, template: Template, tmp_path: Path
) -> None:
    arm = _recorded(tiny_folder, tmp_path / "model.json", sources.digest(tiny_folder))
    assert (arm.model, arm.chain, arm.seed, arm.outcome) == ("tiny", "base", 0, "base")
    assert (arm.adapter, arm.stages, arm.max_length) == (None, [], 64)
    assert arm.template_sha256 == template.sha256


def test_unpinned_weights_that_change_are_another_arm(tiny_folder: Path, tmp_path: Path) -> None:
    """Else the journal would answer for a model that was trained anew."""
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    before = _recorded(folder, tmp_path / "before.json")
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    assert _recorded(folder, tmp_path / "after.json").fingerprint != before.fingerprint
