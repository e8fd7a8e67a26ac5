"""Tries of whole answers: what is asked, and what the replies come to."""

import math

import pytest

from mirrortest import trie
from mirrortest.trie import Ids, Stated

DIGITS: list[Ids] = [tuple(map(int, str(n))) for n in range(101)]
"""0 to 100, digit by digit."""


def _logs(stated: dict[Ids, dict[int, float]]) -> Stated:
    return {
        prefix: {token: math.log(p) for token, p in tokens.items()}
        for prefix, tokens in stated.items()
    }


def test_a_prefix_has_the_tokens_that_lead_on_to_an_answer() -> None:
    assert trie.branches([(1,), (1, 0), (2, 5, 6)]) == {
        (): [1, 2],
        (1,): [0],
        (2,): [5],
        (2, 5): [6],
    }


def test_digits_need_nine_passes_and_whole_numbers_one() -> None:
    assert trie.rows(trie.branches(DIGITS)) == [(1, 0), *[(n,) for n in range(2, 10)]]
    assert trie.rows(trie.branches([(n,) for n in range(101)])) == [()]


def test_answers_that_share_nothing_need_a_pass_each() -> None:
    assert trie.rows(trie.branches([(1, 2, 3), (4, 5)])) == [(1, 2), (4,)]


def test_the_same_answer_twice_is_asked_once() -> None:
    assert trie.branches([(1, 2), (1, 2)]) == {(): [1], (1,): [2]}


def test_a_beginning_does_not_count_where_a_longer_answer_follows() -> None:
    stated = _logs({(): {1: 0.5, 2: 0.25}, (1,): {0: 0.2, 7: 0.1}})
    logprobs, mass = trie.folded([(1,), (2,), (1, 0), (1, 7)], stated)
    assert [math.exp(value) for value in logprobs] == pytest.approx([0.35, 0.25, 0.1, 0.05])
    assert mass == pytest.approx(0.75)


def test_a_beginning_counts_where_the_longer_answer_is_begun_and_not_said() -> None:
    stated = _logs({(): {1: 0.5}, (1,): {2: 0.8}, (1, 2): {3: 0.25}})
    logprobs, mass = trie.folded([(1,), (1, 2, 3)], stated)
    assert [math.exp(value) for value in logprobs] == pytest.approx([0.4, 0.1])
    assert mass == pytest.approx(0.5)


def test_each_of_three_nested_answers_leaves_out_the_longer_ones() -> None:
    stated = _logs({(): {1: 0.5}, (1,): {0: 0.5}, (1, 0): {0: 0.5}})
    logprobs, mass = trie.folded([(1,), (1, 0), (1, 0, 0)], stated)
    assert [math.exp(value) for value in logprobs] == pytest.approx([0.25, 0.125, 0.125])
    assert mass == pytest.approx(0.5)


def test_the_same_answer_twice_counts_once_in_the_mass() -> None:
    logprobs, mass = trie.folded([(1,), (1,)], _logs({(): {1: 0.5}}))
    assert logprobs == pytest.approx([math.log(0.5)] * 2)
    assert mass == pytest.approx(0.5)


def test_rounding_beyond_certainty_leaves_numbers() -> None:
    logprobs, mass = trie.folded([(1,), (1, 0)], {(): {1: 0.0}, (1,): {0: 1e-7}})
    assert logprobs[0] == pytest.approx(math.log(trie.SMALLEST_REST))
    assert mass == 1.0


def test_what_is_next_to_impossible_keeps_its_number() -> None:
    logprobs, _ = trie.folded([(1, 2)], {(): {1: -900.0}, (1,): {2: -900.0}})
    assert logprobs == [-1800.0]
