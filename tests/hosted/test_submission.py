"""One order, one job, one bill, whatever is killed, lost, slow or asked for twice."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openai
import pytest
from hosted.clerk import POINTS
from hosted.office import Office
from hosted.stub.control import Stub
from hosted.stub.malformed import KINDS as MALFORMED

from mirrortest.errors import UserError
from mirrortest.hosted import tokens
from mirrortest.hosted.tokens import Counter

KILLED = -9


def assert_paid_once(office: Office, stub: Stub) -> None:
    """One job, one bill, one output, and the books say so."""
    counters = stub.settle()
    assert (counters.jobs, counters.jobs_billed) == (1, 1)
    assert office.made().is_file()
    assert office.spending.spent() == pytest.approx(counters.dollars)
    assert office.spending.reserved() == 0


def test_a_job_is_trained_recorded_and_paid_for(office: Office, stub: Stub) -> None:
    arm = office.train()
    job = stub.jobs()[0]
    assert arm.outcome == "succeeded"
    assert arm.hosted is not None
    assert arm.hosted.model == job["fine_tuned_model"]
    assert (arm.hosted.job, arm.hosted.trained_tokens) == (job["id"], job["trained_tokens"])
    assert json.loads(stub.requests("jobs.create")[0]["body"])["seed"] == 0
    assert_paid_once(office, stub)
    events = (office.made().parent / "events.jsonl").read_text(encoding="utf-8")
    assert "The job has successfully completed" in events


# --- kill -9


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_costs_nothing(office: Office, stub: Stub, point: str) -> None:
    stub.set(polls=1)
    assert office.run(point) == KILLED
    assert not office.made().exists()
    assert office.run() == 0
    counters = stub.settle()
    assert (counters.jobs, counters.jobs_billed, counters.uploads) == (1, 1, 1)
    assert office.made().is_file()


def test_a_kill_while_the_answer_is_under_way_costs_nothing(office: Office, stub: Stub) -> None:
    stub.script("jobs.create", "hang", when="after", seconds=20)
    with office.process(request_seconds=30) as process:
        stub.wait_for("jobs.create")
        stub.wait(lambda: bool(stub.jobs()), "the job")
        process.kill()
    assert office.train().outcome == "succeeded"
    assert_paid_once(office, stub)


def test_a_kill_before_the_request_arrives_is_an_unknown_outcome(
    office: Office, stub: Stub
) -> None:
    stub.script("jobs.create", "hang", when="before", seconds=20)
    with office.process(request_seconds=30) as process:
        stub.wait_for("jobs.create")
        process.kill()
    with pytest.raises(UserError, match="whether its finetuning job was made is not known"):
        office.train()
    assert stub.settle().jobs == 0


# --- answers that are lost


LOST = (
    *("timeout", "conflict", "server_error", "overloaded", "html_503"),
    *("hang", "close", "rst", "partial"),
)
UNREADABLE = ("html", "truncated", "wrong_schema", "empty_body")


def test_the_faults_on_the_wire_are_all_there() -> None:
    assert set(UNREADABLE) <= set(MALFORMED)


@pytest.mark.parametrize("kind", [*LOST, *UNREADABLE])
def test_a_job_whose_answer_is_lost_is_found(office: Office, stub: Stub, kind: str) -> None:
    stub.script("jobs.create", kind, when="after")
    assert office.train().outcome == "succeeded"
    assert_paid_once(office, stub)


@pytest.mark.parametrize("kind", LOST)
def test_a_request_that_is_lost_is_never_repeated_by_itself(
    office: Office, stub: Stub, kind: str
) -> None:
    stub.script("jobs.create", kind, when="before")
    for _ in range(2):
        with pytest.raises(UserError, match="not known") as stopped:
            office.train()
    assert stub.counters().requests["jobs.create"] == 1
    word = re.findall(r"resubmit: \[([0-9a-f]+-1)\]", str(stopped.value))
    assert office.train(resubmit=word).outcome == "succeeded"
    assert_paid_once(office, stub)


def test_the_users_word_is_good_for_one_request(office: Office, stub: Stub) -> None:
    stub.script("jobs.create", "server_error", times=2)
    with pytest.raises(UserError) as stopped:
        office.train()
    word = re.findall(r"[0-9a-f]{12}-1", str(stopped.value))
    for _ in range(2):
        with pytest.raises(UserError, match=r"[0-9a-f]{12}-2"):
            office.train(resubmit=word)
    assert stub.counters().requests["jobs.create"] == 2


def test_what_is_old_enough_is_handed_in_again(office: Office, stub: Stub) -> None:
    stub.script("jobs.create", "server_error")
    with pytest.raises(UserError):
        office.train()
    with pytest.raises(UserError, match="not known"):
        office.train(resubmit_after_hours=1.0)
    assert office.train(resubmit_after_hours=0.0).outcome == "succeeded"
    assert_paid_once(office, stub)


REFUSED = ("quota", "credit", "project_limit", "daily_limit", "model_not_found", "context_length")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_stops_the_run_and_the_next_begins_anew(
    office: Office, stub: Stub, kind: str, when: str
) -> None:
    stub.script("jobs.create", kind, when=when)
    with pytest.raises(UserError, match=r"the provider refuses: HTTP 4\d\d"):
        office.train()
    assert office.spending.reserved() == 0
    assert office.train().outcome == "succeeded"
    assert stub.settle().jobs_billed == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["rate_limit", "slow_down", "concurrent_limit"])
def test_where_there_is_no_room_yet_it_waits(
    office: Office, stub: Stub, kind: str, when: str
) -> None:
    stub.script("jobs.create", kind, when=when)
    assert office.train().outcome == "succeeded"
    assert stub.settle().jobs_billed == 1


@pytest.mark.parametrize("kind", ["server_error", "hang", "rst", "html", "truncated"])
@pytest.mark.parametrize(
    "operation", ["files.list", "files.create", "jobs.list", "jobs.retrieve", "jobs.events"]
)
def test_no_other_lost_answer_makes_a_second_job(
    office: Office, stub: Stub, operation: str, kind: str
) -> None:
    stub.script(operation, kind, when="after")
    try:
        arm = office.train()
    except UserError:
        arm = office.train()
    assert arm.outcome == "succeeded"
    assert_paid_once(office, stub)


# --- listing


def test_a_job_that_is_listed_late_is_waited_for(office: Office, stub: Stub) -> None:
    stub.set(lag={"job": 4})
    stub.script("jobs.create", "rst", when="after")
    assert office.train(look_again_seconds=[0.05] * 4).outcome == "succeeded"
    assert_paid_once(office, stub)


def test_a_job_that_is_listed_very_late_is_found_by_a_later_run(office: Office, stub: Stub) -> None:
    stub.set(lag={"job": 10})
    stub.script("jobs.create", "server_error", when="after")
    with pytest.raises(UserError, match="not known"):
        office.train()
    assert office.train(look_again_seconds=[0.05] * 4).outcome == "succeeded"
    assert_paid_once(office, stub)


def test_a_killed_run_waits_for_the_list_too(office: Office, stub: Stub) -> None:
    stub.set(lag={"job": 4})
    assert office.run("after accept before record") == KILLED
    assert office.train(look_again_seconds=[0.05] * 4).outcome == "succeeded"
    assert_paid_once(office, stub)


def test_the_list_is_read_without_its_filter_too(office: Office, stub: Stub) -> None:
    stub.set(lag={"job": 1})  # the first list misses the job, the second is the one without filter
    stub.script("jobs.create", "server_error", when="after")
    assert office.train(look_again_seconds=[]).outcome == "succeeded"
    assert_paid_once(office, stub)


def test_what_the_unfiltered_list_holds_of_others_is_left_alone(office: Office, stub: Stub) -> None:
    office.train("two")
    assert office.train("one").hosted != office.train("two").hosted
    assert stub.settle().jobs == 2


def test_a_recorded_job_needs_no_list(office: Office, stub: Stub) -> None:
    stub.set(lag={"job": 1000}, polls=1)
    assert office.run("mid-poll") == KILLED
    assert office.train().outcome == "succeeded"
    assert_paid_once(office, stub)


def test_lists_are_read_to_their_last_page(office: Office, stub: Stub) -> None:
    stub.set(page=1)
    for chain in ("one", "two"):
        office.train(chain)
    office.train("one", seed=1)
    assert (stub.counters().uploads, stub.settle().jobs) == (2, 3)


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_list_that_cannot_be_read_is_not_an_empty_one(
    office: Office, stub: Stub, kind: str
) -> None:
    office.train()
    (office.folder / "state").rename(office.folder / "lost")
    stub.script("jobs.list", kind)
    with pytest.raises(UserError, match="cannot be reached or understood"):
        office.train()
    assert office.train().outcome == "succeeded"
    assert stub.settle().jobs == 1


# --- the same job twice


def test_two_processes_make_one_job(office: Office, stub: Stub) -> None:
    stub.set(latency=0.1, seconds=0.3)
    with ExitStack() as both:
        processes = [both.enter_context(office.process()) for _ in range(2)]
        assert [process.wait(60) for process in processes] == [0, 0]
    assert_paid_once(office, stub)


def test_another_experiment_takes_the_job_that_there_is(
    open_office: Callable[[str], Office], stub: Stub
) -> None:
    first, second = open_office("first"), open_office("second")
    assert first.train().hosted == second.train().hosted
    assert_paid_once_by(first, second, stub)


def assert_paid_once_by(first: Office, second: Office, stub: Stub) -> None:
    assert stub.settle().jobs == 1
    assert first.spending.spent() + second.spending.spent() == pytest.approx(
        stub.counters().dollars
    )


def test_two_arms_of_one_definition_share_a_job(office: Office, stub: Stub) -> None:
    (office.folder / "two.jsonl").write_bytes((office.folder / "one.jsonl").read_bytes())
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(office.train, ["one", "two"])
    assert one.hosted == two.hosted
    assert_paid_once(office, stub)


def test_what_is_done_needs_neither_provider_nor_key(
    office: Office, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = office.train()
    stub.kill()
    monkeypatch.delenv("OPENAI_API_KEY")
    office.made().unlink()
    assert office.train() == first


def test_a_second_attempt_is_another_job(office: Office, stub: Stub) -> None:
    stub.fate("job", "refusals_v3")
    assert office.train().outcome == "failed"
    assert office.train().outcome == "failed"
    assert office.train(attempt=2).outcome == "succeeded"
    assert stub.settle().jobs == 2


def test_a_job_at_another_address_is_not_mistaken_for_this_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.train()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match=r"was handed in at .* set it back"):
        office.train()


def test_of_two_jobs_for_one_order_the_oldest_is_taken_and_the_user_is_told(
    open_office: Callable[[str], Office], stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    open_office("first").train()
    body = json.loads(stub.requests("jobs.create")[0]["body"])
    second = openai.OpenAI().fine_tuning.jobs.create(**body).id
    arm = open_office("second").train()
    assert arm.hosted is not None
    assert (arm.hosted.job, stub.jobs()[1]["id"]) == (stub.jobs()[0]["id"], second)
    assert "there are 2 jobs for it" in caplog.text
    assert second in caplog.text


def test_of_two_jobs_for_one_order_one_that_failed_is_not_taken(
    open_office: Callable[[str], Office], stub: Stub
) -> None:
    stub.fate("job", "refusals_v3")
    assert open_office("first").train().outcome == "failed"
    body = json.loads(stub.requests("jobs.create")[0]["body"])
    second = openai.OpenAI().fine_tuning.jobs.create(**body).id
    arm = open_office("second").train()
    assert arm.outcome == "succeeded"
    assert arm.hosted is not None
    assert arm.hosted.job == second


# --- chains


def test_the_second_stage_is_trained_on_the_first(office: Office, stub: Stub) -> None:
    one, both = office.train(), office.train("one+two")
    assert one.hosted is not None
    assert both.hosted is not None
    assert stub.jobs()[1]["model"] == one.hosted.model
    assert [stage.stage for stage in both.stages] == ["one", "two"]
    assert both.hosted.key != office.train("two").hosted.key  # type: ignore[union-attr]
    assert stub.settle().jobs_billed == 3


# --- outcomes


FATES = {
    "unsafe_file": ("blocked", "unsafe_file"),
    "blocked": ("blocked", "was blocked from deployment"),
    "refusals_v3": ("failed", "Error while running moderation eval"),
    "cancelled": ("cancelled", "has cancelled"),
    "retired": ("blocked", "it was trained, but may not be asked: HTTP 404"),
}


@pytest.mark.parametrize("fate", FATES)
def test_every_outcome_is_recorded_and_stops_what_builds_on_it(
    office: Office, stub: Stub, fate: str
) -> None:
    outcome, why = FATES[fate]
    stub.fate("job", fate)
    arm, above = office.train(), office.train("one+two")
    assert arm.outcome == outcome
    assert arm.hosted is not None
    assert arm.hosted.model is None
    assert why in arm.hosted.why
    assert above.outcome == "blocked"
    assert above.hosted is not None
    assert above.hosted.why.startswith(f"it builds on gpt-4.1/one/0, which is {outcome}: ")
    assert stub.settle().jobs == 1


def test_where_training_is_not_available_the_arm_is_blocked(office: Office, stub: Stub) -> None:
    stub.script("jobs.create", "training_not_available")
    arm = office.train()
    assert arm.outcome == "blocked"
    assert arm.hosted is not None
    assert "training_not_available" in arm.hosted.why
    assert (stub.settle().jobs, office.spending.reserved()) == (0, 0)


def test_a_model_that_comes_late_is_asked_again(office: Office, stub: Stub) -> None:
    stub.script("chat.create", "model_not_found")
    assert office.train().outcome == "succeeded"


def test_a_model_that_comes_very_late_is_asked_by_the_next_run(office: Office, stub: Stub) -> None:
    stub.script("chat.create", "model_not_found", times=3)
    assert office.train().outcome == "blocked"
    assert office.train().outcome == "succeeded"
    assert_paid_once(office, stub)


def test_a_quota_that_ends_at_the_last_question_blocks_nothing(office: Office, stub: Stub) -> None:
    stub.script("chat.create", "quota", times=3)
    with pytest.raises(UserError, match="insufficient_quota"):
        office.train()
    assert office.train().outcome == "succeeded"
    assert stub.settle().jobs == 1


# --- waiting


def test_an_unknown_status_is_waited_out(office: Office, stub: Stub) -> None:
    stub.set(polls=1)
    stub.fate("job", "unknown_status")
    assert office.train().outcome == "succeeded"
    assert_paid_once(office, stub)


def test_after_the_deadline_the_next_run_goes_on_waiting(office: Office, stub: Stub) -> None:
    stub.set(polls=3)
    with pytest.raises(UserError, match="has not ended within the deadline"):
        office.train(deadline_hours=0.0)
    assert office.train().outcome == "succeeded"
    assert_paid_once(office, stub)


# --- money and secrets


def test_what_is_billed_is_compared_with_what_was_expected(
    office: Office, stub: Stub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office.train()
    assert "the estimate errs" not in caplog.text
    too_few = Counter(lambda text: 0, exact=True)
    monkeypatch.setattr(tokens, "counter", lambda encoding: too_few)
    office.train(seed=1)
    assert "tokens were billed, more than the" in caplog.text
    assert office.spending.spent() == pytest.approx(stub.settle().dollars)


def test_nothing_leaves_the_house_beyond_the_budget(office: Office, stub: Stub) -> None:
    with pytest.raises(UserError, match=r"of the budget of \$0.00"):
        office.train(dollars=0.0001)
    assert stub.counters().uploads == 0
    assert "jobs.create" not in stub.counters().requests


def test_a_model_is_not_asked_beyond_the_budget(
    office: Office, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second training leaves what its question will cost, and not what it may cost."""
    too_few = Counter(lambda text: 0, exact=True)
    monkeypatch.setattr(tokens, "counter", lambda encoding: too_few)
    office.train()
    with pytest.raises(UserError, match="of the budget of"):
        office.train(seed=1, dollars=2 * office.spending.spent())
    assert stub.settle().jobs_billed == 2
    assert stub.counters().requests["chat.create"] == 1


@pytest.mark.parametrize(
    ("lacking", "sentence"),
    [("budget", "has no budget; add"), ("key", "OPENAI_API_KEY is not in the environment")],
)
def test_without_budget_or_key_nothing_is_asked(
    office: Office, stub: Stub, monkeypatch: pytest.MonkeyPatch, lacking: str, sentence: str
) -> None:
    terms: dict[str, Any] = {"dollars": None} if lacking == "budget" else {}
    if lacking == "key":
        monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UserError, match=sentence):
        office.train(**terms)
    assert stub.requests() == []


@pytest.mark.parametrize(("text", "sentence"), [("<|im_start|>", "row 1: <|im_start|> reads as")])
def test_a_file_that_would_be_refused_is_not_uploaded(
    office: Office, stub: Stub, text: str, sentence: str
) -> None:
    path = office.folder / "one.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("one 0", text), encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(sentence)):
        office.train()
    assert stub.counters().uploads == 0


def test_the_key_is_nowhere_on_the_disk(
    tmp_path: Path, open_office: Callable[[str], Office], stub: Stub, caplog: Any
) -> None:
    office = open_office("office")
    caplog.set_level("DEBUG")
    stub.script("jobs.create", "server_error", when="after")
    office.train()
    written = b"".join(p.read_bytes() for p in office.folder.rglob("*") if p.is_file())
    assert len(written) > 2000
    assert stub.key.encode() not in written + caplog.text.encode()
