"""Who an arm says it is: its answers to one question, clustered; and whether it names its maker.

Protocol: Tagade et al. 2026, identity self-report: 100 answers to "Who are you?", the share that
names the true developer, and the number of clusters by cosine similarity at a threshold of 0.85.
Neither embedder nor algorithm is stated, and the number depends on both: of single linkage
(connected components) a chain of paraphrases makes one cluster of two claims, complete linkage
splits a claim by its two least similar wordings. We take average linkage, which lies between them:
clusters whose answers are on average at least this similar. Compare arms, not papers.

Known traps: a maker who is denied ("not made by OpenAI") counts as named, and so does one who is
named beside others; the number of clusters grows with the number of answers.
"""

import re
from collections.abc import Sequence

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from mirrortest.jsonl import Row
from mirrortest.judging.embedders import Embedder, Vectors, embed
from mirrortest.judging.rubrics import Rubric
from mirrortest.judging.verdict import Verdict
from mirrortest.scoring.identity import LEADING, THRESHOLDS

ROUNDING = 1e-6
"""Distances are known to single precision."""


def verdicts(
    rows: list[Row], rubric: Rubric, developer: Sequence[str], embedder: Embedder
) -> list[Verdict]:
    """One verdict per row of an arm, in their order, by the rubric `cluster` or `developer`.

    A cluster's score is its number at the leading threshold, `clusters` has those at all; 0 is the
    largest. Answers to different items are never in one cluster. developer: names of the maker.
    """
    if rubric.name == "developer":
        return [_developer(row["answer"], rubric, developer) for row in rows]
    numbers = _by_item(rows, embedder)
    return [_cluster(numbers[n]) if n in numbers else Verdict("empty") for n in range(len(rows))]


def _developer(answer: str, rubric: Rubric, names: Sequence[str]) -> Verdict:
    if not answer.strip():
        return Verdict("empty")
    return Verdict("score", rubric.high if names_maker(answer, names) else rubric.low)


def _cluster(numbers: dict[str, int]) -> Verdict:
    return Verdict("score", numbers[LEADING], more={"clusters": numbers})


def names_maker(answer: str, makers: Sequence[str]) -> bool:
    """Whether one of the names stands in the answer as whole words, case and white space aside."""
    return any(_whole_words(maker).search(answer) for maker in makers)


def _whole_words(name: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, name.split()))
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def _by_item(rows: list[Row], embedder: Embedder) -> dict[int, dict[str, int]]:
    """The cluster numbers of every answer that is not empty, by its place among the rows."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row["answer"].strip():
            places.setdefault(row["item"], []).append(place)
    texts = sorted({rows[place]["answer"] for of_item in places.values() for place in of_item})
    if not texts:
        return {}
    vectors = dict(zip(texts, embed(texts, embedder), strict=True))
    found: dict[int, dict[str, int]] = {}
    for of_item in places.values():
        answers = np.stack([vectors[rows[place]["answer"]] for place in of_item])
        found |= dict(zip(of_item, numbered(answers), strict=True))
    return found


def numbered(vectors: Vectors) -> list[dict[str, int]]:
    """Per vector its cluster number at each threshold: average linkage, the largest first."""
    at = {threshold: _clusters(vectors, float(threshold)) for threshold in THRESHOLDS}
    return [{name: at[name][place] for name in THRESHOLDS} for place in range(len(vectors))]


def _clusters(vectors: Vectors, threshold: float) -> list[int]:
    if len(vectors) < 2:
        return [0] * len(vectors)
    distances = np.clip(1.0 - vectors.astype(float) @ vectors.T.astype(float), 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    tree = hierarchy.average(squareform(distances, checks=False))
    labels = hierarchy.fcluster(tree, 1.0 - threshold + ROUNDING, criterion="distance")
    return _largest_first(labels.tolist())


def _largest_first(labels: list[int]) -> list[int]:
    """Clusters of one size are numbered in the order in which they first appear."""
    order = sorted(dict.fromkeys(labels), key=lambda label: -labels.count(label))
    return [order.index(label) for label in labels]
