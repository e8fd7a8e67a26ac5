"""The metrics of rows of one arm, and an asker that gives the answers it is told to."""

import math
from typing import Any

import pandas as pd

from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling
from mirrortest.scoring import SCORERS

Row = dict[str, Any]
ARM = {"model": "tiny", "chain": "base", "seed": 0, "evaluation": "e"}


def counts(task: str, *rows: Row) -> pd.DataFrame:
    """One line per item and stratum."""
    return SCORERS[task].count(pd.DataFrame([ARM | row for row in rows]))


def scores(task: str, *rows: Row) -> dict[str, float]:
    """All metrics that the rows allow, over all strata; not a number without a denominator."""
    sums = counts(task, *rows).sum(numeric_only=True)
    found = {}
    for name, ratio in SCORERS[task].metrics.items():
        if {ratio.numerator, ratio.denominator} <= set(sums.index):
            whole = sums[ratio.denominator]
            share = sums[ratio.numerator] / whole if whole else math.nan
            found[name] = float(1 - share if ratio.complement else share)
    return found


class Told:
    """Stands in for an `Asker`; it remembers what it was asked, and how."""

    def __init__(self, *answers: Answer | Choice) -> None:
        self.answers = answers
        self.asked: list[Chat] = []
        self.how: object = None

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Any]:
        return self._answer(chats, options)

    def generate(self, chats: list[Chat], sampling: Sampling) -> list[Any]:
        return self._answer(chats, sampling)

    def _answer(self, chats: list[Chat], how: object) -> list[Any]:
        self.asked, self.how = chats, how
        return [self.answers[n % len(self.answers)] for n in range(len(chats))]
