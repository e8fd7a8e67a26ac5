"""What lies between two stages: our stack of adapters, or weights that the first is merged into.

Megabytes written by the first stage, seconds until the second could take its first step, and what
the model says there: the second begins where the first ended, by either way.
"""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from benchmarks.comparison import Comparison, Took, agreeing, in_turn
from benchmarks.training_side import SEED, hyperparameters
from mirrortest import adapters, pretrained, training
from mirrortest.manifest import Manifest

HYPER = hyperparameters(4)
GOAL_SECONDS, GOAL_BYTES = 10.0, 50.0
TOLERANCE = 1e-3
"""Nats; one side adds the adapter's part to the weights, the other to what they give."""
PROMPT = range(100, 164)
LEARNT = 0.01
"""The standard deviation of B: a new adapter's is nought, and there would be nothing to merge."""


def compared(manifest: Manifest, folder: Path, repetitions: int) -> list[Comparison]:
    """Time and bytes between the stages. Raises DifferentError."""
    first = first_stage(manifest)
    took = in_turn(
        {
            "ours": partial(between, folder / "stack", partial(stack, first, manifest)),
            "merged": partial(between, folder / "merged", partial(merge, first, manifest)),
        },
        repetitions,
    )
    named = ("from stage to stage", "merged weights", "one chain", GOAL_SECONDS)
    line = Comparison(*named, took["ours"], took["merged"])
    return [agreeing(line, TOLERANCE), line.of("written_mb", GOAL_BYTES)]


def first_stage(manifest: Manifest) -> Any:
    """The base with the adapter of a first stage, as its training leaves it."""
    base = pretrained.load_model(manifest.base, manifest.dtype)
    model = training.with_new_adapter(base, None, HYPER, SEED)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=LEARNT)
    return model


def between(out: Path, pass_on: Callable[[Path], Any]) -> Took:
    """pass_on: writes the first stage below a folder, and gives the second, ready to train."""
    shutil.rmtree(out, ignore_errors=True)
    begun = time.perf_counter()
    second = pass_on(out)
    seconds = time.perf_counter() - begun
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    said = _said(second)
    shutil.rmtree(out)
    return Took(seconds, said, written_mb=size / 1e6)


@torch.inference_mode()
def _said(model: Any) -> list[float]:
    logits = model(input_ids=torch.tensor([list(PROMPT)])).logits
    found: list[float] = logits[0, -1].log_softmax(dim=-1).tolist()
    return found


def stack(first: Any, manifest: Manifest, out: Path) -> Any:
    """The first adapter as a file, and the base with it and a new one."""
    adapters.save(training.trained_adapter(first, HYPER), out, manifest.base.location)
    base = pretrained.load_model(manifest.base, manifest.dtype)
    return training.with_new_adapter(base, out, HYPER, SEED)


def merge(first: Any, manifest: Manifest, out: Path) -> Any:
    """The first adapter merged into weights as a file, and these with a new one."""
    adapters.save(training.trained_adapter(first, HYPER), out / "adapter", manifest.base.location)
    base = AutoModelForCausalLM.from_pretrained(manifest.base.location)
    merged = PeftModel.from_pretrained(base, str(out / "adapter")).merge_and_unload()
    merged.save_pretrained(out / "model")
    second = AutoModelForCausalLM.from_pretrained(out / "model")
    return training.with_new_adapter(second, None, HYPER, SEED)
