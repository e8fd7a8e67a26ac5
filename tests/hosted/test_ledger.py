"""The folder of one job: what it holds survives, and is read again as it was."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mirrortest.errors import UserError
from mirrortest.hosted.ledger import Ledger
from mirrortest.hosted.provider import Event, Job, Order, Result

ORDER = Order("ft:x", "base", "ab", 1, None, None, 0)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
EVENT = Event("e1", 5, "message", "Größe", {"a": 1})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A new one."""
    return Ledger(tmp_path / "jobs/key")


DEFINING = {
    "parent": "other",
    "dataset_sha256": "cd",
    "epochs": 2,
    "learning_rate_multiplier": 2.0,
    "batch_size": 4,
    "seed": 1,
    "attempt": 2,
}


@pytest.mark.parametrize("name", DEFINING)
def test_what_defines_a_job_is_in_its_key(name: str) -> None:
    assert replace(ORDER, **{name: DEFINING[name]}).key != ORDER.key


def test_the_name_of_the_model_below_is_not_in_the_key() -> None:
    assert replace(ORDER, model="ft:y").key == ORDER.key


def test_intent_is_noted_once(ledger: Ledger) -> None:
    ledger.intend(ORDER, "arm", "here", NOW)
    ledger.intend(ORDER, "arm", "here", datetime.now(UTC))
    assert ledger.since == NOW
    with pytest.raises(UserError, match="was handed in at here, and OPENAI_BASE_URL now leads to"):
        ledger.intend(ORDER, "arm", "there", NOW)


def test_a_request_is_unanswered_until_it_is_refused(ledger: Ledger) -> None:
    assert (ledger.sent, ledger.unanswered) == (0, None)
    ledger.sending(1, NOW)
    assert (ledger.sent, ledger.unanswered) == (1, NOW)
    ledger.refused(1, "no")
    assert (ledger.sent, ledger.unanswered) == (1, None)
    ledger.sending(2, NOW)
    assert (ledger.sent, ledger.unanswered) == (2, NOW)


def test_what_is_noted_is_on_the_disk_before_anything_else_happens(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, path.is_file() and path.stat().st_size > 0))

    monkeypatch.setattr(os, "fsync", fsync)
    ledger.intend(ORDER, "arm", "here", NOW)
    ledger.sending(1, NOW)
    (intent, whole), folder, (sent, sent_whole), _ = synced
    assert intent.startswith(".intent.json.")
    assert sent.startswith(".sent.jsonl.")
    assert whole and sent_whole
    assert folder == ("key", False)


def test_a_job_and_its_events_are_kept_once(ledger: Ledger) -> None:
    job = Job("j", "running", 3, events=[EVENT])
    for seen in (job, replace(job, status="succeeded", model="ft:x")):
        ledger.record(seen)
    assert ledger.job() == Job("j", "succeeded", 3, "ft:x")
    assert ledger.events() == [EVENT]


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "cancelled", "blocked"])
def test_a_result_is_for_good(ledger: Ledger, outcome: str) -> None:
    result = Result(outcome, "ft:x", "why", (1, 2))  # type: ignore[arg-type]
    assert ledger.result() is None
    ledger.conclude(result)
    assert ledger.result() == result


def test_a_model_that_could_not_be_asked_may_be_asked_again(ledger: Ledger) -> None:
    ledger.record(Job("j", "succeeded", 3, "ft:x"))
    ledger.conclude(Result("blocked", None, "not there"))
    assert ledger.result() is None
