"""One training by one process and by two, which share rows and weights: the same to rounding."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from mirrortest import distributed
from mirrortest.distributed import ALONE

PROGRAM = """
import json, sys
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM
from mirrortest import batching, distributed, training
from mirrortest.batching import Layout, Sequence
from mirrortest.checkpoints import Checkpoints
from mirrortest.training import Hyperparameters

folder, out, state = map(Path, sys.argv[1:4])
size, checkpointing, stop = int(sys.argv[4]), sys.argv[5] == "True", int(sys.argv[6])
HYPER = Hyperparameters(4, 8, True, 0.01, 2, 0.01, 5, 2, 1.0)
ROWS = [Sequence(list(range(3, 3 + n)), [False] * 5 + [True] * (n - 5)) for n in range(8, 40, 3)]

class Kept(Checkpoints):
    def save_if_due(self, snapshot):
        self._next = 0.0
        super().save_if_due(snapshot)
        if len(snapshot().history) == stop:
            (out.parent / "saved").touch()
            import time
            time.sleep(60)

with distributed.processes(size) as group:
    base = AutoModelForCausalLM.from_pretrained(folder).requires_grad_(False)
    model = training.with_new_adapter(base, None, HYPER, seed=0)
    layout, checkpoints = Layout(60, checkpointing), Kept(state, "job")
    history = training.train(model, ROWS, HYPER, 0, checkpoints, layout, group)
    weight = model.get_base_model().get_decoder().layers[0].mlp.up_proj.base_layer.weight
    least = group.least(3.0 - group.rank)
    local = getattr(weight, "_local_tensor", weight)
    if group.first:
        adapter = training.trained_adapter(model, HYPER)
        torch.save(dict(adapter.tensors), out)
        shown = {"losses": [step.loss for step in history], "held": local.numel() / weight.numel()}
        shown["least"] = least
        print(json.dumps(shown | {"norms": [step.grad_norm for step in history]}))
"""
SCRIPTS = str(Path(__file__).parents[2] / "workflow_scripts")


def _start(tiny: Path, out: Path, *how: Any) -> "subprocess.Popen[str]":
    """The training by some processes; how: their number, checkpointing, the step to stop at."""
    arguments = [str(tiny), str(out), str(out.parent / "state"), *map(str, how)]
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *arguments]
    environment = os.environ | {"PYTHONPATH": SCRIPTS, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def _run(tiny: Path, folder: Path, size: int, checkpointing: bool = False) -> tuple[Any, Any]:
    folder.mkdir(exist_ok=True)
    with _start(tiny, folder / "adapter.pt", size, checkpointing, -1) as process:
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0
    return json.loads(shown), torch.load(folder / "adapter.pt")


@pytest.fixture(scope="module")
def alone(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return _run(tiny_folder, tmp_path_factory.mktemp("alone"), 1)


def _same(one: tuple[Any, Any], other: tuple[Any, Any]) -> None:
    assert one[0]["losses"] == pytest.approx(other[0]["losses"], abs=1e-4)
    assert one[0]["norms"] == pytest.approx(other[0]["norms"], rel=1e-3)
    assert len(one[1]) == 2 * 7 * 2
    assert max((one[1][name] - other[1][name]).abs().max().item() for name in one[1]) < 1e-3


@pytest.mark.parametrize("checkpointing", [False, True])
def test_two_processes_learn_what_one_learns(
    tiny_folder: Path, alone: tuple[Any, Any], tmp_path: Path, checkpointing: bool
) -> None:
    both = _run(tiny_folder, tmp_path, 2, checkpointing)
    _same(alone, both)
    assert (alone[0]["held"], both[0]["held"]) == (1.0, 0.5)
    assert (alone[0]["least"], both[0]["least"]) == (3.0, 2.0)


def test_two_processes_resume_after_a_kill_and_leave_no_orphan(
    tiny_folder: Path, alone: tuple[Any, Any], tmp_path: Path
) -> None:
    with _start(tiny_folder, tmp_path / "adapter.pt", 2, False, 3) as first:
        _wait(lambda: (tmp_path / "saved").exists())
        (other,) = _children(first.pid)
        first.send_signal(signal.SIGKILL)
    _wait(lambda: not Path(f"/proc/{other}").exists())
    _same(alone, _run(tiny_folder, tmp_path, 2))


def test_the_job_ends_when_another_of_its_processes_is_killed(
    tiny_folder: Path, tmp_path: Path
) -> None:
    with _start(tiny_folder, tmp_path / "adapter.pt", 2, False, 3) as first:
        _wait(lambda: (tmp_path / "saved").exists())
        os.kill(_children(first.pid)[0], signal.SIGKILL)
        assert first.wait(timeout=30) != 0


def _wait(happened: Any) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    return [int(child) for child in listed.split()]


def test_one_process_is_no_group() -> None:
    with distributed.processes(1) as group:
        assert group is ALONE
    assert ALONE.first
