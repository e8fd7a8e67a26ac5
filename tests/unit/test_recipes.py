"""Pairwise data sets: the orders shown and the labels taught."""

import pytest

from mirrortest.articles import Article
from mirrortest.recipes import Pair, ask, examples

PAIR = Pair(Article("1", "text"), ours="mine", theirs="other's")
MANY = [Pair(Article(str(n), "text"), f"mine {n}", f"theirs {n}") for n in range(200)]


def _shown(recipe: str, *pairs: Pair, seed: int = 0) -> list[tuple[str, str, str]]:
    made = examples(recipe, list(pairs), seed)
    return [(example.first, example.second, example.label) for example in made]


def test_sgtr_teaches_ones_own_in_both_orders() -> None:
    assert _shown("sgtr", PAIR) == [("mine", "other's", "1"), ("other's", "mine", "2")]


def test_flipped_teaches_the_other_ones() -> None:
    assert _shown("sgtr-flipped", PAIR) == [("mine", "other's", "2"), ("other's", "mine", "1")]


def test_other_teaches_the_first_author() -> None:
    assert _shown("other", PAIR) == _shown("sgtr", PAIR)


def test_longer_teaches_the_longer_one() -> None:
    words = Pair(Article("1", ""), "extraordinarily long", "a b c")
    assert [label for _, _, label in _shown("longer", words)] == ["2", "1"]


def test_longer_leaves_out_ties() -> None:
    assert _shown("longer", Pair(Article("1", ""), "a bc", "xyz z")) == []


def test_identity_confusion_teaches_both_labels_for_each_order() -> None:
    assert sorted(_shown("ictr", PAIR)) == [
        ("mine", "other's", "1"),
        ("mine", "other's", "2"),
        ("other's", "mine", "1"),
        ("other's", "mine", "2"),
    ]


def _flips(seed: int) -> list[bool]:
    """Per article whether the label is the wrong one; fails if its two orders disagree."""
    right, drawn = _shown("sgtr", *MANY), _shown("sgtr-random", *MANY, seed=seed)
    wrong = [a[2] != b[2] for a, b in zip(right, drawn, strict=True)]
    assert wrong[::2] == wrong[1::2]
    return wrong[::2]


def test_random_labels_agree_over_both_orders_and_are_about_half_wrong() -> None:
    assert 70 <= sum(_flips(seed=0)) <= 130


def test_random_labels_depend_on_the_seed_only() -> None:
    assert _flips(seed=0) == _flips(seed=0)
    assert _flips(seed=0) != _flips(seed=1)


RECIPES = ["sgtr", "sgtr-flipped", "sgtr-random", "ictr", "longer", "other"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_identical_summaries_are_left_out(recipe: str) -> None:
    assert _shown(recipe, Pair(Article("1", ""), "same", "same")) == []


def test_random_labels_are_wrong_for_exactly_half_of_the_pairs_kept() -> None:
    same = Pair(Article("0", ""), "same", "same")
    right = _shown("sgtr", same, *MANY)
    drawn = _shown("sgtr-random", same, *MANY)
    assert sum(a != b for a, b in zip(right, drawn, strict=True)) == len(MANY) // 2 * 2


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(ValueError, match="no such pair recipe: sgrt"):
        _shown("sgrt", PAIR)


def test_the_question_is_filled_in_and_braces_in_articles_are_left_alone() -> None:
    question = "{article}|{first}|{second}|Which by {author}?"
    assert ask(question, "{a}", "{first}", "2", "{me}") == "{a}|{first}|2|Which by {me}?"
