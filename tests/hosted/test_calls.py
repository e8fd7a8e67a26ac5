"""Calls against a server that fails in every way, and a counter of what it was paid."""

import logging
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hosted import asked
from hosted.asked import OPTIONS, QUICK, archive, billed, engine, ledger, lines, questions
from hosted.stub import malformed
from hosted.stub.control import Stub

from mirrortest.engine import Sampling, Weights
from mirrortest.errors import UserError
from mirrortest.hosted.archive import Archive, Record

COUNT = 40


def _asks(stub: Stub) -> int:
    return len(stub.requests("chat.create"))


def test_every_question_is_paid_once_and_answered_in_order(stub: Stub, tmp_path: Path) -> None:
    choices = engine(tmp_path).choose(questions(COUNT), OPTIONS)
    assert billed(stub) == _asks(stub) == len(lines(tmp_path)) == COUNT
    again = engine(tmp_path).choose(questions(COUNT)[::-1], OPTIONS)
    assert again == choices[::-1]
    assert _asks(stub) == COUNT


def test_what_was_chosen_is_weighed_without_another_call(stub: Stub, tmp_path: Path) -> None:
    choices = engine(tmp_path).choose(questions(COUNT), OPTIONS)
    weighed = engine(tmp_path).weigh(questions(COUNT), [OPTIONS] * COUNT)
    assert _asks(stub) == COUNT
    listed = [n for n, choice in enumerate(choices) if not choice.note]
    assert len(listed) > COUNT / 2
    for n in listed:
        assert weighed[n] == Weights(choices[n].logprobs, choices[n].mass)


def test_a_provider_weighs_no_answers_of_several_tokens(stub: Stub, tmp_path: Path) -> None:
    found = engine(tmp_path).weigh(questions(2), [OPTIONS, ("Nothing happens.", "You die.")])
    assert [weights.note for weights in found] == ["", "several-tokens"]


def test_the_ledger_agrees_with_the_bill(stub: Stub, tmp_path: Path) -> None:
    engine(tmp_path).generate(questions(COUNT), [Sampling(20, temperature=1.0)] * COUNT)
    assert ledger(tmp_path).spent() == pytest.approx(stub.counters().dollars, abs=1e-12)
    assert ledger(tmp_path).reserved() == 0.0


def test_what_is_kept_can_be_checked_later(stub: Stub, tmp_path: Path) -> None:
    engine(tmp_path).choose(questions(1), OPTIONS)
    (record,) = archive(tmp_path).records()
    assert record.request == stub.asked()[0]
    assert record.response["model"] == asked.MODEL
    assert record.response["system_fingerprint"] == "fp_stub"
    assert record.response["usage"]["prompt_tokens"] > 0
    assert str(record.request_id).startswith("req_")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record.when)


def test_no_more_calls_are_under_way_than_allowed(stub: Stub, tmp_path: Path) -> None:
    stub.set(latency=0.05)
    engine(tmp_path, limits=replace(QUICK, calls=5)).choose(questions(30), OPTIONS)
    assert stub.counters().high_water["chat.create"] == 5


def test_draws_of_the_same_question_are_different_calls(stub: Stub, tmp_path: Path) -> None:
    drawn = [
        engine(tmp_path).generate(questions(1), [Sampling(20, temperature=1.0, seed=seed)] * 1)
        for seed in (0, 1, 0)
    ]
    assert billed(stub) == 2
    assert drawn[0] == drawn[2] != drawn[1]


def test_a_question_that_is_asked_twice_at_once_is_paid_once(stub: Stub, tmp_path: Path) -> None:
    answers = engine(tmp_path).generate(questions(1) * 2, [Sampling(20)] * 2)
    assert answers[0] == answers[1]
    assert billed(stub) == _asks(stub) == len(lines(tmp_path)) == 1


# --- faults

BEFORE_AND_AFTER = ["server_error", "html_503", "close", "rst", "partial", "timeout", "conflict"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", [*BEFORE_AND_AFTER, "overloaded", "rate_limit", "slow_down"])
def test_a_passing_fault_costs_no_answer(stub: Stub, tmp_path: Path, fault: str, when: str) -> None:
    stub.script("chat.create", fault, when=when, skip=3, times=2)
    engine(tmp_path).choose(questions(12), OPTIONS)
    assert len(lines(tmp_path)) == 12
    assert _asks(stub) == 14
    assert billed(stub) == (12 if when == "before" else 14)


@pytest.mark.parametrize("fault", ["server_error", "html_503", "close", "rst", "partial"])
def test_what_may_have_been_paid_stays_reserved(stub: Stub, tmp_path: Path, fault: str) -> None:
    stub.script("chat.create", fault, when="after", skip=1, times=2)
    engine(tmp_path).choose(questions(6), OPTIONS)
    book = ledger(tmp_path)
    assert book.reserved() > 0
    assert book.spent() < stub.counters().dollars <= book.spent() + book.reserved()


@pytest.mark.parametrize("fault", ["rate_limit", "slow_down", "overloaded", "conflict"])
def test_what_was_refused_was_not_paid(stub: Stub, tmp_path: Path, fault: str) -> None:
    stub.script("chat.create", fault, skip=1, times=2)
    engine(tmp_path).choose(questions(6), OPTIONS)
    assert ledger(tmp_path).reserved() == 0.0


def test_a_call_that_hangs_ends_and_stays_reserved(stub: Stub, tmp_path: Path) -> None:
    stub.script("chat.create", "hang", when="after", seconds=3.0)
    engine(tmp_path, limits=replace(QUICK, timeout=0.5)).choose(questions(4), OPTIONS)
    assert len(lines(tmp_path)) == 4
    assert ledger(tmp_path).reserved() > 0


def test_a_server_that_is_not_there_was_not_paid(stub: Stub, tmp_path: Path) -> None:
    stub.kill()
    with pytest.raises(UserError, match="ConnectError"):
        engine(tmp_path).choose(questions(4), OPTIONS)
    assert ledger(tmp_path).reserved() == 0.0


def test_a_question_that_always_fails_ends_and_the_others_are_kept(
    stub: Stub, tmp_path: Path
) -> None:
    stub.script("chat.create", "server_error", containing="number 7?", times=None)
    with pytest.raises(UserError, match=r"1 calls failed, the last: 500.*19 of 20|18 of 19"):
        engine(tmp_path).choose(questions(20), OPTIONS)
    assert len(lines(tmp_path)) == 19
    assert _asks(stub) == 19 + QUICK.attempts


def test_a_call_is_given_up_when_its_time_is_over(stub: Stub, tmp_path: Path) -> None:
    stub.script("chat.create", "rate_limit", times=None, headers={"retry-after": "30"})
    began = time.monotonic()
    with pytest.raises(UserError, match="429 rate_limit_exceeded"):
        engine(tmp_path, limits=replace(QUICK, patience=10)).choose(questions(4), OPTIONS)
    assert time.monotonic() - began < 5


def test_a_provider_that_is_down_is_left_alone(stub: Stub, tmp_path: Path) -> None:
    engine(tmp_path).choose(questions(1), OPTIONS)
    stub.script("chat.create", "server_error", times=None)
    with pytest.raises(UserError, match="6 calls failed in a row"):
        engine(tmp_path, limits=replace(QUICK, calls=3, breaker=2)).choose(questions(50), OPTIONS)
    assert _asks(stub) <= 1 + 6 + 3


def test_failures_between_answers_are_not_in_a_row(stub: Stub, tmp_path: Path) -> None:
    for number in (1, 3, 5):
        stub.script("chat.create", "server_error", containing=f"number {number}?")
    engine(tmp_path, limits=replace(QUICK, calls=1, breaker=2)).choose(questions(7), OPTIONS)
    assert len(lines(tmp_path)) == 7
    assert _asks(stub) == 7 + 3


# --- limits of the rate


@pytest.mark.parametrize("header", [{"retry-after": "1"}, {"retry-after-ms": "1000"}])
def test_the_wait_that_is_asked_for_is_the_least(
    stub: Stub, tmp_path: Path, header: dict[str, str]
) -> None:
    stub.script("chat.create", "rate_limit", skip=5, headers=header)
    engine(tmp_path, limits=replace(QUICK, calls=2)).choose(questions(20), OPTIONS)
    rows = stub.requests("chat.create")
    refused = next(row for row in rows if row["status"] == 429)
    later = [row["at"] - refused["ended"] for row in rows if row["at"] > refused["ended"] + 0.1]
    assert later and min(later) >= 0.95


def test_after_a_rate_limit_fewer_calls_are_under_way(
    stub: Stub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stub.script("chat.create", "rate_limit", skip=8, times=4)
    with caplog.at_level(logging.INFO, logger="mirrortest.hosted.calls"):
        engine(tmp_path, limits=replace(QUICK, calls=8)).choose(questions(14), OPTIONS)
    told = re.search(r"(\d+) calls at a time", caplog.messages[-1])
    assert told is not None and 4 <= int(told[1]) <= 6


# --- what stops everything

STOPS = {
    "quota": "insufficient_quota.*credit or limit",
    "credit": "credit_balance_exhausted.*credit or limit",
    "project_limit": "project_spend_limit_exceeded.*credit or limit",
    "daily_limit": "daily_rate_limit_exceeded.*reset",
    "model_not_found": "404 model_not_found.*still exists",
    "training_not_available": "403 training_not_available",
    "context_length": "context_length_exceeded.*max_words",
}


@pytest.mark.parametrize(("fault", "words"), STOPS.items())
def test_what_no_repetition_mends_stops_at_once(
    stub: Stub, tmp_path: Path, fault: str, words: str
) -> None:
    stub.set(latency=0.01)
    stub.script("chat.create", fault, skip=15, times=None)
    with pytest.raises(UserError, match=words):
        engine(tmp_path).choose(questions(COUNT), OPTIONS)
    assert billed(stub) == len(lines(tmp_path)) == 15
    assert _asks(stub) <= 15 + QUICK.calls
    stub.forgive()
    engine(tmp_path).choose(questions(COUNT), OPTIONS)
    assert billed(stub) == len(lines(tmp_path)) == COUNT
    assert ledger(tmp_path).spent() == pytest.approx(stub.counters().dollars)


def test_a_stop_does_not_wait_for_calls_that_wait(stub: Stub, tmp_path: Path) -> None:
    stub.script("chat.create", "server_error", skip=1, headers={"retry-after": "60"})
    stub.script("chat.create", "quota", skip=10, times=None)
    began = time.monotonic()
    with pytest.raises(UserError, match="insufficient_quota"):
        engine(tmp_path).choose(questions(COUNT), OPTIONS)
    assert time.monotonic() - began < 10


def test_what_is_under_way_when_it_stops_is_kept(stub: Stub, tmp_path: Path) -> None:
    engine(tmp_path).choose(questions(1), OPTIONS)
    stub.set(latency=0.3)
    stub.script("chat.create", "quota", skip=1)
    with pytest.raises(UserError, match="insufficient_quota"):
        engine(tmp_path).choose(questions(9), OPTIONS)
    assert billed(stub) == len(lines(tmp_path)) == 8


def test_a_wrong_key_is_named_and_not_shown(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789abcdef")
    with pytest.raises(UserError, match=r"401 invalid_api_key.*OPENAI_API_KEY is right") as caught:
        engine(tmp_path).choose(questions(20), OPTIONS)
    assert "sk-" not in str(caught.value)
    assert _asks(stub) <= QUICK.calls


def test_no_key_is_said_before_anything_is_sent(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UserError, match="OPENAI_API_KEY is not in the environment"):
        engine(tmp_path).choose(questions(1), OPTIONS)
    assert _asks(stub) == 0


# --- refusals of one question


def test_a_question_that_the_provider_blocks_is_an_outcome_and_no_answer(
    stub: Stub, tmp_path: Path
) -> None:
    stub.script("chat.create", "content_filter", containing="number 3?", times=None)
    choices = engine(tmp_path).choose(questions(6), OPTIONS)
    assert [choice.note for choice in choices] == ["", "", "", "filtered", "", ""]
    assert (choices[3].logprobs, choices[3].free) == (None, "")
    assert engine(tmp_path).choose(questions(6), OPTIONS) == choices
    assert _asks(stub) == 6
    assert ledger(tmp_path).reserved() == 0.0


@pytest.mark.parametrize(("fault", "note"), [("filtered", "filtered"), ("refusal", "refused")])
def test_an_answer_that_is_withheld_is_an_outcome_and_no_answer(
    stub: Stub, tmp_path: Path, fault: str, note: str
) -> None:
    stub.script("chat.create", fault, containing="number 3?", times=None)
    answers = engine(tmp_path).generate(questions(6), [Sampling(20)] * 6)
    assert [answer.note for answer in answers] == ["", "", "", note, "", ""]
    assert (answers[3].text, answers[3].ended) == ("", False)
    assert _asks(stub) == 6


@pytest.mark.parametrize("error", [OSError("no space left"), RuntimeError("a bug")])
def test_what_one_answer_breaks_on_does_not_end_the_others(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    add, came = Archive.add, threading.Event()

    def broken(self: Archive, record: Record) -> None:
        if not came.is_set():
            came.set()
            raise error
        add(self, record)

    monkeypatch.setattr(Archive, "add", broken)
    with pytest.raises(UserError if isinstance(error, OSError) else RuntimeError) as caught:
        engine(tmp_path).generate(questions(QUICK.calls), [Sampling(20)] * QUICK.calls)
    assert str(error) in str(caught.value)
    assert len(lines(tmp_path)) == _asks(stub) - 1


# --- 200s that are none

HARMLESS = {"length", "fewer_tokens", "out_of_range", "refusal", "filtered"}
SPOILERS = sorted(malformed.KINDS.keys() - HARMLESS)


def test_all_spoilers_are_accounted_for() -> None:
    assert len(SPOILERS) >= 10
    assert malformed.KINDS.keys() > HARMLESS


@pytest.mark.parametrize("fault", SPOILERS)
def test_an_answer_that_is_none_is_asked_again_and_never_kept(
    stub: Stub, tmp_path: Path, fault: str
) -> None:
    stub.script("chat.create", fault, containing="number 3?", times=2)
    spoiled = engine(tmp_path).choose(questions(6), OPTIONS)
    assert _asks(stub) == 8
    assert len(lines(tmp_path)) == 6
    assert spoiled == engine(tmp_path / "clean").choose(questions(6), OPTIONS)


@pytest.mark.parametrize("fault", SPOILERS)
def test_where_only_such_answers_come_no_row_is_kept(
    stub: Stub, tmp_path: Path, fault: str
) -> None:
    stub.script("chat.create", fault, containing="number 3?", times=None)
    with pytest.raises(UserError, match="1 calls failed"):
        engine(tmp_path).choose(questions(6), OPTIONS)
    assert len(lines(tmp_path)) == 5
    assert not any("number 3?" in line for line in lines(tmp_path))
    assert _asks(stub) == 5 + QUICK.paid
    book = ledger(tmp_path)
    assert stub.counters().dollars <= book.spent() + book.reserved()


@pytest.mark.parametrize("fault", ["fewer_tokens", "out_of_range", "length"])
def test_an_answer_with_a_blemish_is_one(stub: Stub, tmp_path: Path, fault: str) -> None:
    stub.script("chat.create", fault, times=None)
    choices = engine(tmp_path).choose(questions(6), OPTIONS)
    assert _asks(stub) == 6
    assert {choice.note for choice in choices} <= {"", "bounded", "unlisted"}


# --- models without log-probabilities


@pytest.mark.parametrize(("model", "paid"), [("gpt-6-luna", QUICK.paid), ("o3", 0)])
def test_a_model_that_states_no_logprobs_gives_its_free_answers(
    stub: Stub, tmp_path: Path, model: str, paid: int, caplog: pytest.LogCaptureFixture
) -> None:
    choices = engine(tmp_path, model=model).choose(questions(6), OPTIONS)
    assert {choice.note for choice in choices} == {"no-logprobs"}
    assert all(choice.logprobs is None and choice.mass is None for choice in choices)
    assert all(choice.free for choice in choices)
    assert billed(stub) == 6 + paid
    assert f"only free answers of {model} are taken" in caplog.text
    assert engine(tmp_path, model=model).choose(questions(6), OPTIONS) == choices
    assert billed(stub) == 6 + paid


def test_a_first_question_that_is_blocked_decides_nothing(stub: Stub, tmp_path: Path) -> None:
    stub.script("chat.create", "content_filter", containing="number 0?", times=None)
    choices = engine(tmp_path, model="gpt-6-luna").choose(questions(3), OPTIONS)
    assert [choice.note for choice in choices] == ["filtered", "no-logprobs", "no-logprobs"]


# --- money


def test_the_cap_is_never_exceeded_whatever_fails(stub: Stub, tmp_path: Path) -> None:
    stub.set(latency=0.02)
    for fault in ("server_error", "close", "truncated", "rst"):
        stub.script("chat.create", fault, when="after", skip=10, times=3)
    cap = 0.004
    with pytest.raises(UserError, match=r"of the budget of \$0.00 there is"):
        engine(tmp_path, cap=cap).choose(questions(400), OPTIONS)
    book = ledger(tmp_path, cap)
    assert 0 < stub.counters().dollars <= book.spent() + book.reserved() <= cap
    assert billed(stub) < 400


def test_a_larger_budget_goes_on_where_it_stopped(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="raise `budget: dollars`"):
        engine(tmp_path, cap=0.002).choose(questions(100), OPTIONS)
    kept = len(lines(tmp_path))
    assert 0 < kept < 100
    engine(tmp_path, cap=1.0).choose(questions(100), OPTIONS)
    assert billed(stub) == _asks(stub) == 100


# --- words


def test_progress_is_said_with_money_and_time(
    stub: Stub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stub.set(latency=0.05)
    stub.script("chat.create", "server_error", skip=2)
    with caplog.at_level(logging.INFO, logger="mirrortest.hosted.calls"):
        engine(tmp_path, limits=replace(QUICK, calls=2, progress=0.1)).choose(
            questions(20), OPTIONS
        )
    found = [record.message for record in caplog.records if "answers" in record.message]
    assert len(found) >= 4
    assert re.search(
        r"19/19 answers, 0 failed, 1 retries, \$0\.000\d spent after \d s, 0 s to go", found[-1]
    )
