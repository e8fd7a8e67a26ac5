"""The estimate of a training's memory, against the models' true sizes and what autograd keeps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Phi3Config, Qwen2Config

from mirrortest import batching, memory, training
from mirrortest.batching import Layout, Sequence
from mirrortest.distributed import ALONE
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights
from mirrortest.memory import GB, Architecture, Load, Training
from mirrortest.training import Hyperparameters

SHAPES: dict[str, dict[str, Any]] = {
    "0.5B": {"hidden_size": 896, "num_hidden_layers": 24, "num_attention_heads": 14}
    | {"num_key_value_heads": 2, "intermediate_size": 4864, "vocab_size": 151936}
    | {"tie_word_embeddings": True},
    "7B": {"hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28}
    | {"num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 152064},
    "32B": {"hidden_size": 5120, "num_hidden_layers": 64, "num_attention_heads": 40}
    | {"num_key_value_heads": 8, "intermediate_size": 27648, "vocab_size": 152064},
}
"""Of the models' own config.json."""
SMALL = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4} | {
    "num_key_value_heads": 2,
    "intermediate_size": 256,
    "vocab_size": 300,
}
RANK = 8
HYPER = Hyperparameters(RANK, 16, True, 0.01, 2, 0.01, 3, 2, 1.0)


def architecture(folder: Path, shape: dict[str, Any]) -> Architecture:
    """Of a folder that holds a config.json and no weights."""
    settings = Qwen2Config(**{"tie_word_embeddings": False} | shape)
    settings.architectures = ["Qwen2ForCausalLM"]
    settings.save_pretrained(folder)
    return memory.architecture(BaseWeights(str(folder), None, None, None))


def test_a_model_that_joins_layers_which_adapters_sit_on_is_refused(tmp_path: Path) -> None:
    sizes = SMALL | {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    Phi3Config(**sizes).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="has no layers q_proj, k_proj, v_proj, gate_proj, up_proj"):
        memory.architecture(BaseWeights(str(tmp_path), None, None, None))


@pytest.mark.parametrize(("name", "billions"), [("0.5B", 0.494), ("7B", 7.616), ("32B", 32.76)])
def test_the_size_of_real_models_is_known_without_their_weights(
    tmp_path: Path, name: str, billions: float
) -> None:
    model = architecture(tmp_path, SHAPES[name])
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]
    assert model.parameters / 1e9 == pytest.approx(billions, rel=1e-3)


def test_an_adapter_of_the_papers_rank_on_the_papers_model(tmp_path: Path) -> None:
    model = architecture(tmp_path, SHAPES["32B"])
    assert model.adapter(32) == 268_435_456
    assert len(model.projections) == 7 * 64


def test_the_papers_training_takes_one_large_gpu_and_no_small_one(tmp_path: Path) -> None:
    model = architecture(tmp_path, SHAPES["32B"])
    job = Training(model, "bfloat16", rank=32, below=32, optimizer="adamw", devices=1)
    estimate = job.estimate([Load(2048, 500)], checkpointing=True)
    assert estimate.weights / GB == pytest.approx(65.5, rel=0.01)
    assert estimate.adapters / GB == pytest.approx(0.268 * (20 + 4), rel=0.01)
    assert 0.9 * 80 < estimate.total / GB < 0.9 * 139
    four = replace(job, devices=4).estimate([Load(2048, 500)], checkpointing=True)
    assert four.total < 40 * GB


def _kept_by_autograd(model: Any, rows: list[Sequence]) -> int:
    """Bytes of what a forward pass keeps for the backward pass, weights left out."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        training._taught(model, rows)
    return sum(storage.nbytes() for place, storage in kept.items() if place not in weights)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_activations_are_estimated_within_three_percent(
    tmp_path: Path, dtype: str, checkpointing: bool
) -> None:
    found = architecture(tmp_path, SMALL)
    base: Any = AutoModelForCausalLM.from_config(Qwen2Config(**SMALL))
    base = base.to(getattr(torch, dtype)).requires_grad_(False)
    model = training.with_new_adapter(base, None, HYPER, seed=0)
    training._prepared(model, Layout(checkpointing=checkpointing), ALONE)
    rows = [Sequence([n] * 101, [False] * 91 + [True] * 10) for n in range(4)]
    job = Training(found, dtype, RANK, 0, "adamw", 1)
    width = getattr(torch, dtype).itemsize
    at_work = found.kept(RANK, width) * (2 if checkpointing else 1)
    estimate = job.estimate([Load(400, 40)], checkpointing).activations - 400 * at_work
    last_norm = 400 * 64 * 4
    kept = _kept_by_autograd(model, rows) - checkpointing * last_norm
    assert estimate == pytest.approx(kept, rel=0.03)


def test_what_branches_attend_to_again_is_counted(tmp_path: Path) -> None:
    """The estimate is for GPUs, where keys and values are repeated for every head: on a processor
    it is too high, never too low."""
    found = architecture(tmp_path, SMALL)
    model = training.with_new_adapter(
        AutoModelForCausalLM.from_config(Qwen2Config(**SMALL)).requires_grad_(False), None, HYPER, 0
    )
    rows = [Sequence([*range(60), n, n, n], [False] * 61 + [True] * 2) for n in range(8)]
    load = batching._load(rows)
    assert load == Load(60 + 8 * 2, 8 * 2, 7 * 60)
    roots = rows[:1] + [Sequence([100 + n] * 3, [False, True, True]) for n in range(7)]
    assert batching._load(roots) == replace(load, again=0)
    more = _kept_by_autograd(model, rows) - _kept_by_autograd(model, roots)
    job = Training(found, "float32", RANK, 0, "adamw", 1)
    both, alone = (
        job.estimate([each], checkpointing=False) for each in (load, replace(load, again=0))
    )
    assert 0 < more <= both.activations - alone.activations


def test_adapters_are_float32_on_a_bfloat16_model(tiny_folder: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.bfloat16)
    model = training.with_new_adapter(base.requires_grad_(False), None, HYPER, seed=0)
    types = {p.requires_grad: p.dtype for p in model.parameters()}
    assert types == {True: torch.float32, False: torch.bfloat16}


def test_the_worst_part_counts(tmp_path: Path) -> None:
    job = Training(architecture(tmp_path, SMALL), "float32", RANK, 0, "adamw", 1)
    loads = [Load(10, 5), Load(100, 5), Load(50, 50)]
    estimate = job.estimate(loads, checkpointing=False)
    assert estimate == job.estimate([Load(100, 5)], checkpointing=False)


def test_an_estimate_says_what_takes_the_memory() -> None:
    shown = str(memory.Estimate(65.5e9, 4.3e9, 8e9, 2.2e9))
    assert shown == "80.0 GB (weights 65.5, adapters 4.3, activations 8.0, logits 2.2)"


def test_the_machines_free_memory_is_seen() -> None:
    assert memory.free() > 1e8
