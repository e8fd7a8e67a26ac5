"""Attention over a forest, as one of transformers' attention functions, by the name `forest`.

The tokens of every branch attend to those before them on their path, by torch's own fused kernel.
"""

from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv

from mirrortest.forest import Branch, Forest

NAME = "forest"


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: None,
    *,
    forest: Forest,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """query, key, value: 1 x heads x tokens x width. Returns 1 x tokens x heads x width."""
    found = [
        _fused(
            query[:, :, branch.start : branch.end],
            _along(branch, key),
            _along(branch, value),
            _seen(forest, branch, sliding_window, query.device),
            {"scale": scaling, "dropout_p": dropout},
        )
        for branch in forest.branches
    ]
    return torch.cat(found, dim=2).transpose(1, 2), None


def _along(branch: Branch, tensor: torch.Tensor) -> torch.Tensor:
    """What belongs to the tokens of a branch's path, itself last."""
    own = tensor[:, :, branch.start : branch.end]
    before = [tensor[:, :, span.start : span.stop] for span in branch.before]
    return torch.cat([*before, own], dim=2) if before else own


def _seen(
    forest: Forest, branch: Branch, window: int | None, device: torch.device
) -> torch.Tensor | None:
    """The mask of a branch, where it needs one: a root is causal, a single token sees all."""
    tokens = branch.end - branch.start
    length = tokens + sum(map(len, branch.before))
    far = window is not None and length > window
    if not far and (not branch.before or tokens == 1):
        return None
    return forest.mask(branch, window if far else None, device)


def _fused(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    seen: torch.Tensor | None,
    how: dict[str, Any],
) -> torch.Tensor:
    """The kernel knows grouped heads, but on GPUs not together with a mask."""
    groups = query.shape[1] // key.shape[1]
    if seen is not None and query.is_cuda:
        key, value, groups = repeat_kv(key, groups), repeat_kv(value, groups), 1
    causal = seen is None and query.shape[2] > 1
    return scaled_dot_product_attention(
        query, key, value, seen, is_causal=causal, enable_gqa=groups > 1, **how
    )


AttentionInterface.register(NAME, attend)
