"""How the rows of a step are shared out: over processes, and into parts that fit the memory."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from mirrortest import forest, memory, pretrained
from mirrortest.errors import UserError
from mirrortest.memory import GB, Load

USABLE = {"cpu": 0.6, "cuda": 0.9}
"""The share of free memory that is planned with: kernels need some, allocators waste some. That of
the C library held 1.4 to 1.6 times what was in use (glibc 2.36; 0.5B, pairs and chats)."""
LARGEST_FAMILY = 4
LEARNT_TOGETHER = 256
"""States that pass through the head at once, in training."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sequence:
    """One training row: token ids, and which of them are learnt."""

    ids: list[int]
    learnt: list[bool]


@dataclass(frozen=True)
class Layout:
    """How a step passes through the model.

    tokens: the forest of a part may hold this many, if it is of more than one row.
    checkpointing: whether activations are computed twice instead of kept.
    """

    tokens: int = 1024
    checkpointing: bool = False


FASTEST = Layout()
SIZES = {"cpu": (1024, 1), "cuda": (16384, 8192, 4096, 2048, 1)}
"""The fastest first. Few and far apart, so that a job takes the same one each time it runs.

A processor of a few cores is no faster by more tokens at once, and a part's memory grows with them.
"""


def choices(device: str) -> list[Layout]:
    """The layouts, the fastest first."""
    return [Layout(tokens, again) for again in (False, True) for tokens in SIZES[device]]


def needed(row: Sequence) -> list[int]:
    """A row's tokens without those that teach nothing: its last learnt one, and what follows."""
    last = max((place for place, is_learnt in enumerate(row.learnt) if is_learnt), default=1)
    return row.ids[: max(last, 1)]


def parts(batch: list[Sequence], tokens: int) -> list[list[Sequence]]:
    """Parts of a batch that fit the memory; rows that begin alike are in the same one."""
    groups = forest.groves([needed(row) for row in batch], tokens)
    return [[batch[index] for index in group] for group in groups]


def share(
    batch: list[Sequence], tokens: int, rank: int, size: int
) -> list[tuple[list[Sequence], float]]:
    """One process's parts of a batch, each with its weight.

    Every process passes through the model equally often: a part of weight 0 makes up for a lack.
    """
    rows = sorted(batch, key=needed)
    shares = [list(parts(some, tokens)) if some else [] for some in _slices(rows, size)]
    lacking = max(map(len, shares)) - len(shares[rank])
    return [(part, 1.0) for part in shares[rank]] + [(rows[:1], 0.0)] * lacking


def _slices(rows: list[Sequence], size: int) -> list[list[Sequence]]:
    """Rows in their order, cut into so many runs of about as many tokens."""
    runs: list[list[Sequence]] = [[] for _ in range(size)]
    total, passed = sum(len(row.ids) for row in rows), 0
    for row in rows:
        runs[passed * size // total].append(row)
        passed += len(row.ids)
    return runs


def families(rows: list[Sequence]) -> list[list[int]]:
    """Neighbouring rows, as indices, that are about the same: the orders and labels of a pair.

    They have more than half of what is their own in common; what all rows of a data set begin with
    is nobody's own. At most four, as many as a recipe makes of a pair.
    """
    everywhere = forest.common(min(row.ids for row in rows), max(row.ids for row in rows))
    found: list[list[int]] = []
    for index, row in enumerate(rows):
        first = rows[found[-1][0]] if found and len(found[-1]) < LARGEST_FAMILY else None
        if first is not None and _alike(first.ids[everywhere:], row.ids[everywhere:]):
            found[-1].append(index)
        else:
            found.append([index])
    return found


def _alike(one: list[int], other: list[int]) -> bool:
    return 2 * forest.common(one, other) > max(len(one), len(other))


def learnt(rows: Iterable[Sequence]) -> int:
    """The tokens that rows teach; the first token of a row is never predicted."""
    return sum(sum(row.learnt[1:]) for row in rows)


def fitting(
    training: memory.Training, steps: list[list[Sequence]], free: float, name: str
) -> Layout:
    """The fastest layout that fits. Raises UserError with the numbers if none does.

    free: bytes of each device. name: of the model, for the error.
    """
    usable = USABLE[pretrained.device()] * free
    for layout in choices(pretrained.device()):
        loads = _loads(steps, layout.tokens, training.devices)
        estimate = training.estimate(loads, layout.checkpointing)
        if estimate.total <= usable:
            log.info("memory: %s of %.1f GB, %s", estimate, usable / GB, layout)
            return layout
    raise UserError(
        f"finetuning {name} needs {estimate} on each of {training.devices} device(s) even row by "
        f"row with gradient checkpointing, and {usable / GB:.1f} GB can be used; give the "
        "job more GPUs or memory, lower the model's max_length or the rank, or take a smaller "
        "model."
    )


def _loads(steps: list[list[Sequence]], tokens: int, devices: int) -> list[Load]:
    return [
        _load(part)
        for step in steps
        for rank in range(devices)
        for part, _ in share(step, tokens, rank, devices)
    ]


def _load(part: list[Sequence]) -> Load:
    planted = forest.planted([needed(row) for row in part])
    return Load(len(planted.ids), min(learnt(part), LEARNT_TOGETHER), planted.again)
