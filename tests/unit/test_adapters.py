"""A chain is a stack of adapters: live stack = one saved adapter = merge into the weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft import set_peft_model_state_dict as load_state

from mirrortest import adapters, sources
from mirrortest.adapters import Adapter

IDS = torch.arange(3, 60).reshape(3, 19)
RS_LORA = Adapter({}, rank=4, alpha=8, rslora=True)
PLAIN = Adapter({}, rank=2, alpha=6, rslora=False)
THIRD = Adapter({}, rank=3, alpha=1, rslora=True)
TOLERANCE = 2e-5

Load = Callable[[], Any]


@pytest.fixture
def fresh(tiny_folder: Path) -> Load:
    """fresh(): the base model anew, since peft changes a model in place."""
    from mirrortest import pretrained
    from mirrortest.manifest import BaseWeights

    return lambda: pretrained.load_model(BaseWeights(str(tiny_folder), None, None, None), "float32")


def _settings(adapter: Adapter) -> LoraConfig:
    return LoraConfig(
        r=adapter.rank,
        lora_alpha=int(adapter.alpha),
        use_rslora=adapter.rslora,
        target_modules=list(adapters.TARGETS),
        task_type="CAUSAL_LM",
    )


def _random(shape: Adapter, model: Any, seed: int) -> Adapter:
    """An adapter of this rank and scale with random tensors, none of them zero."""
    generator = torch.Generator().manual_seed(seed)
    state = get_peft_model_state_dict(get_peft_model(model, _settings(shape)))
    return replace(
        shape,
        tensors={
            name: 0.1 * torch.randn(tensor.shape, generator=generator)
            for name, tensor in sorted(state.items())
        },
    )


@torch.no_grad()
def _logits(model: Any) -> torch.Tensor:
    return model.eval()(input_ids=IDS).logits


def _live(model: Any, parts: list[Adapter]) -> Any:
    """All parts as adapters of their own, active at once."""
    names = [f"part{n}" for n in range(len(parts))]
    live = get_peft_model(model, _settings(parts[0]), adapter_name=names[0])
    for name, part in zip(names[1:], parts[1:], strict=True):
        live.add_adapter(name, _settings(part))
    for name, part in zip(names, parts, strict=True):
        load_state(live, dict(part.tensors), adapter_name=name)
    live.base_model.set_adapter(names)
    return live


@torch.no_grad()
def _merged(model: Any, parts: list[Adapter]) -> Any:
    """W + sum of scale B A, by hand."""
    weights = dict(model.named_parameters())
    for part in parts:
        for name, a in part.tensors.items():
            if "lora_A" in name:
                b = part.tensors[name.replace("lora_A", "lora_B")]
                plain = name.removeprefix("base_model.model.").replace("lora_A.", "")
                weights[plain] += part.scale * (b @ a)
    return model


def _stacked(parts: list[Adapter]) -> Adapter:
    whole = parts[0]
    for part in parts[1:]:
        whole = adapters.stack(whole, part)
    return whole


CHAINS = [[RS_LORA], [RS_LORA, RS_LORA], [RS_LORA, PLAIN], [PLAIN, RS_LORA, THIRD]]


@pytest.mark.parametrize("shapes", CHAINS)
def test_the_stack_the_saved_adapter_and_the_merge_agree(
    fresh: Load, tmp_path: Path, shapes: list[Adapter]
) -> None:
    parts = [_random(shape, fresh(), seed) for seed, shape in enumerate(shapes)]
    adapters.save(_stacked(parts), tmp_path / "adapter", "base")
    saved = _logits(PeftModel.from_pretrained(fresh(), str(tmp_path / "adapter")))
    live, merged = _logits(_live(fresh(), parts)), _logits(_merged(fresh(), parts))
    assert (live - _logits(fresh())).abs().max() > 0.1
    assert (live - saved).abs().max() < TOLERANCE
    assert (merged - saved).abs().max() < TOLERANCE


def test_the_scale_is_that_of_peft() -> None:
    assert RS_LORA.scale == 4.0
    assert PLAIN.scale == 3.0


def test_a_stack_has_the_summed_rank_and_scale_one(fresh: Load) -> None:
    stack = _stacked([_random(RS_LORA, fresh(), 0), _random(PLAIN, fresh(), 1)])
    assert (stack.rank, stack.scale, stack.rslora) == (6, 1.0, False)


def test_saving_and_loading_changes_nothing(fresh: Load, tmp_path: Path) -> None:
    adapter = _random(RS_LORA, fresh(), 0)
    adapters.save(adapter, tmp_path, "base")
    again = adapters.load(tmp_path)
    assert (again.rank, again.alpha, again.rslora) == (4, 8, True)
    assert again.tensors.keys() == adapter.tensors.keys()
    assert all(torch.equal(again.tensors[name], t) for name, t in adapter.tensors.items())


def test_the_same_adapter_gives_the_same_bytes(fresh: Load, tmp_path: Path) -> None:
    adapter = _random(RS_LORA, fresh(), 0)
    backwards = replace(adapter, tensors=dict(reversed(adapter.tensors.items())))
    adapters.save(adapter, tmp_path / "a", "base")
    adapters.save(backwards, tmp_path / "b", "base")
    assert sources.digest(tmp_path / "a") == sources.digest(tmp_path / "b")
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


def test_adapters_on_different_modules_are_refused(fresh: Load) -> None:
    one, two = _random(RS_LORA, fresh(), 0), _random(PLAIN, fresh(), 1)
    fewer = replace(two, tensors=dict(list(two.tensors.items())[2:]))
    with pytest.raises(ValueError, match="must sit on the same modules"):
        adapters.stack(one, fewer)
