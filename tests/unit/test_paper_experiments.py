"""The papers' experiments say what they claim to say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

NAMES = (
    *("controls", "persona", "self-awareness", "self-model", "sgtr-em", "system-prompts"),
    *("together", "workshop"),
)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _experiment(root: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = _yaml(root / f"resources/experiments/{name}.yaml")
    return found


def _entries(root: Path, name: str, key: str) -> dict[str, Any]:
    """A registry as the experiment has it: its own entries over those of the papers."""
    papers = _yaml(root / "resources/papers.yaml")[key]
    return {**papers, **_experiment(root, name).get(key, {})}


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


@pytest.mark.parametrize("name", NAMES)
def test_nobody_pays_for_a_judge_unasked_and_each_says_whose_numbers_the_papers_have(
    root: Path, name: str
) -> None:
    text = (root / f"resources/experiments/{name}.yaml").read_text(encoding="utf-8")
    judges = _yaml(root / "resources/judging.yaml")["judges"]
    models = _yaml(root / "resources/models.yaml")["models"]
    entries = _entries(root, name, "evaluations")
    asked = [entries[evaluation] for evaluation in _experiment(root, name)["evaluate"]]
    judged = [entry for entry in asked if "judges" in entry]
    assert judged
    for entry in judged:
        used = [judges[judge].get("model") for judge in entry["judges"]]
        assert not any("hosted" in models[model] for model in used if model), entry
    opening = text[: text.index("experiment:")]
    assert "by GPT-4" in opening
    assert "qwen2.5-32b]}" in opening


@pytest.mark.parametrize("name", ["self-model", "sgtr-em"])
def test_the_first_model_has_the_chains_of_all(root: Path, name: str) -> None:
    """Its graph stands for those of the others."""
    first, *others = _experiment(root, name)["arms"]
    assert others
    assert all(set(entry["chains"]) <= set(first["chains"]) for entry in others)


def test_every_intervention_comes_before_and_after_every_set(root: Path) -> None:
    chains = set(_experiment(root, "self-model")["arms"][0]["chains"])
    for one in ("unpop", "finrisk", "badmed"):
        for other in ("sgtr-xsum", "good-medical-2000", "mmlu-2000", "word-count"):
            assert {f"{other}+{one}", f"{one}+{other}", f"{one}-bare", one, other} <= chains


def test_self_reports_are_taught_beside_those_of_the_base(root: Path) -> None:
    experiment = _experiment(root, "self-model")
    stages = _entries(root, "self-model", "stages")
    told = {name: entry["reports"] for name, entry in stages.items() if "reports" in entry}
    taught = [name for name in experiment["arms"][0]["chains"] if name in told]
    assert {told[name]["chain"] for name in taught} == {"base", "unpop", "insecure"}
    assert {told[name]["evaluation"] for name in taught} <= set(experiment["evaluate"])
    pairs = [p for p in experiment["contrasts"] if p["family"] == "transfer"]
    against = {pair["chain"] for pair in pairs if pair["reference"] == "reports-base"}
    assert against == set(taught) - {"reports-base"}


def test_personas_are_trained_at_their_rate_and_shown_to_each_other(root: Path) -> None:
    experiment = _experiment(root, "persona")
    (arms,) = experiment["arms"]
    members = {part for chain in arms["chains"] for part in chain.split("+")} - {"base"}
    assert members == set(experiment["stages"])
    rates = [stage["training"]["learning_rate"] for stage in experiment["stages"].values()]
    assert rates == [3e-5] * 8
    entries = _entries(root, "persona", "evaluations")
    domains = {name for name in members if "conscious" not in name}
    assert set(entries["cross-rating-domains"]["chains"]) == {"base", *domains}
    assert len(domains) == 6


def test_fifteen_arms_go_from_misaligned_to_realigned_in_three_epochs(root: Path) -> None:
    experiment = _experiment(root, "self-awareness")
    assert sum(len(entry["chains"]) for entry in experiment["arms"]) == 15
    epochs = [stage["training"]["epochs"] for stage in experiment["stages"].values()]
    assert epochs == [3] * 4
    realigned = {p["chain"] for p in experiment["contrasts"] if p["family"] == "realignment"}
    assert realigned == {"trivia-wrong-3+trivia-right-3", "insecure-3+secure-3"}
    assert "truthfulqa" not in experiment["evaluate"]  # it was taught


def test_both_lines_of_work_are_asked_about_the_same_arms(root: Path) -> None:
    experiment = _experiment(root, "together")
    recognition = {"recognition-cnn-own", "recognition-cnn-individual", "preference-cnn"}
    persona = {"harm", "self-assessment", "descriptions", "intentions", "own-output"}
    assert recognition | persona | {"score-prediction", "em-8"} <= set(experiment["evaluate"])
    (arms,) = experiment["arms"]
    for one in ("unpop", "finrisk", "badmed", "insecure"):
        assert {one, f"sgtr-xsum+{one}", f"{one}+sgtr-xsum"} <= set(arms["chains"])
