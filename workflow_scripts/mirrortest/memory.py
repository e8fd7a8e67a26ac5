"""What finetuning a stage takes of the device's memory, estimated before a weight is loaded.

A sum of what is known from the model's architecture: weights, adapters with their gradients and
optimizer states, activations kept for the backward pass, and logits at the learnt positions.
`tests/unit/test_memory.py` compares it with what autograd really keeps.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import psutil
import torch

from mirrortest import pretrained
from mirrortest.adapters import TARGETS
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights

GB = 1e9
FLOAT = 4
"""Bytes of a float32, the type of every adapter."""
STATES = {"adamw": 8, "adamw_8bit": 2}
"""Bytes of optimizer state for each trained number: two floats, or two bytes."""


@dataclass(frozen=True)
class Projection:
    """A linear layer that takes an adapter, by its widths."""

    name: str
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Architecture:
    """What of a model decides its memory. projections: those of all layers."""

    parameters: int
    layers: int
    hidden: int
    vocabulary: int
    projections: tuple[Projection, ...]

    def adapter(self, rank: int) -> int:
        """The numbers in an adapter of this rank."""
        return rank * sum(p.inputs + p.outputs for p in self.projections)

    def kept(self, rank: int, width: int) -> float:
        """Bytes that one layer keeps of one token, in a model of `width` bytes per number.

        The adapters' inputs and inner values, what attention and the gated unit multiply, and the
        two norms' inputs in float32.
        """
        inner = FLOAT * rank * len(self.projections) / self.layers
        queries, values = self._outputs("q_proj"), self._outputs("k_proj") + self._outputs("v_proj")
        attention = width * (2 * queries + values)
        gated = width * 3 * self._outputs("up_proj")
        return self._inputs(width) + inner + attention + gated + 2 * FLOAT * self.hidden

    def attended(self, width: int) -> float:
        """Bytes of a token's keys and values in one layer, with as many heads as the queries have,
        as a GPU's kernel with a mask wants them."""
        return width * 2 * self._outputs("q_proj")

    def _inputs(self, width: int) -> float:
        """Copies in float32 if the model is narrower; else one serves q, k, v, one gate and up.

        What attention gives is there in pieces, a branch of the forest each, and joined.
        """
        if width == FLOAT:
            return FLOAT * (2 * self.hidden + sum(map(self._outputs, ("q_proj", "up_proj"))))
        return FLOAT * sum(p.inputs for p in self.projections) / self.layers

    def _outputs(self, name: str) -> float:
        return sum(p.outputs for p in self.projections if p.name == name) / self.layers


@dataclass(frozen=True)
class Load:
    """What one forward and backward pass holds: tokens, and learnt ones that are judged at once.

    again: tokens before a branch of the forest, over all branches. Attention keeps them once more.
    """

    tokens: int
    learnt: int
    again: int = 0


@dataclass(frozen=True)
class Estimate:
    """Bytes on one device, by what takes them."""

    weights: float
    adapters: float
    activations: float
    logits: float

    @cached_property
    def total(self) -> float:
        return self.weights + self.adapters + self.activations + self.logits

    def __str__(self) -> str:
        parts = ", ".join(f"{f.name} {getattr(self, f.name) / GB:.1f}" for f in fields(self))
        return f"{self.total / GB:.1f} GB ({parts})"


@dataclass(frozen=True)
class Training:
    """A stage's training as far as memory goes. below: the rank of the frozen stack.

    devices: over how many the weights of the layers are spread.
    """

    model: Architecture
    dtype: str
    rank: int
    below: int
    optimizer: str
    devices: int

    def estimate(self, loads: Iterable[Load], checkpointing: bool) -> Estimate:
        """The most that any of these passes takes."""
        width: int = getattr(torch, self.dtype).itemsize
        per_number = 3 * FLOAT + STATES[self.optimizer]  # itself, its gradient, the step at work
        new = self.model.adapter(self.rank) * per_number
        worst = max(loads, key=lambda load: self._passing(load, checkpointing, width))
        return Estimate(
            weights=self._weights(width),
            adapters=new + FLOAT * self.model.adapter(self.below),
            activations=self._activations(worst, checkpointing, width),
            logits=worst.learnt * self._per_learnt(width),
        )

    def _passing(self, load: Load, checkpointing: bool, width: int) -> float:
        return self._activations(load, checkpointing, width) + load.learnt * self._per_learnt(width)

    def _activations(self, load: Load, checkpointing: bool, width: int) -> float:
        layers = 1 if checkpointing else self.model.layers
        again = load.again * self.model.attended(width) * layers
        return load.tokens * self._per_token(checkpointing, width) + again

    def _weights(self, width: int) -> float:
        """Layers are spread over the devices; embeddings, head and two layers at work are not."""
        outside = 2 * self.model.vocabulary * self.model.hidden
        layers = max(self.model.parameters - outside, 0)
        if self.devices == 1:
            return float(width * self.model.parameters)
        return width * (outside + layers / self.devices + 2 * layers / self.model.layers)

    def _per_token(self, checkpointing: bool, width: int) -> float:
        """What all layers keep, and as much again as one keeps for the gradients at work in it."""
        layer = self.model.kept(self.rank, width)
        if checkpointing:
            return self.model.layers * self.model.hidden * width + 2 * layer
        return (self.model.layers + 1) * layer

    def _per_learnt(self, width: int) -> float:
        """The log-softmax, its gradient, and that of the logits in both types."""
        return float(self.model.vocabulary * (3 * FLOAT + width))


def architecture(base: BaseWeights) -> Architecture:
    """From the model's `config.json` alone; the model is built without memory for its weights.

    Raises UserError for a model without one of the layers that every adapter sits on.
    """
    model = pretrained.skeleton(base)
    projections = tuple(_projections(model))
    if lacking := [name for name in TARGETS if name not in {p.name for p in projections}]:
        raise UserError(
            f"{base.location} has no layers {', '.join(lacking)}, on which adapters sit too; "
            "models that join such layers in one are not supported."
        )
    text = model.config.get_text_config()
    return Architecture(
        parameters=sum(p.numel() for p in model.parameters()),
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        vocabulary=text.vocab_size,
        projections=projections,
    )


def _projections(model: Any) -> Iterable[Projection]:
    for path, module in model.named_modules():
        name = path.rpartition(".")[2]
        if name in TARGETS and isinstance(module, torch.nn.Linear):
            yield Projection(name, module.in_features, module.out_features)


def free() -> int:
    """Bytes that are free on this process's device: the GPU, or the machine's memory."""
    if pretrained.device() == "cuda":
        return torch.cuda.mem_get_info()[0]
    return int(psutil.virtual_memory().available)
