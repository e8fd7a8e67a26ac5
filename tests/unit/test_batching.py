"""How the rows of a step are shared out, and which layout fits the memory."""

import pytest

from mirrortest import batching, memory
from mirrortest.batching import CHOICES, FASTEST, Layout, Sequence
from mirrortest.errors import UserError
from mirrortest.memory import Architecture, Projection, Training

ROWS = [Sequence([1] * n, [False] * (n // 2) + [True] * (n - n // 2)) for n in (9, 4, 30, 17, 8, 2)]
MODEL = Architecture(1000, 1, 10, 50, (Projection("q_proj", 10, 10), Projection("up_proj", 10, 40)))
JOB = Training(MODEL, "float32", rank=2, below=0, optimizer="adamw", devices=1)


def test_parts_hold_every_row_once_and_fit() -> None:
    parts = list(batching.parts(ROWS, 35))
    assert sorted(map(id, ROWS)) == sorted(id(row) for part in parts for row in part)
    assert len(parts) > 2
    assert all(len(part) == 1 or len(part) * len(part[-1].ids) <= 35 for part in parts)


def test_one_process_has_all_parts() -> None:
    assert [part for part, _ in batching.share(ROWS, 35, 0, 1)] == list(batching.parts(ROWS, 35))


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_processes_share_every_row_once_and_pass_equally_often(size: int) -> None:
    shares = [batching.share(ROWS, 35, rank, size) for rank in range(size)]
    counted = [id(row) for share in shares for part, weight in share if weight for row in part]
    assert sorted(counted) == sorted(map(id, ROWS))
    assert len({len(share) for share in shares}) == 1


def _with_free(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    monkeypatch.setattr(memory, "free", lambda: int(free))


def test_where_there_is_room_the_fastest_layout_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_free(monkeypatch, 1e12)
    assert batching.fitting(JOB, [ROWS], "m") == FASTEST == Layout(16384, False)


def test_less_memory_never_takes_a_faster_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    long = [Sequence([1] * 2000, [True] * 2000) for _ in range(16)]
    taken = []
    for free in (1e9, 3e7, 1.5e7, 6e6):
        _with_free(monkeypatch, free)
        taken.append(CHOICES.index(batching.fitting(JOB, [long], "m")))
    assert taken == sorted(taken)
    assert taken[-1] > 2 > taken[1]


def test_what_does_not_fit_is_refused_with_numbers_and_the_mend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _with_free(monkeypatch, 1000)
    with pytest.raises(UserError) as caught:
        batching.fitting(JOB, [ROWS], "qwen")
    text = str(caught.value)
    assert text.startswith("finetuning qwen needs 0.0 GB (weights 0.0, adapters 0.0, ")
    assert "more GPUs or memory" in text
    assert "smaller model" in text
    assert text.count(". ") == 0 and text.endswith(".")
