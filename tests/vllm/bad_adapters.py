"""Adapters that must be refused, made from a good one."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from toy_arms import arm_of

from mirrortest import adapters
from mirrortest.adapters import SETTINGS, WEIGHTS
from mirrortest.manifest import Manifest


def _say(folder: Path, **settings: object) -> None:
    path = folder / SETTINGS
    said = json.loads(path.read_text(encoding="utf-8")) | settings
    path.write_text(json.dumps(said), encoding="utf-8")


def _wrong_rank(folder: Path) -> None:
    _say(folder, r=16)


def _wrong_base(folder: Path) -> None:
    whole = adapters.load(folder)
    wide = {n: torch.cat([t, t], 1) if "lora_A" in n else t for n, t in whole.tensors.items()}
    adapters.save(replace(whole, tensors=wide), folder, "another")


def _dora(folder: Path) -> None:
    _say(folder, use_dora=True)


def _missing_file(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


SPOILED: dict[str, tuple[Callable[[Path], None], str]] = {
    "wrong rank": (_wrong_rank, "states the rank 16, but its tensors have 8"),
    "wrong base": (_wrong_base, "is not one of"),
    "DoRA": (_dora, "is a DoRA adapter, which vLLM cannot serve"),
    "missing file": (_missing_file, f"lacks its file {WEIGHTS}"),
}
"""How an adapter is spoiled, and what is said then."""


def spoiled(arm: Manifest, how: str, folder: Path) -> Manifest:
    """The arm with a spoiled copy of its adapter."""
    shutil.copytree(str(arm.adapter), folder)
    SPOILED[how][0](folder)
    return arm_of(arm, folder, "spoiled")
