"""How fast jobs pass through tokens: as earlier ones of the same rule and model did, or assumed.

A token that is written counts as many that are read: reading is bound by arithmetic, writing by
memory, since all weights pass through the GPU for each token of a batch.
"""

import json
import statistics
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mirrortest.workload import Work

FOLDER = Path("state/throughput")
LOOKED_AT = 20
"""Measurements of a rule and model that are read: enough for a median, few enough to be quick."""
WRITTEN = 20.0
FLOPS = 50e12
"""ASSUME 50 TFLOP/s on a GPU. One A100 trains LoRA on Qwen-7B, 8 rows a step, at 1.2 s for rows of
256 tokens and 2.8 s for 1024 (README of QwenLM/Qwen): 79 and 135, counted as here."""
PASSES = {"finetune": 6, "summarise": 2, "evaluate": 2, "reflect": 2, "judge": 2, "activations": 2}
"""Operations per parameter and token: a forward pass takes 2, training computes it twice and goes
back through frozen weights once."""


class Throughput(NamedTuple):
    """Tokens a second on each GPU, and whether that was measured."""

    tokens: float
    measured: bool


def tokens(work: Work) -> float:
    """The work in tokens that are read."""
    return work.read + WRITTEN * work.written


def of(rule: str, model: str, billions: float) -> Throughput:
    """The median of what was measured, else what the assumed operations a second allow."""
    found = [_rate(path) for path in islice(FOLDER.glob(f"{rule}/{model}/**/*.json"), LOOKED_AT)]
    if found:
        return Throughput(statistics.median(found), True)
    return Throughput(FLOPS / (PASSES[rule] * billions * 1e9), False)


def _rate(path: Path) -> float:
    kept = json.loads(path.read_text(encoding="utf-8"))
    done = tokens(Work(0, kept["read"], kept["written"]))
    return float(done / kept["seconds"] / max(kept["gpus"], 1))
