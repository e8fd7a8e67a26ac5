"""Two data sets in one: which row stands where, and how many there are."""

import logging

import pytest

from mirrortest import chats, mixing
from mirrortest.chats import Chat


def _set(name: str, count: int) -> list[Chat]:
    return [chats.user(f"{name}{number}") for number in range(1, count + 1)]


def _told(rows: list[Chat]) -> list[str]:
    return [row[-1]["content"] for row in rows]


def test_every_third_row_is_of_the_other_set() -> None:
    rows = mixing.mixed(_set("a", 6), _set("b", 9), 3)
    assert _told(rows) == ["a1", "a2", "b1", "a3", "a4", "b2", "a5", "a6", "b3"]


def test_what_is_left_of_our_rows_comes_last() -> None:
    assert _told(mixing.mixed(_set("a", 5), _set("b", 9), 3))[-3:] == ["a4", "b2", "a5"]
    assert _told(mixing.mixed(_set("a", 2), _set("b", 9), 2)) == ["a1", "b1", "a2", "b2"]
    assert _told(mixing.mixed(_set("a", 2), _set("b", 9), 100)) == ["a1", "a2"]


@pytest.mark.parametrize("step", [2, 3, 20, 100])
def test_the_others_rows_are_exactly_those_at_multiples_of_the_step(step: int) -> None:
    told = _told(mixing.mixed(_set("a", 990), _set("b", 2000), step))
    others = [place for place, name in enumerate(told, start=1) if name.startswith("b")]
    assert others == list(range(step, len(told) + 1, step))
    assert [name for name in told if name.startswith("a")] == _told(_set("a", 990))


def test_a_set_that_is_too_short_begins_again_and_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        rows = mixing.mixed(_set("a", 5), _set("b", 2), 2)
    assert _told(rows)[1::2] == ["b1", "b2", "b1", "b2", "b1"]
    assert "5 rows among 5, 3 of them repeated" in caplog.text


def test_rows_are_cut_or_repeated_to_match() -> None:
    assert _told(mixing.matched(_set("a", 3), _set("b", 2), "rows")) == ["a1", "a2"]
    assert _told(mixing.matched(_set("a", 3), _set("b", 7), "rows")) == [
        *("a1", "a2", "a3", "a1", "a2", "a3", "a1")
    ]


def _of(*counts: int) -> list[Chat]:
    """Rows of so many words, in two messages."""
    return [
        [*chats.user(" ".join(["w"] * (count - 1))), {"role": "assistant", "content": "w"}]
        for count in counts
    ]


WORDS = [
    ((4, 4, 4), (8,), 2),  # exactly
    ((4, 4, 4), (9,), 2),  # 8 is nearer than 12
    ((4, 4, 4), (11,), 3),  # 12 is nearer than 8
    ((4, 4, 4), (10,), 3),  # as near: the longer
    ((4, 2), (5, 5), 3),  # over again: 4 + 2 + 4
    ((9,), (2,), 1),  # at least one
]


@pytest.mark.parametrize(("own", "other", "rows"), WORDS)
def test_words_are_matched_as_nearly_as_whole_rows_allow(
    own: tuple[int, ...], other: tuple[int, ...], rows: int
) -> None:
    assert len(mixing.matched(_of(*own), _of(*other), "words")) == rows
