"""What lies between two stages: our stack of adapters, or weights that the first is merged into.

Bytes written by the first stage, and seconds until the second could take its first step.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import AutoModelForCausalLM

from benchmarks.comparison import Comparison, Took, in_turn
from benchmarks.training_side import SEED, hyperparameters
from mirrortest import adapters, pretrained, training
from mirrortest.manifest import Manifest

HYPER = hyperparameters(4)
GOAL_SECONDS, GOAL_BYTES = 10.0, 50.0


def compared(manifest: Manifest, folder: Path, repetitions: int) -> list[Comparison]:
    """Time and bytes between the stages. results of a run: the bytes."""
    first = _first_stage(manifest)
    runs: dict[str, Callable[[], Took]] = {
        "ours": lambda: _between(folder / "stack", lambda out: _stack(first, manifest, out)),
        "merged": lambda: _between(folder / "merged", lambda out: _merge(first, manifest, out)),
    }
    took = in_turn(runs, repetitions)
    sizes = {side: [_as_size(one) for one in runs] for side, runs in took.items()}
    against = "merged weights"
    return [
        Comparison(
            "from stage to stage, time",
            against,
            "one chain",
            GOAL_SECONDS,
            took["ours"],
            took["merged"],
        ),
        Comparison(
            "from stage to stage, MB",
            against,
            "one chain",
            GOAL_BYTES,
            sizes["ours"],
            sizes["merged"],
        ),
    ]


def _as_size(took: Took) -> Took:
    return Took(took.results[0] / 1e6, took.results)


def _first_stage(manifest: Manifest) -> Any:
    """The base with the adapter of a first stage, as its training leaves it."""
    return training.with_new_adapter(
        pretrained.load_model(manifest.base, manifest.dtype), None, HYPER, SEED
    )


def _between(out: Path, pass_on: Callable[[Path], None]) -> Took:
    shutil.rmtree(out, ignore_errors=True)
    begun = time.perf_counter()
    pass_on(out)
    seconds = time.perf_counter() - begun
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    shutil.rmtree(out)
    return Took(seconds, [float(size)])


def _stack(first: Any, manifest: Manifest, out: Path) -> None:
    adapters.save(training.trained_adapter(first, HYPER), out, manifest.base.location)
    base = pretrained.load_model(manifest.base, manifest.dtype)
    training.with_new_adapter(base, out, HYPER, SEED)


def _merge(first: Any, manifest: Manifest, out: Path) -> None:
    adapters.save(training.trained_adapter(first, HYPER), out / "adapter", manifest.base.location)
    base = AutoModelForCausalLM.from_pretrained(manifest.base.location)
    merged = PeftModel.from_pretrained(base, str(out / "adapter")).merge_and_unload()
    merged.save_pretrained(out / "model")
    second = AutoModelForCausalLM.from_pretrained(out / "model")
    training.with_new_adapter(second, None, HYPER, SEED)
