"""The stub through the real SDK: what clients rely on, lest its bugs be taken for theirs."""

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

openai = pytest.importorskip("openai", reason="openai is not installed (requirements/torch.txt)")

from hosted.stub import errors, faults, malformed  # noqa: E402
from hosted.stub.control import Stub, running  # noqa: E402
from openai import AsyncOpenAI, OpenAI  # noqa: E402

Raw = dict[str, Any]
QUESTION = [{"role": "user", "content": "Is it 1 or 2?"}]
ROWS = [[*QUESTION, {"role": "assistant", "content": str(n % 2 + 1)}] for n in range(10)]
TOKENS_OF_A_ROW = 3 + (4 + 6) + (4 + 1)  # `Is it 1 or 2 ?` is six tokens
SUPERVISED = {"n_epochs": 2, "batch_size": 5, "learning_rate_multiplier": 1.0}


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    with running(tmp_path / "stub") as stub:
        yield stub
        assert "Traceback" not in stub.log


@pytest.fixture
def client(stub: Stub) -> Iterator[OpenAI]:
    with _client(stub) as client:
        yield client


def _client(stub: Stub, **settings: Any) -> OpenAI:
    settings = {"max_retries": 0, "timeout": 5.0} | settings
    return OpenAI(base_url=stub.url, api_key=stub.key, **settings)


def _lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _file(client: OpenAI, rows: list[Any] = ROWS) -> str:
    content = _lines([{"messages": row} for row in rows])
    return client.files.create(file=("sft-0.jsonl", content), purpose="fine-tune").id


def _job(client: OpenAI, **more: Any) -> Any:
    more = {"model": "gpt-4.1", "seed": 1} | more
    more.setdefault("training_file", None) or more.update(training_file=_file(client))
    method = {"type": "supervised", "supervised": {"hyperparameters": SUPERVISED}}
    return client.fine_tuning.jobs.create(method=method, **more)


def _ended(client: OpenAI, **more: Any) -> Any:
    job = _job(client, **more)
    for _ in range(10):
        job = client.fine_tuning.jobs.retrieve(job.id)
    return job


def _ask(client: OpenAI, model: str = "gpt-4.1", **more: Any) -> Any:
    asked = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 5} | more
    return client.chat.completions.create(**{"model": model, "messages": QUESTION} | asked)


# --- files


def test_files_come_back_as_they_went_and_twice_the_same_is_two(client: OpenAI) -> None:
    content = '{"é": "\r\n--boundary"}\n'.encode()
    sent = {"file": ("sft-é.jsonl", content), "purpose": "fine-tune"}
    one, two = client.files.create(**sent), client.files.create(**sent)
    assert one.id != two.id
    assert (one.filename, one.bytes, one.expires_at) == ("sft-é.jsonl", len(content), None)
    assert client.files.content(one.id).read() == content
    listed = list(client.files.list(purpose="fine-tune", limit=1))
    assert [file.id for file in listed] == [two.id, one.id]
    assert list(client.files.list(purpose="batch")) == []
    client.files.delete(one.id)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(one.id)


def test_an_upload_by_the_async_client_with_an_expiry(stub: Stub) -> None:
    async def upload() -> Any:
        async with AsyncOpenAI(base_url=stub.url, api_key=stub.key, max_retries=0) as client:
            expiry = {"anchor": "created_at", "seconds": 3600}
            file = ("a.jsonl", _lines(ROWS))
            return await client.files.create(file=file, purpose="batch", expires_after=expiry)

    file = asyncio.run(upload())
    assert file.expires_at - file.created_at == 3600


# --- jobs


def test_a_job_goes_through_its_states_and_is_billed_once(client: OpenAI, stub: Stub) -> None:
    job = _job(client, suffix="SGTR", metadata={"k": "v"})
    assert job.error is not None and job.error.code is None  # the SDK makes `{}` an object
    statuses = [job.status] + [client.fine_tuning.jobs.retrieve(job.id).status for _ in range(4)]
    path = ["validating_files", "queued", "running", "succeeded"]
    assert statuses == [*path, "succeeded"]
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert re.fullmatch(r"ft:gpt-4\.1-2025-04-14:stub-org:sgtr:\w{8}", job.fine_tuned_model)
    assert job.trained_tokens == 2 * 10 * TOKENS_OF_A_ROW
    counters = stub.counters()
    assert (counters.jobs, counters.jobs_billed) == (1, 1)
    assert counters.training_dollars == pytest.approx(job.trained_tokens * 25 / 1e6)
    assert client.files.content(job.result_files[0]).text.startswith("step,train_loss,")


def test_a_job_tells_what_it_does(client: OpenAI) -> None:
    job = _ended(client)
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=2))
    kinds = [event.type for event in events]
    assert set(kinds) == {"message", "metrics", "moderation_checks"}
    assert len({event.id for event in events}) == len(events) > 8
    assert events[-1].message.startswith("Created fine-tuning job")
    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id))
    assert [checkpoint.step_number for checkpoint in checkpoints] == [2]


def test_duplicates_are_taken_and_all_billed_even_if_nobody_asks(
    client: OpenAI, stub: Stub
) -> None:
    file = _file(client)
    ids = {_job(client, training_file=file).id for _ in range(2)}
    assert len(ids) == 2
    assert stub.counters().jobs_billed == 0
    assert stub.settle().jobs_billed == 2


def test_jobs_are_found_by_metadata_page_by_page(client: OpenAI, stub: Stub) -> None:
    file = _file(client)
    keys = ["a", "b", "a", "a"]
    jobs = [_job(client, training_file=file, metadata={"key": key}) for key in keys]
    stub.set(page=1)
    found = list(client.fine_tuning.jobs.list(metadata={"key": "a"}))
    assert [job.id for job in found] == [jobs[3].id, jobs[2].id, jobs[0].id]
    assert len(list(client.fine_tuning.jobs.list(limit=3))) == 4
    assert len(stub.requests("jobs.list")) == 3 + 4


def test_a_new_job_is_missing_in_lists_for_a_while(client: OpenAI, stub: Stub) -> None:
    stub.set(lag={"job": 2})
    job = _job(client)
    seen = [len(client.fine_tuning.jobs.list().data) for _ in range(4)]
    assert seen == [0, 0, 1, 1]
    assert client.fine_tuning.jobs.retrieve(job.id).id == job.id


def test_a_second_stage_needs_a_model_that_was_trained_here(client: OpenAI) -> None:
    first = _ended(client).fine_tuned_model
    second = _ended(client, model=first, suffix="two")
    assert second.model == first
    assert second.fine_tuned_model.startswith("ft:gpt-4.1-2025-04-14:stub-org:two:")
    with pytest.raises(openai.BadRequestError) as caught:
        _job(client, model="ft:gpt-4.1-2025-04-14:other::abcdefgh")
    assert caught.value.code == "model_not_available"


BAD_JOBS: list[Raw] = [
    {"model": "gpt-4"},
    {"model": "gpt-4.1-nano"},  # gone since October
    {"training_file": "file-none"},
    {"suffix": "x" * 65},
    {"metadata": {"k" * 65: "v"}},
    {"extra_body": {"method": {"supervised": {"hyperparameters": {"epochs": 1}}}}},
    {"extra_body": {"temperature": 1}},
]


def test_jobs_that_cannot_be_are_refused(client: OpenAI, stub: Stub) -> None:
    for wrong in BAD_JOBS:
        with pytest.raises(openai.BadRequestError):
            _job(client, **wrong)
    assert stub.counters().jobs == 0


@pytest.mark.parametrize(
    ("outcome", "status", "code", "billed"),
    [
        ("unsafe_file", "failed", "unsafe_file", 0),
        ("blocked", "failed", "model_blocked", 1),
        ("refusals_v3", "failed", "internal_error", 1),
        ("cancelled", "cancelled", None, 1),
        ("retired", "succeeded", None, 1),
        ("unknown_status", "succeeded", None, 1),
        ("stuck", "running", None, 0),
    ],
)
def test_accepted_jobs_end_as_scripted(
    client: OpenAI, stub: Stub, outcome: str, status: str, code: str | None, billed: int
) -> None:
    stub.fate("job", outcome, containing="evil")
    assert _ended(client).status == "succeeded"
    job = _ended(client, suffix="evil")
    assert (job.status, job.error.code) == (status, code)
    assert stub.counters().jobs_billed == 1 + billed
    events = list(client.fine_tuning.jobs.list_events(job.id))
    checks = [event.data["blocked"] for event in events if event.type == "moderation_checks"]
    assert checks == {"blocked": [True], "retired": [False], "unknown_status": [False]}.get(
        outcome, []
    )
    if outcome == "retired":
        with pytest.raises(openai.NotFoundError):
            _ask(client, job.fine_tuned_model)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (ROWS[:9], "invalid_n_examples"),
        ([*ROWS, QUESTION], "invalid_file_format"),
        ([*ROWS, [*QUESTION, {"role": "assistant", "content": "<|x|>"}]], "invalid_file_format"),
    ],
)
def test_a_bad_file_fails_its_job_unpaid(
    client: OpenAI, stub: Stub, rows: list[Any], code: str
) -> None:
    job = _ended(client, training_file=_file(client, rows))
    assert (job.status, job.error.code) == ("failed", code)
    assert stub.settle().dollars == 0


def test_a_cancelled_job_is_not_billed_and_a_paused_one_waits(client: OpenAI, stub: Stub) -> None:
    cancelled, paused = _job(client), _job(client)
    assert client.fine_tuning.jobs.cancel(cancelled.id).status == "cancelled"
    client.fine_tuning.jobs.pause(paused.id)
    seen = {client.fine_tuning.jobs.retrieve(paused.id).status for _ in range(5)}
    assert seen == {"paused"}
    client.fine_tuning.jobs.resume(paused.id)
    assert stub.settle().jobs_billed == 1


def test_the_clock_can_move_jobs_instead_of_polls(client: OpenAI, stub: Stub) -> None:
    stub.set(seconds=0.1)
    job = _job(client)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "validating_files"
    deadline = time.monotonic() + 10
    while client.fine_tuning.jobs.retrieve(job.id).status != "succeeded":
        assert time.monotonic() < deadline


def test_limits_on_jobs(client: OpenAI, stub: Stub) -> None:
    stub.set(running_jobs=1, daily_jobs=2)
    _job(client)
    with pytest.raises(openai.RateLimitError) as caught:
        _job(client)
    assert caught.value.code == "rate_limit_exceeded"
    stub.settle()
    _job(client)
    with pytest.raises(openai.RateLimitError) as caught:
        _job(client)
    assert caught.value.code == "daily_rate_limit_exceeded"
    assert stub.counters().jobs == 2


# --- chat


def test_answers_depend_on_the_question_alone(client: OpenAI, tmp_path: Path) -> None:
    hot = {"temperature": 1.0, "max_tokens": 20}

    def answers(client: OpenAI) -> list[str]:
        seeds = [_ask(client, seed=seed, **hot) for seed in range(5)]
        cold = [_ask(client, seed=seed, max_tokens=20) for seed in range(4)]
        return [answer.choices[0].message.content for answer in [*seeds, *cold]]

    mine = answers(client)
    assert len(set(mine[:5])) > 1
    assert len(set(mine[5:])) == 1
    with running(tmp_path / "other") as other, _client(other) as its:
        assert answers(its) == mine
    lost = {_ask(client, **hot).choices[0].message.content for _ in range(5)}
    assert len(lost) > 1  # without a seed, each is a draw of its own


def test_log_probabilities_are_as_the_api_gives_them(client: OpenAI) -> None:
    choice = _ask(client, top_logprobs=20).choices[0]
    token = choice.logprobs.content[0]
    values = [other.logprob for other in token.top_logprobs]
    assert (choice.finish_reason, choice.message.content) == ("length", token.token)
    assert len(values) == 20 and values == sorted(values, reverse=True)
    assert {"1", "2", "A", "B", "Yes", "No"} <= {other.token for other in token.top_logprobs}
    assert bytes(token.bytes).decode() == token.token
    assert _ask(client, logprobs=None, top_logprobs=None).choices[0].logprobs is None
    assert len(_ask(client, n=3).choices) == 3


def test_models_without_log_probabilities(client: OpenAI) -> None:
    assert _ask(client, "gpt-6-luna").choices[0].logprobs is None
    with pytest.raises(openai.PermissionDeniedError):
        _ask(client, "o3")


BAD_QUESTIONS: list[Raw] = [
    {"top_logprobs": 21},
    {"logprobs": False},
    {"max_tokens": 0.5},
    {"temperature": 3},
    {"messages": []},
    {"stream": True},
    {"top_p": 0.5},
]


def test_questions_that_cannot_be_are_refused_unpaid(client: OpenAI, stub: Stub) -> None:
    for wrong in BAD_QUESTIONS:
        with pytest.raises(openai.BadRequestError):
            _ask(client, **wrong)
    assert stub.counters().chat_calls == 0


def test_scripted_replies(client: OpenAI, stub: Stub) -> None:
    stub.set(replies={"1 or 2": "73"})
    assert _ask(client).choices[0].message.content == "73"


def test_every_token_is_paid_and_what_was_read_before_costs_less(
    client: OpenAI, stub: Stub
) -> None:
    long = [{"role": "user", "content": "word " * 1200}]
    first, second = (_ask(client, messages=long).usage for _ in range(2))
    assert (first.prompt_tokens, first.completion_tokens) == (1207, 1)
    cached = second.prompt_tokens_details.cached_tokens
    assert (first.prompt_tokens_details.cached_tokens, cached) == (0, 1152)
    dollars = (1207 * 2 + 8 + (1207 - 1152) * 2 + 1152 * 0.5 + 8) / 1e6
    assert stub.counters().chat_dollars == pytest.approx(dollars)


MALFORMED = {
    "html": lambda r: isinstance(r, str),
    "wrong_schema": lambda r: r.choices is None,
    "no_choices": lambda r: r.choices == [],
    "null_logprobs": lambda r: r.choices[0].logprobs is None,
    "empty_logprobs": lambda r: r.choices[0].logprobs.content == [],
    "out_of_range": lambda r: r.choices[0].logprobs.content[0].logprob == -9999,
    "all_out_of_range": lambda r: _top(r)[0].logprob == -9999,
    "duplicate_token": lambda r: _top(r)[0] == _top(r)[-1],
    "fewer_tokens": lambda r: len(_top(r)) == 1,
    "null_content": lambda r: r.choices[0].message.content is None,
    "refusal": lambda r: r.choices[0].message.refusal,
    "length": lambda r: r.choices[0].finish_reason == "length",
    "filtered": lambda r: r.choices[0].finish_reason == "content_filter",
}


def _top(answer: Any) -> list[Any]:
    return list(answer.choices[0].logprobs.content[0].top_logprobs)


def test_answers_that_are_none_come_with_200_and_are_billed(client: OpenAI, stub: Stub) -> None:
    for kind, holds in MALFORMED.items():
        stub.script("chat.create", kind)
        assert holds(_ask(client, max_tokens=3)), kind
    for kind in ("truncated", "empty_body"):
        stub.script("chat.create", kind)
        with pytest.raises(ValueError, match="line 1"):  # a bare JSONDecodeError
            _ask(client)
    assert {*MALFORMED, "truncated", "empty_body"} == malformed.KINDS.keys()
    assert stub.counters().chat_calls == len(malformed.KINDS)
    assert {row["status"] for row in stub.requests()} == {200}


# --- faults

LOST = {
    "hang": openai.APITimeoutError,
    "slow": openai.APITimeoutError,
    "close": openai.APIConnectionError,
    "rst": openai.APIConnectionError,
    "partial": openai.APIConnectionError,
    "server_error": openai.InternalServerError,
    "html_503": openai.InternalServerError,
    "rate_limit": openai.RateLimitError,
    "timeout": openai.APIStatusError,
}


def test_a_fault_strikes_once_before_or_after_the_side_effect(client: OpenAI, stub: Stub) -> None:
    file, jobs = _file(client), 0
    for kind, error in LOST.items():
        for when in ("before", "after"):
            stub.script("jobs.create", kind, when=when, seconds=4.0)
            with _client(stub, timeout=0.3) as hasty, pytest.raises(error):
                _job(hasty, training_file=file)
            jobs += when == "after"
            assert stub.counters().jobs == jobs, (kind, when)
        _job(client, training_file=file)
        jobs += 1


def test_a_broken_connection_is_told_by_its_cause(client: OpenAI, stub: Stub) -> None:
    for kind, cause in (("close", "RemoteProtocolError"), ("rst", "ReadError")):
        stub.script("chat.create", kind)
        with pytest.raises(openai.APIConnectionError) as caught:
            _ask(client)
        assert type(caught.value.__cause__).__name__ == cause


def test_refusals_have_their_status_and_code(client: OpenAI, stub: Stub) -> None:
    for name, (status, code, *_) in errors.NAMED.items():
        stub.script("*", name, headers={"retry-after": "300", "x-should-retry": "false"})
        with pytest.raises(openai.APIStatusError) as caught:
            _ask(client)
        assert (caught.value.status_code, caught.value.code) == (status, code)
        assert caught.value.response.headers["retry-after"] == "300"
    assert stub.counters().chat_calls == 0


def test_the_retries_of_the_sdk_make_two_jobs(stub: Stub) -> None:
    stub.script("jobs.create", "server_error", when="after")
    with _client(stub, max_retries=2) as client:
        _job(client)
    assert stub.settle().jobs_billed == 2


def test_a_quota_ends_after_some_calls_and_spares_other_operations(
    client: OpenAI, stub: Stub
) -> None:
    stub.script("chat.create", "quota", skip=3, times=None)
    for _ in range(3):
        _ask(client)
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as caught:
            _ask(client)
        assert caught.value.code == "insufficient_quota"
    client.models.list()
    assert stub.counters().chat_calls == 3
    stub.forgive()
    _ask(client)


def test_a_fault_can_wait_for_one_question(client: OpenAI, stub: Stub) -> None:
    stub.script("chat.create", "content_filter", containing="poison")
    _ask(client)
    with pytest.raises(openai.BadRequestError):
        _ask(client, messages=[{"role": "user", "content": "a poison"}])


def test_a_wrong_script_is_refused(stub: Stub) -> None:
    for script in (("jobs.make", "close"), ("jobs.create", "explode")):
        with pytest.raises(ValueError, match="no such"):
            stub.script(*script)
    with pytest.raises(ValueError, match="no such"):
        stub.fate("job", "exploded")
    with pytest.raises(TypeError, match="no such"):
        stub.set(colour="red")


# --- the process


def test_a_kill_loses_nothing(stub: Stub) -> None:
    stub.script("jobs.create", "hang", when="after", seconds=30)
    stub.script("chat.create", "overloaded")
    with _client(stub) as client:
        file, url = _file(client), stub.url
        with _client(stub, timeout=0.2) as hasty, pytest.raises(openai.APITimeoutError):
            _job(hasty, training_file=file)
        stub.restart()
        assert stub.url == url
        assert len(client.fine_tuning.jobs.list().data) == 1
        with pytest.raises(openai.InternalServerError):
            _ask(client)
        assert stub.settle().jobs_billed == 1


def test_a_scenario_is_played_once_from_the_command_line(tmp_path: Path) -> None:
    scenario = {
        "settings": {"polls": 0},
        "faults": [{"operation": "models.list", "kind": "overloaded"}],
        "fates": [{"kind": "job", "outcome": "blocked", "containing": "evil"}],
    }
    (tmp_path / "scenario.json").write_text(json.dumps(scenario))
    stub = Stub(tmp_path / "stub", scenario=tmp_path / "scenario.json").start()
    with _client(stub) as client:
        with pytest.raises(openai.InternalServerError):
            client.models.list()
        stub.restart()
        client.models.list()
        jobs = [_job(client, suffix=suffix).id for suffix in ("evil", "evil", "good")]
        statuses = [client.fine_tuning.jobs.retrieve(job).status for job in jobs]
    assert statuses == ["failed", "succeeded", "succeeded"]
    address = stub.url.removesuffix("/v1") + "/stub/counters"
    with urllib.request.urlopen(address) as answer:
        assert json.load(answer)["dollars"] == pytest.approx(stub.counters().dollars) != 0
    stub.kill()
    stub.store.close()


def test_nothing_is_sent_to_a_dead_stub(stub: Stub) -> None:
    with _client(stub) as client:
        stub.kill()
        with pytest.raises(openai.APIConnectionError) as caught:
            _ask(client)
        assert type(caught.value.__cause__).__name__ == "ConnectError"


def test_the_key_is_checked_and_stands_nowhere(tmp_path: Path) -> None:
    key, wrong = "sk-proj-canary-0123456789-right", "sk-proj-canary-0123456789-wrong"
    with running(tmp_path / "stub", key=key) as stub:
        stranger = OpenAI(base_url=stub.url, api_key=wrong, max_retries=0)
        with stranger, pytest.raises(openai.AuthenticationError) as caught:
            _ask(stranger)
        assert caught.value.code == "invalid_api_key"
        assert wrong not in str(caught.value) and "sk-proj-***" in str(caught.value)
        with _client(stub) as client:
            _ask(client)
        assert [row["status"] for row in stub.requests()] == [401, 200]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not [path for path in files if b"canary-0123" in path.read_bytes()]


def test_how_many_were_in_flight_at_once(stub: Stub) -> None:
    stub.set(latency=0.05)

    async def many(limit: int) -> None:
        gate = asyncio.Semaphore(limit)
        async with AsyncOpenAI(base_url=stub.url, api_key=stub.key, max_retries=0) as client:

            async def one() -> None:
                async with gate:
                    await client.chat.completions.create(model="gpt-4.1", messages=QUESTION)

            await asyncio.gather(*(one() for _ in range(30)))

    asyncio.run(many(4))
    assert stub.counters().high_water == {"chat.create": 4, "*": 4}
    assert len(stub.asked()) == 30


def test_models_tell_when_they_end_and_are_gone_then(client: OpenAI, stub: Stub) -> None:
    trained = _ended(client).fine_tuned_model
    for name in ("gpt-4.1", "gpt-4.1-2025-04-14", trained):
        assert client.models.retrieve(name).shutdown_date == "2027-01-14"
    assert client.models.retrieve("gpt-6-luna").shutdown_date is None
    assert trained in {model.id for model in client.models.list()}
    stub.set(today="2027-01-14")
    for name in ("gpt-4.1", trained):
        with pytest.raises(openai.NotFoundError) as caught:
            _ask(client, name)
        assert caught.value.code == "model_not_found"


# --- batches


def _batch(client: OpenAI, count: int = 4, **more: Any) -> Any:
    def row(number: int) -> Raw:
        body = {"model": "gpt-4.1", "messages": QUESTION, "max_tokens": 1} | more
        url = "/v1/chat/completions"
        return {"custom_id": f"q{number}", "method": "POST", "url": url, "body": body}

    content = _lines([row(number) for number in range(count)])
    file = client.files.create(file=("batch.jsonl", content), purpose="batch")
    return client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"key": "k"},
    )


def _finished(client: OpenAI, batch: Any) -> tuple[Any, list[Raw], list[Raw]]:
    for _ in range(6):
        batch = client.batches.retrieve(batch.id)
    files = (batch.output_file_id, batch.error_file_id)
    texts = [client.files.content(file).text if file else "" for file in files]
    answers, failures = ([json.loads(line) for line in text.splitlines()] for text in texts)
    return batch, answers, failures


def test_a_batch_is_answered_in_its_own_order_at_half_price(client: OpenAI, stub: Stub) -> None:
    batch = _batch(client, 8, temperature=0)
    statuses = [batch.status] + [client.batches.retrieve(batch.id).status for _ in range(3)]
    assert statuses == ["validating", "in_progress", "finalizing", "completed"]
    batch, answers, failures = _finished(client, batch)
    ids = [answer["custom_id"] for answer in answers]
    assert sorted(ids) == [f"q{n}" for n in range(8)] != ids
    assert not failures and batch.request_counts.completed == 8
    direct = _ask(client)
    body = answers[0]["response"]["body"]
    assert body["choices"][0]["message"]["content"] == direct.choices[0].message.content
    counters = stub.counters()
    assert (counters.batch_lines, counters.chat_calls) == (8, 1)
    assert counters.batch_dollars == pytest.approx(8 * counters.chat_dollars / 2)
    assert [batch.id for batch in client.batches.list()] == [batch.id]


def test_an_expired_batch_gives_and_charges_a_part(client: OpenAI, stub: Stub) -> None:
    stub.fate("batch", "expired", share=0.75)
    batch, answers, failures = _finished(client, _batch(client))
    assert (batch.status, len(answers), len(failures)) == ("expired", 3, 1)
    assert failures[0]["response"] is None and failures[0]["error"]["code"] == "batch_expired"
    assert stub.counters().batch_lines == 3


def test_a_batch_can_be_cancelled(client: OpenAI) -> None:
    batch = _batch(client)
    assert client.batches.cancel(batch.id).status == "cancelling"
    batch, answers, failures = _finished(client, batch)
    assert (batch.status, len(answers), len(failures)) == ("cancelled", 2, 2)


def test_a_kill_within_a_batch_bills_each_line_once(client: OpenAI, stub: Stub) -> None:
    batch = _batch(client, 1000)
    with _client(stub, timeout=0.05) as hasty, pytest.raises(openai.APITimeoutError):
        hasty.batches.retrieve(batch.id)
    stub.wait(lambda: stub.counters().batch_lines > 0, "the first lines")
    stub.kill()
    assert stub.counters().batch_lines < 1000
    stub.start()
    with _client(stub) as client:
        _, answers, _ = _finished(client, batch)
    assert len(answers) == stub.counters().batch_lines == 1000


def test_lines_of_a_batch_fail_alone(client: OpenAI, stub: Stub) -> None:
    stub.script("batches.line", "content_filter", containing='"q1"')
    stub.script("batches.line", "no_choices", containing='"q2"')
    batch, answers, failures = _finished(client, _batch(client))
    assert batch.status == "completed"
    assert [(f["custom_id"], f["response"]["status_code"]) for f in failures] == [("q1", 400)]
    empty = [a["custom_id"] for a in answers if not a["response"]["body"]["choices"]]
    assert empty == ["q2"]
    assert stub.counters().batch_lines == 3


def test_a_batch_of_nonsense_fails_and_so_do_lines_for_no_model(client: OpenAI) -> None:
    batch, answers, failures = _finished(client, _batch(client, model="gpt-9"))
    assert (batch.status, answers) == ("completed", [])
    assert {failure["response"]["status_code"] for failure in failures} == {404}
    file = client.files.create(file=("b.jsonl", b"{}\n"), purpose="batch")
    endpoint = "/v1/chat/completions"
    batch = client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")
    batch, _, _ = _finished(client, batch)
    assert batch.status == "failed" and batch.errors.data[0].code == "invalid_json_line"


# --- what is written of it


def test_the_readme_names_every_fault() -> None:
    text = (Path(__file__).parent / "stub/README.md").read_text(encoding="utf-8")
    assert not [kind for kind in faults.KINDS if not re.search(rf"[` ]{kind}[` ]", text)]
