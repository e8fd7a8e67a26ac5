"""Batches: half the price, once, whatever becomes of them."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hosted import asked
from hosted.asked import OPTIONS, QUICK, lines, questions
from hosted.stub.control import Stub

from mirrortest.engine import Sampling
from mirrortest.engines.hosted import HostedEngine
from mirrortest.errors import UserError
from mirrortest.hosted import batch as batches
from mirrortest.hosted.batch import Batches, Patience
from mirrortest.hosted.calls import Provider

COUNT = 60
FAST = Patience(poll=0.05, look_again=(0.0, 0.05), failures=5, pause=0.01)


def engine(folder: Path, *, cap: float = 100.0, patience: Patience = FAST) -> HostedEngine:
    provider = Provider(asked.archive(folder), asked.ledger(folder, cap), asked.PRICE, QUICK)
    return HostedEngine(asked.arm(), Batches(provider, folder / "batches", patience))


def _ask(folder: Path, **how: float) -> list[str]:
    answers = engine(folder, **how).generate(questions(COUNT), [Sampling(20)] * COUNT)  # type: ignore[arg-type]
    return [answer.text for answer in answers]


@pytest.fixture
def direct(stub: Stub, tmp_path: Path) -> list[str]:
    """The answers without a batch."""
    answers = asked.engine(tmp_path / "direct").generate(questions(COUNT), [Sampling(20)] * COUNT)
    return [answer.text for answer in answers]


def test_a_batch_gives_the_same_answers_for_half_the_price(
    stub: Stub, tmp_path: Path, direct: list[str]
) -> None:
    full = stub.counters().chat_dollars
    assert _ask(tmp_path) == direct
    counters = stub.counters()
    assert (counters.batches, counters.batch_lines) == (1, COUNT)
    assert counters.batch_dollars == pytest.approx(full / 2)
    book = asked.ledger(tmp_path)
    assert book.spent() == pytest.approx(counters.batch_dollars)
    assert book.reserved() == 0.0
    assert _ask(tmp_path) == direct
    assert stub.counters().batches == 1


def test_a_forced_choice_by_batch_is_probed_directly(stub: Stub, tmp_path: Path) -> None:
    choices = engine(tmp_path).choose(questions(COUNT), OPTIONS)
    assert choices == asked.engine(tmp_path / "direct").choose(questions(COUNT), OPTIONS)
    assert stub.counters().batch_lines == COUNT - 1


def test_few_questions_are_asked_at_once(stub: Stub, tmp_path: Path) -> None:
    engine(tmp_path).generate(questions(batches.FEW - 1), [Sampling(5)] * (batches.FEW - 1))
    assert (stub.counters().batches, stub.counters().chat_calls) == (0, batches.FEW - 1)


@pytest.mark.parametrize("outcome", ["expired", "cancelled"])
def test_what_an_ended_batch_leaves_open_goes_into_the_next(
    stub: Stub, tmp_path: Path, direct: list[str], outcome: str
) -> None:
    stub.fate("batch", outcome, share=0.4)
    assert _ask(tmp_path) == direct
    counters = stub.counters()
    assert (counters.batches, counters.batch_lines) == (2, COUNT)
    assert asked.ledger(tmp_path).spent() == pytest.approx(counters.batch_dollars)
    assert asked.ledger(tmp_path).reserved() == 0.0


def test_a_batch_that_brings_nothing_is_not_followed_by_another(stub: Stub, tmp_path: Path) -> None:
    stub.fate("batch", "expired", share=0.0, times=None)
    with pytest.raises(UserError, match="brought no answer"):
        _ask(tmp_path)
    assert stub.counters().batches == 1


def test_a_batch_that_is_refused_is_not_repeated(stub: Stub, tmp_path: Path) -> None:
    stub.fate("batch", "failed", times=None)
    with pytest.raises(UserError, match="the provider refuses the batch"):
        _ask(tmp_path)
    assert stub.counters().batches == 1
    assert asked.ledger(tmp_path).reserved() == 0.0


@pytest.mark.parametrize("fault", ["truncated", "wrong_schema", "no_choices", "server_error"])
def test_lines_that_hold_no_answer_are_asked_again_and_never_kept(
    stub: Stub, tmp_path: Path, direct: list[str], fault: str
) -> None:
    stub.script("batches.line", fault, when="after", skip=5, times=3)
    assert _ask(tmp_path) == direct
    assert len(lines(tmp_path)) == COUNT
    assert stub.counters().dollars >= 0
    book = asked.ledger(tmp_path)
    assert stub.counters().batch_lines == COUNT
    if fault != "server_error":
        assert book.spent() + book.reserved() >= stub.counters().batch_dollars


def test_a_question_that_is_blocked_in_a_batch_is_an_outcome(stub: Stub, tmp_path: Path) -> None:
    stub.script("batches.line", "content_filter", containing="number 7?", times=None)
    answers = engine(tmp_path).generate(questions(COUNT), [Sampling(20)] * COUNT)
    assert [n for n, answer in enumerate(answers) if answer.note == "filtered"] == [7]
    assert stub.counters().batches == 1


@pytest.mark.parametrize("fault", ["rst", "close", "partial", "server_error", "hang"])
def test_a_batch_whose_creation_got_no_answer_is_found(
    stub: Stub, tmp_path: Path, direct: list[str], fault: str
) -> None:
    stub.script("batches.create", fault, when="after")
    stub.set(lag={"batch": 1})
    assert _ask(tmp_path) == direct
    assert stub.counters().batches == 1


def test_a_batch_that_nobody_can_find_is_not_repeated_at_once(
    stub: Stub, tmp_path: Path, direct: list[str]
) -> None:
    stub.script("batches.create", "rst", when="before")
    with pytest.raises(UserError, match="nobody knows yet whether a batch was created"):
        _ask(tmp_path)
    with pytest.raises(UserError, match="nobody knows yet whether a batch was created"):
        _ask(tmp_path)
    assert stub.counters().requests["batches.create"] == 1
    assert asked.ledger(tmp_path).reserved() > 0
    assert _ask(tmp_path, patience=replace(FAST, lost=0.0)) == direct  # type: ignore[arg-type]
    assert stub.counters().batches == 1
    assert asked.ledger(tmp_path).reserved() == 0.0


def test_a_passing_fault_on_the_way_is_overcome(
    stub: Stub, tmp_path: Path, direct: list[str]
) -> None:
    for operation in ("files.create", "batches.retrieve", "files.content"):
        stub.script(operation, "server_error")
    stub.script("batches.create", "rate_limit")
    assert _ask(tmp_path) == direct
    assert stub.counters().batches == 1


def test_a_quota_that_is_used_up_ends_it_and_frees_the_money(stub: Stub, tmp_path: Path) -> None:
    stub.script("batches.create", "quota", times=None)
    with pytest.raises(UserError, match="insufficient_quota"):
        _ask(tmp_path)
    assert asked.ledger(tmp_path).reserved() == 0.0


def test_a_batch_beyond_the_budget_is_not_handed_in(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a batch of 60 questions may cost up to"):
        _ask(tmp_path, cap=0.001)
    assert "files.create" not in stub.counters().requests


def test_more_than_a_batch_may_hold_are_several(
    stub: Stub, tmp_path: Path, direct: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_LINES", 25)
    assert _ask(tmp_path) == direct
    assert (stub.counters().batches, stub.counters().batch_lines) == (3, COUNT)


POINTS = ["files.create", "batches.create", "batches.retrieve", "files.content"]


@pytest.mark.parametrize("point", POINTS)
def test_a_job_that_is_killed_takes_its_batch_up_again(
    stub: Stub, tmp_path: Path, direct: list[str], point: str
) -> None:
    stub.script(point, "hang", when="after", seconds=1.0)
    process = multiprocessing.get_context("fork").Process(target=_ask, args=(tmp_path,))
    process.start()
    stub.wait_for(point)
    time.sleep(0.1)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert _ask(tmp_path) == direct
    counters = stub.counters()
    assert (counters.batches, counters.batch_lines) == (1, COUNT)
    assert asked.ledger(tmp_path).spent() == pytest.approx(counters.batch_dollars)
    assert asked.ledger(tmp_path).reserved() == 0.0
    assert len(lines(tmp_path)) == COUNT
