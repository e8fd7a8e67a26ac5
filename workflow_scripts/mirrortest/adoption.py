"""Adapters that were made elsewhere, checked before one stands in for a stage of ours.

What is adopted is a plain LoRA over the very base model of the arm: anything that PEFT would add
to B A, or that sits on other modules, would be lost in the stack without a word.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mirrortest import adapters, pretrained
from mirrortest.adapters import SETTINGS, WEIGHTS, Adapter
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights

PREFIX = "base_model.model."
A, B = ".lora_A.weight", ".lora_B.weight"
BEYOND_LORA = (
    *("use_dora", "use_qalora", "lora_bias", "modules_to_save", "layer_replication"),
    *("rank_pattern", "alpha_pattern", "target_parameters", "trainable_token_indices"),
    *("alora_invocation_tokens", "fan_in_fan_out", "use_bdlora", "arrow_config", "kasa_config"),
    "monteclora_config",
)
"""Settings of PEFT's LoRA that make it something else than one scale times B A."""
BASE_UNCHANGED = (None, True, False, "gaussian", "orthogonal", "eva", "mica")
"""Ways to begin an adapter. All others, such as PiSSA, take what it begins with from the base."""

Shapes = dict[str, tuple[int, int]]


def fetched(repository: str, revision: str) -> Path:
    """The folder of an adapter on the hub, at a commit; fetched once, kept in the hub's cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        found = snapshot_download(repository, revision=revision, allow_patterns=[SETTINGS, WEIGHTS])
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise UserError(
            f"the adapter {repository} at {revision} could not be fetched from the hub "
            f"({type(error).__name__}); check id, revision, access and connection."
        ) from None
    return Path(found)


def read(folder: Path, where: str, base: BaseWeights, called: str | None) -> Adapter:
    """The adapter in a folder, float32, with zeros for modules that it leaves alone.

    where: how errors name it. called: its own name for the base, if not the base's.
    Raises UserError unless it is a plain LoRA over this base.
    """
    settings = _settings(folder, where)
    _check_plain(settings, where)
    _check_base(settings, where, base, called)
    tensors = {name: tensor.float() for name, tensor in _tensors(folder, where).items()}
    shapes = expected(base, settings["r"])
    _check_tensors(tensors, shapes, where)
    filled = {name: torch.zeros(shape) for name, shape in shapes.items()} | tensors
    rslora = bool(settings.get("use_rslora"))
    return Adapter(filled, settings["r"], settings["lora_alpha"], rslora)


def expected(base: BaseWeights, rank: int) -> Shapes:
    """The tensors of an adapter of this rank over the base, by name; loads no weights."""
    shapes: Shapes = {}
    for name, module in pretrained.skeleton(base).named_modules():
        if name.rpartition(".")[2] in adapters.TARGETS:
            wide, deep = module.weight.shape
            shapes |= {f"{PREFIX}{name}{A}": (rank, deep), f"{PREFIX}{name}{B}": (wide, rank)}
    return shapes


def _settings(folder: Path, where: str) -> dict[str, Any]:
    for file in (SETTINGS, WEIGHTS):
        if not (folder / file).is_file():
            raise UserError(f"{where} holds no {file}; Mirrortest takes PEFT's safetensors format.")
    try:
        found = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{where}: {SETTINGS} is not JSON ({error}); fetch it again.") from None
    if not isinstance(found, dict) or not {"r", "lora_alpha"} <= found.keys():
        raise UserError(f"{where}: {SETTINGS} names no `r` and `lora_alpha`, so it is no LoRA.")
    return found


def _tensors(folder: Path, where: str) -> dict[str, torch.Tensor]:
    try:
        return dict(load_file(folder / WEIGHTS))
    except SafetensorError as error:
        raise UserError(
            f"{where}: {WEIGHTS} holds no tensors ({error}); fetch it again, by `git lfs pull` if "
            "it is a clone."
        ) from None


def _check_plain(settings: dict[str, Any], where: str) -> None:
    kind = settings.get("peft_type", "LORA")
    odd = [key for key in BEYOND_LORA if settings.get(key)]
    if settings.get("bias", "none") != "none":
        odd.append("bias")
    if (begun := settings.get("init_lora_weights")) not in BASE_UNCHANGED:
        odd.append(f"init_lora_weights {begun}")
    if kind != "LORA" or odd:
        what = f"peft_type {kind}" if kind != "LORA" else " and ".join(odd)
        raise UserError(f"{where} is no plain LoRA: it has {what}, which a stack cannot hold.")


def _check_base(
    settings: dict[str, Any], where: str, base: BaseWeights, called: str | None
) -> None:
    found = settings.get("base_model_name_or_path")
    if found != (called or base.location):
        raise UserError(
            f"{where} was made on {found}, not on {called or base.location}; if these are the same "
            f"weights, state it as the adapter's `base: {found}`."
        )


def _check_tensors(tensors: dict[str, torch.Tensor], shapes: Shapes, where: str) -> None:
    for name, tensor in tensors.items():
        if name not in shapes:
            raise UserError(
                f"{where} changes {name}, which is not among {', '.join(adapters.TARGETS)} of the "
                "base model; such an adapter cannot be stacked."
            )
        if tuple(tensor.shape) != shapes[name]:
            raise UserError(
                f"{where}: {name} has the shape {tuple(tensor.shape)}, but the base model needs "
                f"{shapes[name]}; it was made on another model."
            )
        other = name.replace(A, B) if name.endswith(A) else name.replace(B, A)
        if other not in tensors:
            raise UserError(f"{where} has {name} without {other}; fetch it again.")
