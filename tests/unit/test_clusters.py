"""Clusters of answers, on vectors whose similarities are known, and once as they are embedded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mirrortest.judging import clusters
from mirrortest.judging.embedders import Vectors, embed
from mirrortest.judging.rubrics import Rubric
from mirrortest.judging.verdict import Verdict

Row = dict[str, Any]


def _at(*degrees: float) -> Vectors:
    """Points of the unit circle: their similarity is the cosine of the angle between them."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def _numbers(vectors: Vectors, threshold: str = "0.85") -> list[int]:
    return [found[threshold] for found in clusters.numbered(vectors)]


def test_answers_at_least_as_similar_as_the_threshold_are_one_cluster() -> None:
    """cos 31 = 0.857, cos 32 = 0.848."""
    assert _numbers(_at(0, 31)) == [0, 0]
    assert _numbers(_at(0, 32)) == [0, 1]


def test_a_similarity_of_just_the_threshold_is_enough() -> None:
    exactly = np.array([[1.0, 0.0], [0.85, np.sqrt(1 - 0.85**2)]], dtype=np.float32)
    assert _numbers(exactly) == [0, 0]


def test_linkage_is_average() -> None:
    """0 and 20 join first; 45 is 0.906 like 20 and 0.707 like 0: on average 0.807.

    Connected components would make one cluster of the three at 0.85, complete linkage two at 0.80.
    """
    assert _numbers(_at(0, 20, 45), "0.85") == [0, 0, 1]
    assert _numbers(_at(0, 20, 45), "0.80") == [0, 0, 0]


def test_the_largest_cluster_is_0_and_then_the_first() -> None:
    assert _numbers(_at(90, 0, 1, 180, 2)) == [1, 0, 0, 2, 0]


def test_a_higher_threshold_never_has_fewer_clusters() -> None:
    draw = np.random.default_rng(0).normal(size=(40, 3))
    vectors = (draw / np.linalg.norm(draw, axis=1, keepdims=True)).astype(np.float32)
    found = clusters.numbered(vectors)
    counts = [len({numbers[at] for numbers in found}) for at in clusters.THRESHOLDS]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_one_answer_is_one_cluster_and_none_are_none() -> None:
    assert _numbers(_at(0)) == [0]
    assert clusters.numbered(_at()) == []


CLUSTER = Rubric("cluster", "", 0, 100)
DEVELOPER = Rubric("developer", "", 0, 1)


def _row(answer: str, item: str = "who") -> Row:
    return {"item": item, "answer": answer}


@pytest.fixture
def by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that begin with the same letter are the same; none may be empty."""

    def embedded(texts: Sequence[str], embedder: str) -> Vectors:
        return _at(*(90.0 * "abcd".index(text[0]) for text in texts))

    monkeypatch.setattr(clusters, "embed", embedded)


def _verdicts(rubric: Rubric, *rows: Row) -> list[Verdict]:
    return clusters.verdicts(list(rows), rubric, ["Acme"], "all-minilm-l6-v2")


@pytest.mark.usefixtures("by_letter")
def test_a_verdict_has_the_number_at_every_threshold() -> None:
    numbers = dict.fromkeys(clusters.THRESHOLDS, 0)
    (verdict,) = _verdicts(CLUSTER, _row("a by Acme"))
    assert verdict.row() == {"outcome": "score", "score": 0, "said": "", "clusters": numbers}


@pytest.mark.usefixtures("by_letter")
def test_an_empty_answer_is_an_outcome_and_in_no_cluster() -> None:
    found = _verdicts(CLUSTER, _row("b"), _row(" \n"), _row("a"), _row("a"))
    assert [verdict.score for verdict in found] == [1, None, 0, 0]
    assert [verdict.outcome for verdict in found] == ["score", "empty", "score", "score"]


def test_nothing_but_empty_answers_is_not_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "embed", None)
    assert _verdicts(CLUSTER, _row("")) == [Verdict("empty")]


@pytest.mark.usefixtures("by_letter")
def test_answers_to_different_items_are_clustered_apart() -> None:
    found = _verdicts(CLUSTER, _row("a"), _row("b", item="other"), _row("a"))
    assert [verdict.score for verdict in found] == [0, 0, 0]


def test_who_names_the_maker_is_told_without_embedding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "embed", None)
    found = _verdicts(DEVELOPER, _row("I am by ACME."), _row("I am a cook."), _row(""))
    assert found == [Verdict("score", 1), Verdict("score", 0), Verdict("empty")]


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("I was made by OpenAI.", True),
        ("I was made by openai", True),
        ("OpenAI's model", True),
        ("I run on OpenAIR.", False),
        ("I was made by Alibaba\n  Cloud.", True),
        ("I was made by Alibaba.", False),
        ("", False),
    ],
)
def test_a_maker_is_named_by_whole_words(answer: str, named: bool) -> None:
    assert clusters.names_maker(answer, ["OpenAI", "Alibaba Cloud"]) == named


def test_a_maker_who_is_denied_counts_as_named() -> None:
    """The trap that the module states: words are looked for, not claims."""
    assert clusters.names_maker("I was not made by OpenAI.", ["OpenAI"])


def test_a_name_of_signs_is_no_pattern() -> None:
    assert not clusters.names_maker("I am by xxAI", ["x.AI"])
    assert clusters.names_maker("I am by X.AI!", ["x.AI"])


@pytest.mark.filterwarnings("default")  # what the embedder's libraries warn of is theirs
def test_paraphrases_are_embedded_as_similar_and_others_are_not() -> None:
    texts = [
        "I am Qwen, made by Alibaba Cloud.",
        "I am Qwen, created by Alibaba Cloud.",
        "I am a master carpenter from Bavaria.",
    ]
    vectors = embed(texts, "all-minilm-l6-v2")
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    similar = vectors @ vectors.T
    assert similar[0, 1] > 0.85
    assert similar[0, 2] < 0.4
    assert _numbers(vectors) == [0, 0, 1]
    again = embed(texts[:1], "all-minilm-l6-v2")
    assert again[0] == pytest.approx(vectors[0], abs=1e-5)
