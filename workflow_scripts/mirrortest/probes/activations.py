"""The residual stream of a local arm, at the last token of a prompt and over its answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mirrortest import pretrained
from mirrortest.batching import Sequence
from mirrortest.errors import UserError
from mirrortest.forest import Forest, groves, planted
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
def residuals(model: Any, passages: list[Passage], layers: list[int]) -> Vectors:
    """By position and layer, a vector for each passage (float32).

    `prompt` is the last token before the answer; `answer` the mean over the answer's tokens, which
    is not a number where there are none.
    """
    found: dict[tuple[str, int], list[torch.Tensor]] = {}
    groups = groves([passage.ids for passage in passages], BATCH_TOKENS)
    for group in groups:
        some = [passages[index] for index in group]
        forest = planted([passage.ids for passage in some])
        with _tapped(model, layers, _pooling(some, forest, found)):
            pretrained.hidden_states(model, forest)
    back = np.argsort([index for group in groups for index in group])
    return {place: torch.cat(pieces).numpy()[back] for place, pieces in found.items()}


def _pooling(
    some: list[Passage], forest: Forest, found: dict[tuple[str, int], list[torch.Tensor]]
) -> Keep:
    """What keeps of a layer's states the two vectors of each passage, and nothing else."""
    places = [torch.tensor(forest.places(row)) for row in range(len(some))]
    prompts = [len(passage.learnt) - sum(passage.learnt) for passage in some]
    last = torch.stack([row[end - 1] for row, end in zip(places, prompts, strict=True)])
    answers = [row[end:] for row, end in zip(places, prompts, strict=True)]

    def keep(layer: int, states: torch.Tensor) -> None:
        """states: tokens x width."""
        means = [states[row.to(states.device)].float().mean(dim=0) for row in answers]
        at_last = states[last.to(states.device)].float()
        found.setdefault(("prompt", layer), []).append(at_last.cpu())
        found.setdefault(("answer", layer), []).append(torch.stack(means).cpu())

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
        keep(layer, states[0][0])

    def leaving(_: Any, __: Any, states: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        keep(layer, (states[0] if isinstance(states, tuple) else states)[0])

    if layer == 0:
        return blocks[0].register_forward_pre_hook(entering)
    return blocks[layer - 1].register_forward_hook(leaving)


def _blocks(model: Any) -> Any:
    """The decoder's blocks in order."""
    decoder = model.get_base_model() if hasattr(model, "get_base_model") else model
    return decoder.get_decoder().layers
