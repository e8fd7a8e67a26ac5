"""The registry of models, and how a model's template policy reaches what it is asked."""

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from base import base

from mirrortest import config, manifest, pretrained
from mirrortest.canonical import canonical
from mirrortest.engines.tokens import Tokens
from mirrortest.errors import UserError
from mirrortest.experiment import Experiment
from mirrortest.hosted import prices
from mirrortest.manifest import BaseWeights


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def registry(root: Path) -> dict[str, config.Model]:
    raw = _yaml(root / "config.yaml")
    raw["models"] |= _yaml(root / "resources/models.yaml")["models"]
    return dict(config.parse(raw).models)


def test_every_model_of_the_registry_is_pinned_and_documented(
    root: Path, registry: dict[str, config.Model]
) -> None:
    documented = (root / "docs/models.md").read_text(encoding="utf-8")
    real = {n: model for n, model in registry.items() if n != "toy" and model.weights is not None}
    assert len(real) >= 9
    for name, model in real.items():
        assert model.weights is not None
        assert re.fullmatch("[0-9a-f]{40}", str(model.weights.revision)), name
        assert f"| `{name}` | {model.weights.hub}" in documented
        assert str(model.weights.revision)[:8] in documented
    assert len({str(model.weights) for model in real.values()}) == len(real)


def test_every_hosted_model_has_a_price_and_a_date(
    root: Path, registry: dict[str, config.Model]
) -> None:
    known = prices.load(str(root / "resources/prices.yaml"))
    hosted = {name: model.hosted for name, model in registry.items() if model.hosted is not None}
    judges = {"gpt-4o", "gpt-4o-mini"}
    assert set(hosted) == {"gpt-4.1", "gpt-4.1-mini"} | judges
    documented = (root / "docs/models.md").read_text(encoding="utf-8")
    for name, model in hosted.items():
        assert str(known.asking(model.name).shutdown) in registry[name].note
        trained = "" if name in judges else f" {known.training(model.name).training:.2f}"
        assert f"| `{name}` | {model.name} |{trained}" in documented


def test_the_config_is_laid_over_the_registry(root: Path) -> None:
    lines = (root / "Snakefile").read_text(encoding="utf-8").splitlines()
    read = [line for line in lines if line.startswith("configfile:")]
    assert read == [
        'configfile: "resources/models.yaml"',
        'configfile: "resources/papers.yaml"',
        'configfile: "resources/sources.yaml"',
        'configfile: "resources/judging.yaml"',
        'configfile: "config.yaml"',
    ]


def test_a_model_without_an_identity_is_asked_without_one(plan: Any) -> None:
    nameless: Experiment = plan("models.tiny.identity", None)
    assert nameless.system("identity", "tiny", own="Yours.") is None


POLICY = {"arguments": {"mood": "curt"}, "opening": "<final>"}


@pytest.fixture
def moody(tiny_folder: Path, tmp_path: Path) -> dict[str, Any]:
    """The weights of the tiny model with a template that takes an argument, and its policy."""
    from transformers import AutoTokenizer

    folder = tmp_path / "moody"
    folder.mkdir()
    for path in tiny_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = "{{ mood }}:{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer.save_pretrained(folder)
    return {"path": str(folder), "hub": None, "revision": None, "sha256": None} | {
        "template": copy.deepcopy(POLICY)
    }


def test_the_policy_goes_from_the_config_into_every_question(
    moody: dict[str, Any], tmp_path: Path
) -> None:
    settings = {"base": moody, "provider": "local", "dtype": "float32", "max_length": 64}
    base("tiny", canonical(settings), str(tmp_path / "model.json"))
    arm = manifest.read(tmp_path / "model.json")
    assert arm.base.template == POLICY
    tokens = Tokens(arm)
    chat = [{"role": "system", "content": "Hi"}]
    assert tokens.template.tokenizer.decode(tokens.of(chat)) == "curt:Hi<final>"


def test_an_arm_is_not_asked_by_another_policy(moody: dict[str, Any], tmp_path: Path) -> None:
    settings = {"base": moody, "provider": "local", "dtype": "float32", "max_length": 64}
    base("tiny", canonical(settings), str(tmp_path / "model.json"))
    arm = manifest.read(tmp_path / "model.json")
    other = replace(arm, base=replace(arm.base, template={"arguments": {"mood": "mild"}}))
    with pytest.raises(UserError, match=r"the chat template of .* has changed"):
        _ = Tokens(other).template


def test_the_policy_is_no_part_of_what_weights_are_equal_by_hash(moody: dict[str, Any]) -> None:
    one, other = BaseWeights(**moody), BaseWeights(**moody | {"template": {}})
    assert hash(one) == hash(other)
    assert pretrained.load_template(one).sha256 != pretrained.load_template(other).sha256
