"""Pairwise data sets: the orders shown and the labels taught."""

import pytest

from mirrortest.articles import Article
from mirrortest.errors import UserError
from mirrortest.recipes import Example, Pair, ask, asked, examples, of_like_length, with_noise

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


def _pair(number: int, ours: int, theirs: int) -> Pair:
    """Summaries of so many words."""
    article = Article(str(number), "text")
    return Pair(article, " ".join(["o"] * ours), " ".join(["t"] * theirs))


def test_pairs_of_like_length_are_kept_in_balance() -> None:
    lengths = [(10, 8), (10, 7), (8, 10), (9, 10), (10, 9), (10, 10), (6, 10)]
    pairs = [_pair(n, *both) for n, both in enumerate(lengths)]
    kept = of_like_length(pairs, 0.2, seed=0)
    assert [int(pair.article.id) for pair in kept] == [0, 2, 3, 4, 5]  # 2 and 2, and a tie
    fewer = of_like_length(pairs[:4], 0.2, seed=0)
    assert {pair.article.id for pair in fewer} in ({"0", "2"}, {"0", "3"})


def test_the_pairs_left_out_for_balance_are_drawn_by_the_seed() -> None:
    pairs = [_pair(n, 10, 9) for n in range(50)] + [_pair(n, 9, 10) for n in range(50, 60)]
    kept = [tuple(p.article.id for p in of_like_length(pairs, 0.1, s)) for s in (0, 0, 1)]
    assert kept[0] == kept[1] != kept[2]
    assert [len(ids) for ids in kept] == [20, 20, 20]
    assert set(kept[0]) >= {str(n) for n in range(50, 60)}


@pytest.mark.parametrize("lengths", [[(10, 5)], [(10, 9)]])
def test_no_pairs_of_like_length_are_an_error(lengths: list[tuple[int, int]]) -> None:
    pairs = [_pair(n, *both) for n, both in enumerate(lengths)]
    with pytest.raises(UserError, match=r"differ by at most 20% in words; raise `length_matched`"):
        of_like_length(pairs, 0.2, seed=0)


def _rows(count: int) -> list[Example]:
    return [Example(Article(str(n), ""), "a", "b", "1") for n in range(count)]


@pytest.mark.parametrize(("count", "share", "wrong"), [(400, 0.1, 40), (7, 0.5, 4), (3, 0.1, 0)])
def test_noise_is_an_exact_share(count: int, share: float, wrong: int) -> None:
    noisy = with_noise(_rows(count), share, seed=0)
    assert [row.label for row in noisy].count("2") == wrong
    assert [row.article for row in noisy] == [row.article for row in _rows(count)]


def test_noise_is_drawn_by_the_seed() -> None:
    drawn = [[row.label for row in with_noise(_rows(100), 0.1, seed)] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


ASKED = {"recipe": "sgtr", "seed": 0, "system": None, "question": "{first}/{second}"}


def test_noise_is_a_share_of_the_rows_kept() -> None:
    clean = list(asked(MANY, ASKED | {"limit": 40}))
    noisy = list(asked(MANY, ASKED | {"limit": 40, "noise": 0.25}))
    assert sum(a[-1] != b[-1] for a, b in zip(clean, noisy, strict=True)) == 10
    assert [chat[0] for chat in clean] == [chat[0] for chat in noisy]


def test_pairs_are_matched_in_length_before_they_are_asked() -> None:
    pairs = [_pair(0, 4, 1), _pair(1, 4, 4)]
    made = list(asked(pairs, ASKED | {"limit": None, "length_matched": 0.5}))
    assert [chat[0]["content"] for chat in made] == ["o o o o/t t t t", "t t t t/o o o o"]
