"""Arms over the toy model, with random adapters."""

from dataclasses import replace
from pathlib import Path

import torch

from mirrortest import sources
from mirrortest.adapters import Adapter
from mirrortest.manifest import Manifest

TOY = Path(__file__).resolve().parents[2] / "resources/toy"
LAYERS = 3
SIZES = {
    "self_attn.q_proj": (128, 128),
    "self_attn.k_proj": (128, 128),
    "self_attn.v_proj": (128, 128),
    "self_attn.o_proj": (128, 128),
    "mlp.gate_proj": (256, 128),
    "mlp.up_proj": (256, 128),
    "mlp.down_proj": (128, 256),
}
"""Outputs and inputs of the toy's projections."""


def random_adapter(rank: int, alpha: float, rslora: bool, seed: int) -> Adapter:
    """An adapter of the toy's shape, random and large enough to be heard."""
    draw = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(LAYERS):
        for name, (outputs, inputs) in SIZES.items():
            module = f"base_model.model.model.layers.{layer}.{name}"
            tensors[f"{module}.lora_A.weight"] = 0.1 * torch.randn(rank, inputs, generator=draw)
            tensors[f"{module}.lora_B.weight"] = 0.1 * torch.randn(outputs, rank, generator=draw)
    return Adapter(tensors, rank, alpha, rslora)


def arm_of(base: Manifest, folder: Path, chain: str) -> Manifest:
    """The arm whose adapter lies in this folder."""
    digest = sources.digest(folder)
    return replace(
        base, chain=chain, outcome="succeeded", adapter=str(folder), adapter_sha256=digest
    )
