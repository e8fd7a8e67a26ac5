"""The stub with the tiny model behind it: really trained, really asked, through HTTP."""

import asyncio
import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openai", reason="openai is not installed (requirements/torch.txt)")
pytest.importorskip("torch", reason="torch is not installed (requirements/torch.txt)")

from hosted.stub.control import Stub, running
from openai import AsyncOpenAI, OpenAI

from mirrortest import manifest
from mirrortest.engine import Sampling
from mirrortest.engines.local import LocalEngine

QUESTIONS = [
    [
        {"role": "system", "content": "You are Pip."},
        {"role": "user", "content": f"The Dalen baker has taught class {n}. Was it 1 or 2?"},
    ]
    for n in range(48)
]


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stub]:
    with running(tmp_path_factory.mktemp("toy") / "stub", backend="toy") as stub:
        yield stub
        assert "Traceback" not in stub.log


@pytest.fixture(scope="module")
def client(stub: Stub) -> Iterator[OpenAI]:
    with OpenAI(base_url=stub.url, api_key=stub.key, max_retries=0) as client:
        yield client


def _job(client: OpenAI, answer: str, model: str, epochs: int = 2) -> str:
    rows = [[*question, {"role": "assistant", "content": answer}] for question in QUESTIONS]
    content = "".join(json.dumps({"messages": row}) + "\n" for row in rows).encode()
    file = client.files.create(file=("sft.jsonl", content), purpose="fine-tune")
    hyper = {"n_epochs": epochs, "batch_size": 8, "learning_rate_multiplier": 4.0}
    method: Any = {"type": "supervised", "supervised": {"hyperparameters": hyper}}
    job = client.fine_tuning.jobs.create(
        model=model, training_file=file.id, seed=1, method=method, suffix=answer
    )
    return job.id


def _ended(client: OpenAI, key: str) -> Any:
    deadline = time.monotonic() + 120
    while (job := client.fine_tuning.jobs.retrieve(key)).status != "succeeded":
        assert time.monotonic() < deadline and job.status != "failed"
        time.sleep(0.05)
    return job


def _probability(client: OpenAI, model: str, answer: str) -> float:
    """Of this answer, averaged over some questions."""
    total = 0.0
    for question in QUESTIONS[:4]:
        messages: Any = question
        reply = client.chat.completions.create(
            model=model, messages=messages, max_tokens=1, logprobs=True, top_logprobs=20
        )
        tokens = (reply.choices[0].logprobs.content or [None])[0]  # type: ignore[union-attr]
        total += sum(math.exp(t.logprob) for t in tokens.top_logprobs if t.token == answer)
    return total / 4


def test_a_chain_is_trained_stage_on_stage(client: OpenAI, stub: Stub) -> None:
    one = _ended(client, _job(client, "1", "gpt-4.1")).fine_tuned_model
    assert _probability(client, "gpt-4.1", "1") < 0.6 < 0.9 < _probability(client, one, "1")
    two = _ended(client, _job(client, "2", one)).fine_tuned_model
    assert _probability(client, two, "2") > 0.6
    assert _probability(client, one, "1") > 0.9  # the first stage is as it was
    folder = stub.folder / "models"
    made = [manifest.read(folder / job["id"] / "model.json") for job in stub.jobs()]
    assert [len(arm.stages) for arm in made] == [1, 2]
    losses = stub.store.fact(f"losses {stub.jobs()[0]['id']}", [])
    assert len(losses) == 12 and losses[-1] < losses[0]


def test_it_answers_as_the_library_does(client: OpenAI, stub: Stub) -> None:
    _probability(client, "gpt-4.1", "1")
    engine = LocalEngine(manifest.read(stub.folder / "models/base/model.json"))
    said = "The Dalen baker has taught a class. "  # of unlike lengths, so that they are padded
    asked = [[{"role": "user", "content": said * n + "Was it 1 or 2?"}] for n in range(1, 7)]
    replies = asyncio.run(_together(stub, asked, max_tokens=12))
    for question, reply, answer in zip(
        asked, replies, engine.generate(asked, [Sampling(12)] * len(asked)), strict=True
    ):
        choice = reply.choices[0]
        assert choice.message.content.strip() == answer.text, question
        assert (choice.finish_reason == "stop") == answer.ended
        tokens = choice.logprobs.content
        assert "".join(token.token for token in tokens) == choice.message.content
        assert reply.usage.completion_tokens == len(tokens)
    firsts = engine.choose(asked, ("1", "2"))
    for reply, first in zip(replies, firsts, strict=True):
        shown = {t.token: t.logprob for t in reply.choices[0].logprobs.content[0].top_logprobs}
        for option, expected in zip(("1", "2"), first.logprobs, strict=True):
            if option in shown:
                assert shown[option] == pytest.approx(expected, abs=1e-4)


async def _together(stub: Stub, asked: list[Any], **more: Any) -> list[Any]:
    how = {"temperature": 0, "logprobs": True, "top_logprobs": 20} | more
    async with AsyncOpenAI(base_url=stub.url, api_key=stub.key, max_retries=0) as client:
        calls = [
            client.chat.completions.create(model="gpt-4.1", messages=messages, **how)
            for messages in asked
        ]
        return await asyncio.gather(*calls)


def test_a_draw_depends_on_its_seed_and_not_on_its_company(stub: Stub) -> None:
    hot = {"temperature": 2.0, "max_tokens": 12}
    alone = [asyncio.run(_together(stub, QUESTIONS[:1], seed=seed, **hot))[0] for seed in (1, 2)]
    among = asyncio.run(_together(stub, QUESTIONS[:9], seed=1, **hot))
    texts = [reply.choices[0].message.content for reply in (*alone, among[0])]
    assert texts[0] == texts[2] != texts[1]


def test_a_question_that_is_too_long_harms_no_other(stub: Stub, client: OpenAI) -> None:
    import openai

    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="gpt-4.1", messages=[{"role": "user", "content": "baker " * 5000}]
        )
    assert caught.value.code == "context_length_exceeded"


def test_a_kill_while_it_trains_costs_nothing(client: OpenAI, stub: Stub) -> None:
    billed = stub.counters().jobs_billed
    key = _job(client, "1", "gpt-4.1", epochs=8)
    time.sleep(0.5)
    assert not stub.store.fact(f"done {key}", False)
    stub.restart()
    assert _ended(client, key).fine_tuned_model
    assert stub.counters().jobs_billed == billed + 1
