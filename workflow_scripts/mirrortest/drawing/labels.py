"""Labels beside points, where all of them find a free place."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import pandas as pd

from mirrortest import figures

GAP = 0.07
"""Between a point's middle and its label, in inches."""
POINT = 0.05
"""Half the size of a point, in inches."""


@dataclass(frozen=True)
class Box:
    """A rectangle, in inches."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "Box") -> bool:
        """Whether the two have anything in common."""
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.top <= other.bottom or other.top <= self.bottom)

    def within(self, other: "Box") -> bool:
        """Whether it lies in the other one as a whole."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.bottom <= self.bottom and self.top <= other.top


@dataclass(frozen=True)
class Labelled:
    """A point and the ends of the lines through it, in inches."""

    label: str
    x: float
    y: float
    x_low: float
    x_high: float
    y_low: float
    y_high: float


LABELLED = [field.name for field in fields(Labelled)]


def placed(points: pd.DataFrame, panel: Box) -> pd.DataFrame | None:
    """Adds x_label and y_label, the middles of the labels; None unless each finds a free place.

    points: of one panel, with the columns of `Labelled`.
    """
    rows = [Labelled(*row) for row in points[LABELLED].itertuples(index=False, name=None)]
    taken = [box for row in rows for box in _drawn(row)]
    middles = []
    for row in rows:
        free = (
            box
            for box in _places(row)
            if box.within(panel) and not any(box.meets(other) for other in taken)
        )
        box = next(free, None)
        if box is None:
            return None
        taken.append(box)
        middles.append(((box.left + box.right) / 2, (box.bottom + box.top) / 2))
    return points.assign(x_label=[x for x, _ in middles], y_label=[y for _, y in middles])


def _drawn(row: Labelled) -> list[Box]:
    """What a point and its two lines take."""
    thin = 0.01
    return [
        Box(row.x - POINT, row.y - POINT, row.x + POINT, row.y + POINT),
        Box(row.x_low, row.y - thin, row.x_high, row.y + thin),
        Box(row.x - thin, row.y_low, row.x + thin, row.y_high),
    ]


def _places(row: Labelled) -> Iterable[Box]:
    """Around the point: at its corners first, where no lines of its own are, then farther off."""
    x, y = row.x, row.y
    wide, high = len(row.label) * figures.LETTER_INCHES, figures.LINE_INCHES
    for far in (GAP, 2 * GAP, 3 * GAP):
        for up in (far / 2, -far / 2 - high):
            yield Box(x + far / 2, y + up, x + far / 2 + wide, y + up + high)
            yield Box(x - far / 2 - wide, y + up, x - far / 2, y + up + high)
    for up in (3 * GAP, -3 * GAP - high):
        yield Box(x - wide / 2, y + up, x + wide / 2, y + up + high)
