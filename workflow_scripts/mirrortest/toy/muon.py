"""Muon: momentum updates made orthogonal, for the matrices inside the blocks of the model.

Own code because torch.optim.Muon computes in bfloat16, several times slower on these CPUs.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
NEWTON_SCHULZ_STEPS = 5
# Coefficients of the quintic iteration, after Keller Jordan's Muon.
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonalise(matrices: Tensor) -> Tensor:
    """The nearest orthogonal matrices, roughly; a stack of shape (number, rows, columns)."""
    tall = matrices.shape[1] > matrices.shape[2]
    x: Tensor = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x.mT if tall else x


class Muon:
    """Matrices of one shape are stacked, since many small products are slow."""

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float) -> None:
        shapes: dict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
        for parameter in parameters:
            shapes[tuple(parameter.shape)].append(parameter)
        self.groups = list(shapes.values())
        self.momenta = [torch.zeros(len(g), *g[0].shape) for g in self.groups]
        self.rate = rate

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """One update with `factor` times the learning rate."""
        for group, momentum in zip(self.groups, self.momenta, strict=True):
            gradients = torch.stack([p.grad for p in group if p.grad is not None])
            momentum.mul_(MOMENTUM).add_(gradients)
            updates = orthogonalise(gradients + MOMENTUM * momentum)
            # The root brings the size of an update to that of Adam.
            scale = 0.2 * max(group[0].shape) ** 0.5 * self.rate * factor
            for parameter, update in zip(group, updates, strict=True):
                parameter.sub_(update, alpha=scale)
