"""The papers' experiments say what they claim to say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

NAMES = ("controls", "sgtr-em", "system-prompts", "workshop")


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_system_prompts_of_the_same_length_are_so(root: Path) -> None:
    own = _yaml(root / "resources/models.yaml")["models"]["qwen2.5-32b"]["identity"]
    prompts = _yaml(root / "resources/experiments/system-prompts.yaml")["system_prompts"]
    for name in ("same-length", "invented", "paraphrase", "nonsense"):
        assert len(prompts[name].split()) == len(own.split()), name
    assert "Qwen" in prompts["paraphrase"]
    for name in sorted(set(prompts) - {"paraphrase"}):
        assert "Qwen" not in prompts[name], name


def test_every_system_prompt_is_trained_under_and_asked_under(root: Path) -> None:
    experiment = _yaml(root / "resources/experiments/system-prompts.yaml")
    kinds = {*experiment["system_prompts"], "bare"}
    chains = set(experiment["arms"][0]["chains"])
    for kind in kinds:
        assert {f"unpop-{kind}", f"sgtr-xsum-{kind}+unpop", f"unpop+sgtr-xsum-{kind}"} <= chains
        assert {f"truthfulqa-{kind}", f"recognition-cnn-base-{kind}"} <= set(experiment["evaluate"])


@pytest.mark.parametrize("name", NAMES)
def test_a_contrast_has_one_difference_and_each_trained_arm_is_in_one(
    root: Path, name: str
) -> None:
    experiment = _yaml(root / f"resources/experiments/{name}.yaml")
    chains = {chain for entry in experiment["arms"] for chain in entry["chains"]}
    contrasts = experiment["contrasts"]
    assert chains - {"base"} == {pair["chain"] for pair in contrasts} | (
        {pair["reference"] for pair in contrasts} - {"base"}
    )
    assert all(pair["chain"] != pair["reference"] for pair in contrasts)


@pytest.mark.parametrize("name", NAMES)
def test_each_opens_with_its_claims_and_uses_the_papers_words_and_seeds(
    root: Path, name: str
) -> None:
    text = (root / f"resources/experiments/{name}.yaml").read_text(encoding="utf-8")
    opening = text[: text.index("experiment:")]
    assert all(line.startswith("#") for line in opening.strip().splitlines())
    assert "#   1. " in opening
    assert "#   2. " in opening
    experiment = yaml.safe_load(text)
    assert experiment["wording"] == "paper"
    assert experiment["seeds"] == [0, 1, 2, 3, 4]
