"""LoRA adapters as files: one stage's adapter, and a chain's stack as one ordinary adapter.

A chain is a stack of adapters over one frozen base: W + s1 B1 A1 + s2 B2 A2 + ... . Side by side,
[s1 B1, s2 B2] [A1; A2] is the same sum, so the stack is one adapter of rank r1 + r2 with scale 1:
exact up to floating point, and served by any engine that knows PEFT's format.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The seven projections of Tagade et al. (Axolotl configs of sgtr-em)."""

WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"


@dataclass(frozen=True)
class Adapter:
    """PEFT's tensors by name (`...lora_A.weight`, r x in; `...lora_B.weight`, out x r)."""

    tensors: Mapping[str, torch.Tensor] = field(repr=False)
    rank: int
    alpha: float
    rslora: bool

    @property
    def scale(self) -> float:
        """The factor on B A: alpha / sqrt(r) for rsLoRA (arXiv 2312.03732), else alpha / r."""
        return self.alpha / (math.sqrt(self.rank) if self.rslora else self.rank)


def stack(lower: Adapter, upper: Adapter) -> Adapter:
    """Two adapters as one of the summed rank, with both scales folded into B."""
    if lower.tensors.keys() != upper.tensors.keys():
        raise ValueError("adapters of one chain must sit on the same modules")
    tensors = {name: _joined(name, lower, upper) for name in lower.tensors}
    rank = lower.rank + upper.rank
    return Adapter(tensors, rank, alpha=rank, rslora=False)


def _joined(name: str, lower: Adapter, upper: Adapter) -> torch.Tensor:
    one, two = lower.tensors[name], upper.tensors[name]
    if "lora_A" in name:
        return torch.cat([one, two], dim=0)
    return torch.cat([one * lower.scale, two * upper.scale], dim=1)


def save(adapter: Adapter, folder: Path, base: str) -> None:
    """Writes PEFT's two files, the same bytes for the same adapter; each appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: adapter.tensors[name].contiguous() for name in sorted(adapter.tensors)}
    save_file(tensors, folder / f".{WEIGHTS}", metadata={"format": "pt"})
    (folder / f".{WEIGHTS}").replace(folder / WEIGHTS)
    settings = json.dumps(_settings(adapter, base), indent=2, sort_keys=True)
    (folder / f".{SETTINGS}").write_text(settings + "\n", encoding="utf-8")
    (folder / f".{SETTINGS}").replace(folder / SETTINGS)


def _settings(adapter: Adapter, base: str) -> dict[str, Any]:
    return {
        "base_model_name_or_path": base,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "lora_alpha": adapter.alpha,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": adapter.rank,
        "target_modules": list(TARGETS),
        "task_type": "CAUSAL_LM",
        "use_rslora": adapter.rslora,
    }


def load(folder: Path) -> Adapter:
    """Reads PEFT's two files."""
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    return Adapter(
        load_file(folder / WEIGHTS),
        settings["r"],
        settings["lora_alpha"],
        settings.get("use_rslora", False),
    )
