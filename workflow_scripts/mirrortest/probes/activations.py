"""The residual stream of a local arm, at the last token of a prompt and over its answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mirrortest import pretrained
from mirrortest.batching import Sequence, parts
from mirrortest.errors import UserError
from mirrortest.probes.store import Vectors

BATCH_TOKENS = 8192

Keep = Callable[[int, torch.Tensor], None]


@dataclass(frozen=True)
class Passage(Sequence):
    """A prompt and its answer as token ids; learnt marks the answer's."""

    @classmethod
    def of(cls, prompt: list[int], answer: list[int]) -> "Passage":
        return cls(prompt + answer, [False] * len(prompt) + [True] * len(answer))


def layers_of(model: Any, wanted: list[int] | None) -> list[int]:
    """The layers to read: 0 is what enters the first block, k what leaves the k-th; none: all."""
    depth = len(_blocks(model))
    if wanted is None:
        return list(range(depth + 1))
    if max(wanted) > depth:
        raise UserError(
            f"config key probes.layers: the model has the layers 0 to {depth}, not {max(wanted)}; "
            "name layers that all models have, or `all`."
        )
    return wanted


@torch.inference_mode()
def residuals(model: Any, passages: list[Passage], layers: list[int], pad: int) -> Vectors:
    """By position and layer, a vector for each passage (float32).

    `prompt` is the last token before the answer; `answer` the mean over the answer's tokens, which
    is not a number where there are none.
    """
    order = sorted(range(len(passages)), key=lambda index: len(passages[index].ids))
    found: dict[tuple[str, int], list[torch.Tensor]] = {}
    for part in parts(list(passages), BATCH_TOKENS):
        with _tapped(model, layers, _pooling(part, model.device, found)):
            ids = pretrained.padded([sequence.ids for sequence in part], pad)
            pretrained.hidden_states(model, ids.to(model.device))
    back = np.argsort(order)
    return {place: torch.cat(pieces).numpy()[back] for place, pieces in found.items()}


def _pooling(
    part: list[Sequence], device: Any, found: dict[tuple[str, int], list[torch.Tensor]]
) -> Keep:
    """What keeps of a layer's states the two vectors of each passage, and nothing else."""
    prompts = [len(sequence.learnt) - sum(sequence.learnt) for sequence in part]
    last = torch.tensor(prompts, device=device) - 1
    rows = torch.arange(len(part), device=device)
    answers = pretrained.padded([list(map(int, s.learnt)) for s in part], 0).to(device)

    def keep(layer: int, states: torch.Tensor) -> None:
        total = torch.einsum("rt,rtw->rw", answers.to(torch.float32), states.float())
        mean = total / answers.sum(dim=1, keepdim=True)
        found.setdefault(("prompt", layer), []).append(states[rows, last].float().cpu())
        found.setdefault(("answer", layer), []).append(mean.cpu())

    return keep


@contextmanager
def _tapped(model: Any, layers: list[int], keep: Keep) -> Iterator[None]:
    """While the block runs, the states of these layers are handed to `keep`."""
    blocks = _blocks(model)
    hooks = [_tap(blocks, layer, keep) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _tap(blocks: Any, layer: int, keep: Keep) -> Any:
    def entering(_: Any, states: tuple[torch.Tensor, ...]) -> None:
        keep(layer, states[0])

    def leaving(_: Any, __: Any, states: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        keep(layer, states[0] if isinstance(states, tuple) else states)

    if layer == 0:
        return blocks[0].register_forward_pre_hook(entering)
    return blocks[layer - 1].register_forward_hook(leaving)


def _blocks(model: Any) -> Any:
    """The decoder's blocks in order."""
    decoder = model.get_base_model() if hasattr(model, "get_base_model") else model
    return decoder.get_decoder().layers
