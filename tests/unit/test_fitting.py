"""A bad adapter costs one sentence, before any engine is given it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict

from mirrortest import adapters, sources
from mirrortest.adapters import SETTINGS, WEIGHTS, Adapter
from mirrortest.engines.fitting import checked_rank, room_for
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

Said = Callable[..., Manifest]


@pytest.fixture
def adapter(tiny: Any) -> Adapter:
    """A good adapter of rank 4."""
    settings = LoraConfig(r=4, target_modules=list(adapters.TARGETS), task_type="CAUSAL_LM")
    tensors = get_peft_model_state_dict(get_peft_model(tiny, settings))
    return Adapter(dict(tensors), rank=4, alpha=4, rslora=False)


@pytest.fixture
def arm(tiny_arm: Manifest, adapter: Adapter, tmp_path: Path) -> Manifest:
    """An arm with a good adapter."""
    adapters.save(adapter, tmp_path / "adapter", "base")
    return replace(tiny_arm, chain="sgtr", adapter=str(tmp_path / "adapter"))


@pytest.fixture
def said(arm: Manifest) -> Said:
    """said(key=value): the arm whose adapter_config.json says these things too."""

    def changed(**settings: Any) -> Manifest:
        path = Path(str(arm.adapter)) / SETTINGS
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), "utf-8")
        return arm

    return changed


def _saved(arm: Manifest, adapter: Adapter) -> Manifest:
    adapters.save(adapter, Path(str(arm.adapter)), "base")
    return arm


def test_a_good_adapter_fits_and_its_rank_is_known(arm: Manifest) -> None:
    assert checked_rank(arm) == 4


def test_a_base_needs_no_room(tiny_arm: Manifest) -> None:
    assert checked_rank(tiny_arm) == 0


def test_a_stack_has_the_summed_rank(arm: Manifest, adapter: Adapter) -> None:
    assert checked_rank(_saved(arm, adapters.stack(adapter, adapter))) == 8


@pytest.mark.parametrize(("rank", "room"), [(1, 1), (4, 8), (24, 32), (64, 64), (257, 320)])
def test_room_is_the_next_rank_that_vllm_allows(rank: int, room: int) -> None:
    assert room_for(rank) == room


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"use_dora": True}, "is a DoRA adapter, which vLLM cannot serve; ask this arm by"),
        ({"bias": "all"}, "trains biases, which vLLM"),
        ({"lora_bias": True}, "trains biases, which vLLM"),
        ({"modules_to_save": ["lm_head"]}, r"replaces whole modules \(lm_head\), which vLLM"),
        ({"peft_type": "IA3"}, "is of the kind IA3, which vLLM"),
        ({"r": 8}, "states the rank 8, but its tensors have 4"),
    ],
)
def test_what_cannot_be_served_is_refused(
    said: Said, settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        checked_rank(said(**settings))


def test_a_rank_of_single_modules_counts(said: Said, adapter: Adapter) -> None:
    arm = said(r=2, rank_pattern={"q_proj": 4})
    assert checked_rank(arm) == 4


@pytest.mark.parametrize("name", [SETTINGS, WEIGHTS])
def test_a_missing_file_is_named(arm: Manifest, name: str) -> None:
    (Path(str(arm.adapter)) / name).unlink()
    with pytest.raises(UserError, match=f"lacks its file {name}; restore the folder"):
        checked_rank(arm)


@pytest.mark.parametrize(
    ("name", "sentence"), [(SETTINGS, "is not JSON"), (WEIGHTS, "cannot be read")]
)
def test_a_broken_file_is_named(arm: Manifest, name: str, sentence: str) -> None:
    (Path(str(arm.adapter)) / name).write_text("torn", encoding="utf-8")
    with pytest.raises(UserError, match=f"{name} {sentence}"):
        checked_rank(arm)


def test_an_adapter_of_another_width_is_refused(arm: Manifest, adapter: Adapter) -> None:
    wide = {n: torch.cat([t, t], 1) if "lora_A" in n else t for n, t in adapter.tensors.items()}
    with pytest.raises(UserError, match=r"is not one of .* in the model, 4 x \d+ its part A"):
        checked_rank(_saved(arm, replace(adapter, tensors=wide)))


def test_an_adapter_of_a_deeper_model_is_refused(arm: Manifest, adapter: Adapter) -> None:
    deeper = {n.replace("layers.1", "layers.7"): t for n, t in adapter.tensors.items()}
    with pytest.raises(UserError, match=r"no linear layer for its tensor .*layers\.7"):
        checked_rank(_saved(arm, replace(adapter, tensors=deeper)))


def test_a_rank_beyond_vllm_is_refused(arm: Manifest, adapter: Adapter) -> None:
    high = {
        n: t.repeat((150, 1) if "lora_A" in n else (1, 150)) for n, t in adapter.tensors.items()
    }
    with pytest.raises(UserError, match="has the rank 600, and vLLM serves up to 512"):
        checked_rank(_saved(arm, Adapter(high, 600, alpha=600, rslora=False)))


def test_an_adapter_that_was_exchanged_is_refused(arm: Manifest, adapter: Adapter) -> None:
    recorded = replace(arm, adapter_sha256=sources.digest(str(arm.adapter)))
    assert checked_rank(recorded) == 4
    _saved(recorded, replace(adapter, alpha=16))
    with pytest.raises(UserError, match="is not the one that tiny/sgtr was recorded with"):
        checked_rank(recorded)
