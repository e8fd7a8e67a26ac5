"""Clusters of answers, on vectors whose similarities are known, and once as they are embedded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mirrortest.judging import clusters
from mirrortest.judging.embedders import Vectors, embed

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


def _row(answer: str, item: str = "who", sample: int = 0) -> Row:
    return {"item": item, "stratum": "s", "sample": sample, "answer": answer}


def _by_letter(texts: Sequence[str]) -> Vectors:
    """Answers that begin with the same letter are the same."""
    return _at(*(90.0 * "abcd".index(text[0]) for text in texts))


def _verdicts(*rows: Row, makers: Sequence[str] = ("Acme",)) -> list[Row]:
    return list(clusters.verdicts(rows, "identity", makers, _by_letter))


def test_verdicts_name_the_answer_that_they_are_about() -> None:
    cluster, developer = _verdicts(_row("a by Acme", sample=7))
    named = {"evaluation": "identity", "item": "who", "stratum": "s", "sample": 7}
    assert cluster == named | {
        **{"rubric": "cluster", "outcome": "score", "score": 0, "said": ""},
        "clusters": dict.fromkeys(clusters.THRESHOLDS, 0),
    }
    assert developer == named | {
        **{"rubric": "developer", "outcome": "score", "score": 100, "said": ""}
    }


def test_an_empty_answer_is_an_outcome_and_in_no_cluster() -> None:
    found = _verdicts(_row("b"), _row(" \n"), _row("a"), _row("a"))
    rubric = [verdict for verdict in found if verdict["rubric"] == "cluster"]
    assert [verdict["score"] for verdict in rubric] == [1, None, 0, 0]
    assert [verdict["outcome"] for verdict in rubric] == ["score", "empty", "score", "score"]
    assert [verdict["outcome"] for verdict in found if verdict["rubric"] == "developer"][1] == (
        "empty"
    )


def test_nothing_but_empty_answers_is_not_embedded() -> None:
    found = list(clusters.verdicts([_row("")], "identity", ["Acme"], lambda texts: 1 / 0))  # type: ignore[arg-type, return-value]
    assert {verdict["outcome"] for verdict in found} == {"empty"}


def test_answers_to_different_items_are_clustered_apart() -> None:
    found = _verdicts(_row("a"), _row("b", item="other"), _row("a"))
    numbers = [verdict["score"] for verdict in found if verdict["rubric"] == "cluster"]
    assert numbers == [0, 0, 0]


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
    vectors = embed(texts, "all-MiniLM-L6-v2")
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    similar = vectors @ vectors.T
    assert similar[0, 1] > 0.85
    assert similar[0, 2] < 0.4
    assert _numbers(vectors) == [0, 0, 1]
    again = embed(texts[:1], "all-MiniLM-L6-v2")
    assert again[0] == pytest.approx(vectors[0], abs=1e-5)
