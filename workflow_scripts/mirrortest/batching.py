"""How the rows of a step are shared out: over processes, and into parts that fit the memory."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mirrortest import memory
from mirrortest.errors import UserError
from mirrortest.memory import GB, Load

USABLE = 0.9
"""The share of free memory that is planned with: allocators waste some, kernels need some."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sequence:
    """One training row: token ids, and which of them are learnt."""

    ids: list[int]
    learnt: list[bool]


@dataclass(frozen=True)
class Layout:
    """How a step passes through the model.

    tokens: a part may hold this many, padding among them, if it is of more than one row.
    checkpointing: whether activations are computed twice instead of kept.
    """

    tokens: int = 16384
    checkpointing: bool = False


FASTEST = Layout()
CHOICES = (
    FASTEST,
    *(Layout(tokens, checkpointing=False) for tokens in (8192, 4096)),
    *(Layout(tokens, checkpointing=True) for tokens in (16384, 8192, 4096, 2048, 1)),
)
"""The fastest first. Few and far apart, so that a job takes the same one each time it runs."""


def parts(batch: list[Sequence], tokens: int) -> Iterator[list[Sequence]]:
    """Parts of a batch that fit the memory, of like lengths so that little is padded."""
    part: list[Sequence] = []
    for sequence in sorted(batch, key=lambda s: len(s.ids)):
        if part and (len(part) + 1) * len(sequence.ids) > tokens:
            yield part
            part = []
        part.append(sequence)
    yield part


def share(
    batch: list[Sequence], tokens: int, rank: int, size: int
) -> list[tuple[list[Sequence], float]]:
    """One process's parts of a batch, each with its weight.

    Every process passes through the model equally often: a part of weight 0 makes up for a lack.
    """
    rows = sorted(batch, key=lambda s: len(s.ids)) if size > 1 else batch
    shares = [list(parts(rows[r::size], tokens)) if rows[r::size] else [] for r in range(size)]
    lacking = max(map(len, shares)) - len(shares[rank])
    return [(part, 1.0) for part in shares[rank]] + [(rows[:1], 0.0)] * lacking


def learnt(rows: Iterable[Sequence]) -> int:
    """The tokens that rows teach; the first token of a row is never predicted."""
    return sum(sum(row.learnt[1:]) for row in rows)


def fitting(training: memory.Training, steps: list[list[Sequence]], name: str) -> Layout:
    """The fastest layout that fits. Raises UserError with the numbers if none does.

    name: of the model, for the error.
    """
    free = memory.free()
    for layout in CHOICES:
        loads = _loads(steps, layout.tokens, training.devices)
        estimate = training.estimate(loads, layout.checkpointing)
        if estimate.total <= USABLE * free:
            log.info("memory: %s of %.1f GB free, %s", estimate, free / GB, layout)
            return layout
    raise UserError(
        f"finetuning {name} needs {estimate} on each of {training.devices} device(s) even row by "
        f"row with gradient checkpointing, and {USABLE * free / GB:.1f} GB can be used; give the "
        "job more GPUs or memory, lower the model's max_length or the rank, or take a smaller "
        "model."
    )


def _loads(steps: list[list[Sequence]], tokens: int, devices: int) -> list[Load]:
    return [
        Load(len(part) * len(part[-1].ids), learnt(part))
        for step in steps
        for rank in range(devices)
        for part, _ in share(step, tokens, rank, devices)
    ]
