"""Conda and pip install the same."""

from pathlib import Path

import pytest
import yaml


def _pins(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [pin for line in lines if line for pin in _pin(path, line)]


def _pin(path: Path, line: str) -> list[str]:
    included = line.removeprefix("-r ")
    return [line] if included == line else _pins(path.parent / included)


ENVIRONMENTS = ["embed", "fetch", "hosted", "report", "torch", "vllm"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_has_the_pins_of_its_requirements(root: Path, name: str) -> None:
    environment = yaml.safe_load((root / f"envs/{name}.yaml").read_text(encoding="utf-8"))
    assert environment["dependencies"][-1]["pip"] == _pins(root / f"requirements/{name}.txt")


def test_every_environment_is_compared(root: Path) -> None:
    assert sorted(path.stem for path in (root / "envs").glob("*.yaml")) == ENVIRONMENTS
