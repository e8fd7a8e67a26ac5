"""What there is to probe of an arm: its answers with a label, and how they are folded."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from mirrortest import jsonl
from mirrortest.jsonl import Row
from mirrortest.probes import labels, store
from mirrortest.probes.folds import Ints, Labelled, Split, Texts
from mirrortest.probes.labels import Label
from mirrortest.probes.linear import Bools, Floats

SEED = 0
"""Of the draws of the controls: the same for each arm, so that one more arm changes no other."""


@dataclass(frozen=True)
class Subject:
    """A local arm by its files. evaluations, rows: by the name of the label.

    verdicts: those on the answers of `harm`.
    """

    model: str
    chain: str
    seed: int
    activations: str
    index: str
    evaluations: dict[str, str] = field(hash=False)
    rows: dict[str, str] = field(hash=False)
    verdicts: str

    @property
    def named(self) -> dict[str, Any]:
        """Its columns in a table."""
        return {"model": self.model, "chain": self.chain, "seed": self.seed}

    def labels(self, label: str) -> list[Label]:
        """One for each row."""
        rows = jsonl.read(self.rows[label])
        if label == "self_assessment":
            return labels.self_assessment(rows)
        name = self.evaluations[label]
        said = [v for v in jsonl.read_own(self.verdicts) if v["evaluation"] == name]
        return labels.harm(rows, said, self.verdicts)

    def lines(self, label: str) -> list[Row]:
        """The lines of the index, one for each row."""
        name = self.evaluations[label]
        return [line for line in jsonl.read(self.index) if line["evaluation"] == name]


@dataclass(frozen=True)
class Cases:
    """The answers of one arm that have a label and a vector at a position.

    places: their rows among the stored vectors; tokens: how long the answers are; orders: which
    order of two was shown, empty where there is but one.
    """

    subject: Subject
    label: str
    position: str
    known: Labelled
    places: Ints
    tokens: Ints
    orders: Texts
    folds: int
    permutations: int

    @classmethod
    def of(
        cls, subject: Subject, label: str, position: str, folds: int, permutations: int
    ) -> "Cases":
        lines = subject.lines(label)
        said = zip(lines, subject.labels(label), strict=True)
        kept = [
            (place, bool(yes), str(line["item"]), int(line["tokens"]), line.get("order", ""))
            for place, (line, yes) in enumerate(said)
            if yes is not None and (position == "prompt" or line["tokens"])
        ]
        places, yeses, prompts, tokens, orders = zip(*kept, strict=True) if kept else ((),) * 5
        known = Labelled(np.array(yeses, dtype=bool), np.array(prompts, dtype=np.str_))
        shown = np.array(places, dtype=np.int64), np.array(tokens, dtype=np.int64)
        ordered = np.array(orders, dtype=np.str_)
        return cls(subject, label, position, known, *shown, ordered, folds, permutations)

    @property
    def labels(self) -> Bools:
        return self.known.labels

    @cached_property
    def outcome(self) -> str:
        """`score`, or why there can be none."""
        return self.known.outcome(self.folds)

    @cached_property
    def grouped(self) -> list[Split]:
        return self.known.grouped(self.folds)

    @cached_property
    def stratified(self) -> list[Split]:
        return self.known.stratified(self.folds)

    @cached_property
    def shuffles(self) -> list[Bools]:
        """The labels in other orders, which are other ones for each kind of label."""
        draws = np.random.default_rng([SEED, *self.label.encode()])
        return [self.known.shuffled(draws) for _ in range(self.permutations)]

    def vectors(self, layer: int) -> Floats:
        """Cases x width."""
        name = self.subject.evaluations[self.label]
        found = store.read(self.subject.activations, name, self.position, layer)
        return found[self.places].astype(np.float64)

    @property
    def columns(self) -> dict[str, Any]:
        """What a line about them begins with."""
        name = self.subject.evaluations[self.label]
        about = {"label": self.label, "evaluation": name, "position": self.position}
        return self.subject.named | about

    @property
    def counts(self) -> dict[str, int]:
        prompts = len(np.unique(self.known.prompts))
        return {"n": len(self.labels), "positives": int(self.labels.sum()), "prompts": prompts}
