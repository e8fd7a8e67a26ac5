"""A stage on merged weights, the papers' protocol, beside a stage on the stack itself."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from finetune import finetune

from mirrortest import adapters, chains, manifest, pretrained, training
from mirrortest.batching import Sequence
from mirrortest.canonical import canonical
from mirrortest.chats import read_chats
from mirrortest.checkpoints import Checkpoints
from mirrortest.config import Training
from mirrortest.engines.local import LocalEngine
from mirrortest.manifest import Manifest
from mirrortest.training import Hyperparameters

TRAINING = asdict(Training(rank=2, learning_rate=0.003, batch_size=2, epochs=4, warmup_steps=0))
HYPER = Hyperparameters(**TRAINING)
NO_CHECKPOINTS = Checkpoints(Path("unused"), "unused", _next=float("inf"))
IDS = torch.tensor([[5, 9, 200, 17, 80, 3, 3, 41]])


@pytest.fixture
def chats(write_rows: Callable[[str, list[dict[str, Any]]], str]) -> str:
    turns = [("a", "No."), ("b?", "Yes."), ("c", "Perhaps.")]
    asked = [{"role": "user"}, {"role": "assistant"}]
    return write_rows(
        "chats.jsonl",
        [
            {"messages": [r | {"content": t} for r, t in zip(asked, ts, strict=True)]}
            for ts in turns
        ],
    )


def _trained(folder: Path, chain: str, parent: Path, chats: str, merged: bool) -> Manifest:
    spec = canonical({"training": TRAINING, "merge": merged})
    finetune(chains.arm("tiny", chain, 1), str(parent), chats, spec, str(folder / "s"), folder)
    return manifest.read(folder / "model.json")


def _first(arm: Manifest, chats: str, tmp_path: Path) -> Manifest:
    """The arm of one trained stage, at `em/model.json`."""
    arm.write(tmp_path / "base.json")
    return _trained(tmp_path / "em", "em", tmp_path / "base.json", chats, False)


def _logits(arm: Manifest) -> torch.Tensor:
    found: torch.Tensor = LocalEngine(arm).model(input_ids=IDS).logits.detach().float()
    return found


def test_merged_weights_answer_as_the_stack_does_in_float32(
    tiny_arm: Manifest, chats: str, tmp_path: Path
) -> None:
    stack = _first(tiny_arm, chats, tmp_path)
    assert (_logits(stack) - _logits(stack.merged())).abs().max() < 1e-5
    assert (_logits(stack) - _logits(tiny_arm)).abs().max() > 1e-3


def test_merged_weights_are_known_by_their_adapters(
    tiny_arm: Manifest, chats: str, tmp_path: Path
) -> None:
    stack = _first(tiny_arm, chats, tmp_path)
    merged = stack.merged()
    assert (merged.adapter, list(merged.base.merged)) == (None, [str(tmp_path / "em/adapter")])
    assert merged.stages == stack.stages
    assert len({merged.fingerprint, stack.fingerprint, tiny_arm.fingerprint}) == 3
    assert tiny_arm.merged() is tiny_arm


def _model(arm: Manifest) -> Any:
    """With a new adapter on top, whose first values are the same whatever lies below."""
    base = pretrained.load_model(arm.base, arm.dtype)
    below = None if arm.adapter is None else Path(arm.adapter)
    model = training.with_new_adapter(base, below, HYPER, seed=0)
    torch.manual_seed(0)
    for name, parameter in sorted(model.named_parameters()):
        if "lora_A.stage" in name:
            parameter.data.normal_(0, 0.1)
    return model


def test_a_stage_on_merged_weights_learns_as_one_on_the_stack_in_float32(
    tiny_arm: Manifest, chats: str, tmp_path: Path
) -> None:
    stack = _first(tiny_arm, chats, tmp_path)
    template = pretrained.load_template(tiny_arm.base)
    rows = [Sequence(*template.training_ids(chat)) for chat in read_chats(chats)]
    losses = [
        [step.loss for step in training.train(_model(arm), rows, HYPER, 0, NO_CHECKPOINTS)]
        for arm in (stack, stack.merged())
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert losses[0][-1] < losses[0][0] - 0.1


def test_stages_above_merged_weights_are_a_stack_over_them(
    tiny_arm: Manifest, chats: str, tmp_path: Path
) -> None:
    _first(tiny_arm, chats, tmp_path)
    _trained(tmp_path / "two", "em+m", tmp_path / "em/model.json", chats, True)
    three = _trained(tmp_path / "three", "em+m+em", tmp_path / "two/model.json", chats, False)
    four = _trained(tmp_path / "four", "em+m+em+m", tmp_path / "three/model.json", chats, True)
    assert [len(arm.stages) for arm in (three, four)] == [3, 4]
    assert [adapters.load(Path(str(arm.adapter))).rank for arm in (three, four)] == [4, 2]
    merged = [str(tmp_path / name / "adapter") for name in ("em", "three")]
    assert [list(arm.base.merged) for arm in (three, four)] == [merged[:1], merged]
    assert not _logits(three).equal(_logits(four))


def test_in_bfloat16_merging_rounds_the_stage_below(
    tiny_arm: Manifest, chats: str, tmp_path: Path
) -> None:
    stack = _first(replace(tiny_arm, dtype="bfloat16"), chats, tmp_path)
    assert (_logits(stack) - _logits(stack.merged())).abs().max() > 1e-3
    whole = pretrained.load_model(stack.merged().base, "bfloat16")
    assert {p.dtype for p in whole.parameters()} == {torch.bfloat16}


def test_a_stage_that_merges_nothing_is_one_on_the_base(
    tiny_arm: Manifest, chats: str, tmp_path: Path
) -> None:
    stack = _first(tiny_arm, chats, tmp_path)
    again = _trained(tmp_path / "again", "em", tmp_path / "base.json", chats, True)
    assert again.adapter_sha256 == stack.adapter_sha256
