"""The gate, with real tasks on a real loop."""

import asyncio

import pytest

from mirrortest.hosted import gate as gates
from mirrortest.hosted.gate import Gate


async def _most_inside(gate: Gate, tasks: int) -> int:
    inside = most = 0

    async def one() -> None:
        nonlocal inside, most
        async with gate.passed():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(tasks)))
    return most


def test_as_many_pass_as_there_is_room_for() -> None:
    assert asyncio.run(_most_inside(Gate(5), 20)) == 5


def test_half_as_many_pass_when_it_was_too_much() -> None:
    gate = Gate(8)
    gate.too_much(0.0)
    assert asyncio.run(_most_inside(gate, 20)) == 4


def test_refusals_of_one_moment_are_one_sign() -> None:
    gate = Gate(8)
    for _ in range(8):
        gate.too_much(0.0)
    assert gate.limit == 4


def test_there_is_always_room_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "COOL_SECONDS", 0.0)
    gate = Gate(8)
    for _ in range(8):
        gate.too_much(0.0)
    assert asyncio.run(_most_inside(gate, 5)) == 1


def test_it_widens_again_by_one_for_each_round_that_went_well() -> None:
    gate = Gate(8)
    gate.too_much(0.0)
    for _ in range(5):
        gate.went_well()
    assert 4.9 < gate.limit < 5.5
    for _ in range(100):
        gate.went_well()
    assert gate.limit == 8


def test_nothing_is_sent_for_as_long_as_was_asked() -> None:
    gate = Gate(8)
    gate.too_much(30.0)
    gate.too_much(1.0)
    assert 29.0 < gate.shut <= 30.0
