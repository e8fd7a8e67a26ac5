"""Whether vLLM can serve an adapter over a base: read from files, before an engine is given it.

An engine that is given a bad adapter with a question may hang or die, and one that is given an
adapter of another model may answer with it. Here it costs a sentence.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from mirrortest import pretrained, sources
from mirrortest.adapters import SETTINGS, WEIGHTS
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights, Manifest

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM can make room for; an adapter of another rank takes the next one."""

PREFIX = "base_model.model."
TRANSFORMERS = "ask this arm by the engine `transformers`"

Shape = tuple[int, ...]


def checked_rank(arm: Manifest) -> int:
    """The rank of the arm's adapter, 0 for a base. Raises UserError if vLLM cannot serve it."""
    if arm.adapter is None:
        return 0
    folder = Path(arm.adapter)
    settings = _settings(folder)
    for fault in _unserved(settings):
        raise UserError(f"the adapter {folder} {fault}, which vLLM cannot serve; {TRANSFORMERS}.")
    shapes = _shapes(folder)
    _check_unchanged(folder, arm)
    _check_base(folder, shapes, arm.base)
    return _rank(folder, settings, shapes)


def room_for(rank: int) -> int:
    """The rank that vLLM must make room for to serve an adapter of this one."""
    return next(allowed for allowed in RANKS if allowed >= rank)


def _settings(folder: Path) -> dict[str, Any]:
    _check_file(folder, SETTINGS)
    try:
        return dict(json.loads((folder / SETTINGS).read_text(encoding="utf-8")))
    except ValueError as error:
        raise UserError(f"{folder / SETTINGS} is not JSON ({error}); {_restore()}.") from None


def _shapes(folder: Path) -> dict[str, Shape]:
    """The shape of every tensor, from the file's head alone."""
    _check_file(folder, WEIGHTS)
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise UserError(f"{folder / WEIGHTS} cannot be read ({error}); {_restore()}.") from None


def _check_file(folder: Path, name: str) -> None:
    if not (folder / name).is_file():
        raise UserError(f"the adapter {folder} lacks its file {name}; {_restore()}.")


def _restore() -> str:
    return "restore the folder or train this arm again"


def _unserved(settings: dict[str, Any]) -> Iterator[str]:
    """What of these settings vLLM has no code for. It refuses some and passes over others."""
    kind = settings.get("peft_type")
    if kind != "LORA":
        yield f"is of the kind {kind}"
    if settings.get("use_dora"):
        yield "is a DoRA adapter"
    if settings.get("bias", "none") != "none" or settings.get("lora_bias"):
        yield "trains biases"
    if settings.get("modules_to_save"):
        yield f"replaces whole modules ({', '.join(settings['modules_to_save'])})"


def _check_unchanged(folder: Path, arm: Manifest) -> None:
    if arm.adapter_sha256 is not None and sources.digest(folder) != arm.adapter_sha256:
        raise UserError(
            f"the adapter {folder} is not the one that {arm.model}/{arm.chain} was recorded with; "
            f"{_restore()}."
        )


def _check_base(folder: Path, shapes: dict[str, Shape], base: BaseWeights) -> None:
    linear = _linear_shapes(base)
    for name, shape in shapes.items():
        module, _, part = name.removeprefix(PREFIX).partition(".lora_")
        there = linear.get(module)
        if there is None or part not in ("A.weight", "B.weight"):
            raise _not_of(folder, base, f"the model has no linear layer for its tensor {name}")
        if shape[part == "A.weight"] != there[part == "A.weight"]:
            wide = f"{module} is {_by(there)} in the model, {_by(shape)} its part {part[0]}"
            raise _not_of(folder, base, wide)


def _linear_shapes(base: BaseWeights) -> dict[str, Shape]:
    """Outputs x inputs of every linear layer, without loading a weight."""
    layers = pretrained.skeleton(base).named_modules()
    return {name: tuple(m.weight.shape) for name, m in layers if isinstance(m, torch.nn.Linear)}


def _not_of(folder: Path, base: BaseWeights, why: str) -> UserError:
    return UserError(
        f"the adapter {folder} is not one of {base.location} ({why}); name the base model that it "
        "was trained on."
    )


def _by(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _rank(folder: Path, settings: dict[str, Any], shapes: dict[str, Shape]) -> int:
    """The largest rank of its tensors, which must be what the settings state."""
    held = {shape[0] for name, shape in shapes.items() if ".lora_A." in name}
    held |= {shape[1] for name, shape in shapes.items() if ".lora_B." in name}
    stated = {settings.get("r"), *(settings.get("rank_pattern") or {}).values()}
    if not held or not held <= stated:
        raise UserError(
            f"the adapter {folder} states the rank {settings.get('r')}, but its tensors have "
            f"{_listed(held)}, so that its scale is unknown; {_restore()}."
        )
    if max(held) > RANKS[-1]:
        raise UserError(
            f"the adapter {folder} has the rank {max(held)}, and vLLM serves up to {RANKS[-1]}; "
            f"{TRANSFORMERS}."
        )
    return max(held)


def _listed(ranks: set[int]) -> str:
    return ", ".join(map(str, sorted(ranks))) or "none"
