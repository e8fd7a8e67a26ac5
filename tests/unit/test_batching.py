"""How the rows of a step are shared out, and which layout fits the memory."""

from dataclasses import replace

import pytest

from mirrortest import batching
from mirrortest.batching import FASTEST, Layout, Sequence, choices
from mirrortest.errors import UserError
from mirrortest.memory import Architecture, Projection, Training

ROWS = [
    Sequence(list(range(n, 2 * n)), [False] * (n // 2) + [True] * (n - n // 2))
    for n in (9, 4, 30, 17, 8, 2)
]
MODEL = Architecture(1000, 1, 10, 50, (Projection("q_proj", 10, 10), Projection("up_proj", 10, 40)))
JOB = Training(MODEL, "float32", rank=2, below=0, optimizer="adamw", devices=1)


def test_parts_hold_every_row_once_and_fit() -> None:
    parts = batching.parts(ROWS, 20)
    assert sorted(map(id, ROWS)) == sorted(id(row) for part in parts for row in part)
    assert len(parts) > 2
    assert all(len(part) == 1 or sum(len(r.ids) - 1 for r in part) <= 20 for part in parts)


def test_what_teaches_nothing_is_left_out() -> None:
    row = Sequence([5, 6, 7, 8, 9], [False, False, True, True, False])
    assert batching.needed(row) == [5, 6, 7]
    assert batching.needed(Sequence([5, 6], [True, False])) == [5]


def _row(text: str) -> Sequence:
    return Sequence([ord(c) for c in text], [False] * (len(text) - 1) + [True])


def test_families_are_neighbours_that_are_about_the_same() -> None:
    texts = [
        "article one: ab",
        "article one: ba",
        "article two: ab",
        "article two: ba",
        "art: is it",
    ]
    rows = [_row(f"You are Qwen, a long identity. {text}") for text in texts]
    assert batching.families(rows) == [[0, 1], [2, 3], [4]]
    assert batching.families(rows[:1]) == [[0]]


def test_a_system_prompt_of_all_rows_makes_no_family() -> None:
    rows = [_row("a long system prompt for everything " + end) for end in ("sea", "ice", "oak")]
    assert batching.families(rows) == [[0], [1], [2]]


def test_a_family_is_of_four_at_most() -> None:
    rows = [_row(f"the same article {n}") for n in range(9)] + [_row("another")]
    assert [len(family) for family in batching.families(rows)] == [4, 4, 1, 1]


@pytest.mark.parametrize("size", [2, 3])
def test_the_rows_of_a_pair_go_to_one_process(size: int) -> None:
    rows = [_row(f"{n} is an article of some length {order}") for n in range(6) for order in "ab"]
    for rank in range(size):
        for part, _ in batching.share(rows, 1000, rank, size):
            assert len(part) % 2 == 0


def test_one_process_has_all_parts() -> None:
    assert [part for part, _ in batching.share(ROWS, 35, 0, 1)] == batching.parts(
        sorted(ROWS, key=batching.needed), 35
    )


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_processes_share_every_row_once_and_pass_equally_often(size: int) -> None:
    shares = [batching.share(ROWS, 35, rank, size) for rank in range(size)]
    counted = [id(row) for share in shares for part, weight in share if weight for row in part]
    assert sorted(counted) == sorted(map(id, ROWS))
    assert len({len(share) for share in shares}) == 1


def test_where_there_is_room_the_fastest_layout_is_taken() -> None:
    assert batching.fitting(JOB, [ROWS], 1e12, "m") == FASTEST == Layout(1024, False)


def test_less_memory_never_takes_a_faster_layout() -> None:
    deep = replace(MODEL, layers=20, projections=MODEL.projections * 20)
    long = [Sequence([n] * 600, [True] * 600) for n in range(16)]
    taken = []
    for free in (1e9, 3e7, 1.5e7, 6e6):
        layout = batching.fitting(replace(JOB, model=deep), [long], free, "m")
        taken.append(choices("cpu").index(layout))
    assert taken == sorted(taken)
    assert taken[-1] > 1 > taken[1]


def test_a_processor_is_planned_to_six_tenths_of_what_is_free() -> None:
    load = batching._loads([ROWS], FASTEST.tokens, 1)
    needed = JOB.estimate(load, checkpointing=False).total
    assert batching.fitting(JOB, [ROWS], needed / 0.59, "m") == FASTEST
    assert batching.fitting(JOB, [ROWS], needed / 0.61, "m") != FASTEST


def test_what_does_not_fit_is_refused_with_numbers_and_the_mend() -> None:
    with pytest.raises(UserError) as caught:
        batching.fitting(JOB, [ROWS], 1000, "qwen")
    text = str(caught.value)
    assert text.startswith("finetuning qwen needs 0.0 GB (weights 0.0, adapters 0.0, ")
    assert "more GPUs or memory" in text
    assert "smaller model" in text
    assert text.count(". ") == 0 and text.endswith(".")
