"""Where a finetuning job keeps its state while it runs, so that a kill costs seconds.

Snakemake deletes the declared outputs of a job that failed; these files lie outside them. The key
names everything that defines the job, so that the state of another definition is never taken up.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

OVERHEAD = 0.05
"""Saving may take at most this share of the time."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """The state after some steps: `history` holds one entry for each step done."""

    tensors: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    history: list[dict[str, Any]]


@dataclass
class Checkpoints:
    """The checkpoint of one job: `<folder>/<key>.pt`."""

    folder: Path
    key: str
    _next: float = field(default_factory=lambda: time.monotonic() + 1.0)

    @property
    def path(self) -> Path:
        return self.folder / f"{self.key}.pt"

    def load(self) -> Checkpoint | None:
        """The last checkpoint of this very job, if there is one."""
        if not self.path.is_file():
            return None
        return Checkpoint(**torch.load(self.path, map_location="cpu", weights_only=True))

    def save_if_due(self, snapshot: Callable[[], Checkpoint]) -> None:
        """Saves by rename, as often as the cost of saving allows."""
        begun = time.monotonic()
        if begun < self._next:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        torch.save(vars(snapshot()), partial)
        partial.replace(self.path)
        now = time.monotonic()
        self._next = now + max(1.0, (now - begun) / OVERHEAD)

    def clear(self) -> None:
        """Forgets every checkpoint of the arm, those of older definitions too."""
        for path in [*self.folder.glob("*.pt"), *self.folder.glob("*.partial")]:
            path.unlink()
