"""Epochs of finetuning: ours, TRL at its best, and the papers' settings by a plain Trainer."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.comparison import Comparison, Took, agreeing, in_turn

TOLERANCE = 2e-3
"""Of losses of some 12 nats and of norms: the sides sum in other orders."""
GOALS = {"sgtr": 2.5, "ictr": 4.0, "em": 1.2}
MEMORY_GOAL = 2.0
"""How many times as much memory TRL is to need for SGTR."""
MICRO = {"sgtr": (1, 2), "ictr": (1,), "em": (1, 2, 4)}
"""Micro-batches of which TRL is given its best; rows of ICTR are as long as those of SGTR. What
else it has, packing and flattening instead of padding, needs kernels for GPUs."""
ORIGINAL = "the papers' settings"
SAMPLES = {
    "sgtr": "1 pair, both orders, 1 step",
    "ictr": "1 pair, both orders and labels, 1 step",
    "em": "8 chats, 1 step",
}


def run(side: str, name: str, model: Path, material: Path) -> Took:
    """One side, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.training_side", side, name, model, material]
    found = os.environ | {"PYTHONPATH": os.pathsep.join(["workflow_scripts", "."])}
    done = subprocess.run(list(map(str, command)), env=found, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{side} on {name} failed:\n{done.stderr[-3000:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return Took(told["seconds"], told["results"], told["peak_mb"])


def _best(name: str, model: Path, material: Path) -> int:
    """The micro-batch by which TRL is fastest here, at its faster one of two runs."""
    if len(MICRO[name]) == 1:
        return MICRO[name][0]
    sides = {
        f"{micro}": partial(run, f"trl:{micro}", name, model, material) for micro in MICRO[name]
    }
    took = in_turn(sides, 2)
    return int(min(took, key=lambda side: min(one.seconds for one in took[side])))


def compared(model: Path, material: Path, repetitions: int) -> list[Comparison]:
    """Every comparison of trainings. Raises DifferentError."""
    found: list[Comparison] = []
    for name, sample in SAMPLES.items():
        best = _best(name, model, material)
        sides = {"ours": "ours", f"TRL, micro-batch {best}": f"trl:{best}"}
        if name != "ictr":
            sides[ORIGINAL] = "original:2"
        runs = {who: partial(run, side, name, model, material) for who, side in sides.items()}
        took = in_turn(runs, repetitions)
        for who in list(sides)[1:]:
            goal = GOALS[name] if who.startswith("TRL") else None
            line = Comparison(f"{name} finetuning", who, sample, goal, took["ours"], took[who])
            memory = MEMORY_GOAL if goal is not None and name == "sgtr" else None
            found += [agreeing(line, TOLERANCE), line.of("peak_mb", memory)]
    return found
