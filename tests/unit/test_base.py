"""The script that records a base model."""

from pathlib import Path

from base import base

from mirrortest import manifest, sources
from mirrortest.canonical import canonical
from mirrortest.manifest import Manifest
from mirrortest.template import Template


def _recorded(folder: Path, out: Path, sha256: str) -> Manifest:
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
