"""Rows of token ids as a forest: what rows share at their beginning stands in it once.

What a causal model makes of a token depends on what stands before it, and on nothing else. So one
pass over the forest, each branch attending to what stands before it and to itself, gives the states
of all rows, and in training their exact gradient. Nothing is padded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

Ids = list[int]


@dataclass(frozen=True)
class Branch:
    """The tokens from start to end of a forest, and the ranges that stand before them in order."""

    start: int
    end: int
    before: tuple[range, ...]


@dataclass(frozen=True)
class Forest:
    """Tokens with their positions in their rows; the branches, in order; each row as ranges."""

    ids: Ids
    positions: list[int]
    branches: list[Branch]
    rows: list[tuple[range, ...]]
    _masks: dict[tuple[Branch, int | None], torch.Tensor] = field(default_factory=dict, repr=False)

    def places(self, row: int) -> list[int]:
        """Where the tokens of a row stand."""
        return [place for span in self.rows[row] for place in span]

    @property
    def again(self) -> int:
        """The tokens before a branch, over all branches: how many are attended to once more."""
        return sum(len(span) for branch in self.branches for span in branch.before)

    def mask(self, branch: Branch, window: int | None, device: torch.device) -> torch.Tensor:
        """What a branch may see: bool, its tokens x all tokens of its path.

        window: how many tokens back, itself among them; none: all. All layers share a mask.
        """
        if (branch, window) not in self._masks:
            length = branch.end - branch.start + sum(map(len, branch.before))
            at = torch.arange(length, device=device)
            back = at[length - (branch.end - branch.start) :, None] - at
            seen = (back >= 0) if window is None else (back >= 0) & (back < window)
            self._masks[branch, window] = seen
        return self._masks[branch, window]


def planted(rows: list[Ids]) -> Forest:
    """The forest of these rows, none of which may be empty."""
    forest = Forest([], [], [], [()] * len(rows))
    above: Ids = []
    path: tuple[range, ...] = ()
    for index in sorted(range(len(rows)), key=rows.__getitem__):
        row, begun = rows[index], len(forest.ids)
        shared = common(above, row)
        path = _first(path, shared)
        if shared < len(row):
            grown = range(begun, begun + len(row) - shared)
            forest.branches.append(Branch(grown.start, grown.stop, path))
            forest.ids.extend(row[shared:])
            forest.positions.extend(range(shared, len(row)))
            path = (*path, grown)
        forest.rows[index] = path
        above = row
    return forest


def common(one: Ids, other: Ids) -> int:
    """How many tokens two rows have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _first(path: tuple[range, ...], tokens: int) -> tuple[range, ...]:
    return tuple(_cut(path, tokens))


def _cut(path: tuple[range, ...], tokens: int) -> Iterator[range]:
    for span in path:
        if tokens <= 0:
            return
        yield span[:tokens]
        tokens -= len(span)


def groves(rows: list[Ids], tokens: int) -> list[list[int]]:
    """Rows, as indices, in groups whose forests have so many tokens at most, or a single row.

    Rows that begin alike stand in one group wherever they fit.
    """
    found: list[list[int]] = []
    size, above = 0, Ids()
    for index in sorted(range(len(rows)), key=rows.__getitem__):
        grown = len(rows[index]) - common(above, rows[index])
        if not found or size + grown > tokens:
            found.append([])
            size, grown = 0, len(rows[index])
        found[-1].append(index)
        size, above = size + grown, rows[index]
    return found
