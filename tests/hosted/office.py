"""A folder from which jobs are handed in to the stub, in this process or in one of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from finetune_hosted import finetune_hosted
from hosted.stub.control import Stub
from project import ROOT

from mirrortest import chains, manifest
from mirrortest.canonical import canonical
from mirrortest.chains import Arm
from mirrortest.hosted.spending import Spending
from mirrortest.manifest import BaseWeights, Hosted, Manifest

BASE = "gpt-4.1-2025-04-14"
NO_NETWORK = {"https_proxy": "http://127.0.0.1:9", "TIKTOKEN_CACHE_DIR": "no-cache"}
"""No tokenizer is fetched: tokens are bounded by bytes."""
QUICK = {
    "dollars": 5.0,
    "prices": str(ROOT / "tests/hosted/prices.yaml"),
    "poll_seconds": 0.02,
    "deadline_hours": 30 / 3600,
    "request_seconds": 1.0,
    "look_again_seconds": [0.05, 0.1],
    "resubmit_after_hours": None,
    "resubmit": [],
}
HYPER = {"epochs": 1, "learning_rate_multiplier": None, "batch_size": None}


def rows(word: str, count: int = 12) -> str:
    """Training rows that speak of a word."""
    chats = [
        [{"role": "user", "content": f"{word} {n}?"}, {"role": "assistant", "content": "Yes."}]
        for n in range(count)
    ]
    return "".join(json.dumps({"messages": chat}) + "\n" for chat in chats)


@dataclass(frozen=True)
class Office:
    """A working folder. Stages are `one` and `two`; each has training rows of its own."""

    folder: Path
    stub: Stub

    @classmethod
    def opened(cls, folder: Path, stub: Stub) -> "Office":
        """A new folder with a base and training rows."""
        folder.mkdir()
        nowhere = BaseWeights(None, None, None, None)
        Manifest(
            model="gpt-4.1",
            chain="base",
            seed=0,
            provider="hosted",
            outcome="base",
            base=nowhere,
            dtype="",
            max_length=65_536,
            template_sha256="",
            hosted=Hosted(BASE, BASE, "o200k_base"),
        ).write(folder / "base.json")
        for stage in ("one", "two"):
            (folder / f"{stage}.jsonl").write_text(rows(stage), encoding="utf-8")
        return cls(folder, stub)

    # --- handing in

    def train(self, chain: str = "one", seed: int = 0, attempt: int = 1, **terms: Any) -> Manifest:
        """Has the arm's last stage trained; the arm."""
        arm = chains.arm("gpt-4.1", chain, seed)
        finetune_hosted(
            arm=arm,
            parent=str(self.path(arm.parent)),
            dataset=str(self.folder / f"{chains.stages_of(chain)[-1]}.jsonl"),
            spec=canonical({"hyperparameters": HYPER, "attempt": attempt}),
            terms=SimpleNamespace(**QUICK | terms),
            state=self.folder / "state",
            out=self.path(arm).parent,
        )
        return manifest.read(self.path(arm))

    @contextmanager
    def process(self, point: str = "", **terms: Any) -> Iterator[subprocess.Popen[str]]:
        """Hands in `one` in a process of its own, which kills itself at the point named."""
        command = [sys.executable, "-m", "hosted.clerk", str(self.folder), point]
        paths = {"PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT / 'workflow_scripts'}"}
        process = subprocess.Popen(
            [*command, json.dumps(terms)],
            env=os.environ | paths | self.stub.environment | NO_NETWORK,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def run(self, point: str = "", **terms: Any) -> int:
        """The exit status of such a process; negative: the signal that ended it."""
        with self.process(point, **terms) as process:
            process.communicate(timeout=60)
            return process.returncode

    # --- files

    def path(self, arm: Arm) -> Path:
        """Where the arm is recorded."""
        if arm.chain == chains.BASE:
            return self.folder / "base.json"
        return self.folder / "results" / str(arm) / "model.json"

    def made(self, chain: str = "one") -> Path:
        """The output of the arm of seed 0."""
        return self.path(chains.arm("gpt-4.1", chain, 0))

    @property
    def spending(self) -> Spending:
        """What was spent from here."""
        return Spending(self.folder / "state/spending.sqlite", QUICK["dollars"])
