"""vLLM in this process: arms of one base in turn, bad adapters, the prefix cache, sampling."""

import json
import logging
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from bad_adapters import SPOILED, spoiled

from mirrortest.chats import Chat
from mirrortest.engine import Choice, Engine, Sampling, Serving, open_engine
from mirrortest.engines import resident, vllm
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

OPTIONS = ("1", "2")
Arms = dict[str, Manifest]


def _engine(arm: Manifest) -> Engine:
    return open_engine(arm, Serving("vllm"))


def _choose(arm: Manifest, questions: list[Chat]) -> list[Choice]:
    return _engine(arm).choose(questions, OPTIONS)


@pytest.fixture
def ready(arms: Arms, questions: list[Chat]) -> list[Choice]:
    """Answers of an arm that takes all the room that the others need."""
    return _choose(arms["one+two"], questions)


def test_arms_of_one_base_are_asked_in_turn_from_the_same_weights(
    arms: Arms, questions: list[Chat], ready: list[Choice]
) -> None:
    held = resident._held[0]
    first = {chain: _choose(arm, questions) for chain, arm in arms.items()}
    for chain in ["base", "one", "base", "two", "one+two", "base"]:
        assert _choose(arms[chain], questions) == first[chain]
    assert resident._held == [held]


def test_every_adapter_has_a_number_of_its_own(
    arms: Arms, questions: list[Chat], ready: list[Choice]
) -> None:
    for chain in ("one", "two", "one"):
        _choose(arms[chain], questions[:1])
    numbers = [a.lora_int_id for a in resident._held[0]._adapters.values()]
    assert len(numbers) >= 3
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("how", SPOILED)
def test_a_bad_adapter_is_refused_and_the_engine_lives_on(
    arms: Arms, questions: list[Chat], ready: list[Choice], how: str, tmp_path: Path
) -> None:
    held = resident._held[0]
    with pytest.raises(UserError, match=SPOILED[how][1]):
        _choose(spoiled(arms["one"], how, tmp_path / "adapter"), questions)
    assert _choose(arms["one+two"], questions) == ready
    assert resident._held == [held]


@pytest.mark.parametrize("how", ["wrong base", "DoRA", "missing file"])
def test_what_only_vllm_notices_is_refused_too(
    arms: Arms,
    questions: list[Chat],
    ready: list[Choice],
    how: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = resident._held[0]
    monkeypatch.setattr(vllm, "checked_rank", lambda arm: 8)
    with pytest.raises(UserError, match="vLLM refused the adapter"):
        _choose(spoiled(arms["one"], how, tmp_path / "adapter"), questions)
    monkeypatch.undo()
    assert _choose(arms["one+two"], questions) == ready
    assert resident._held == [held]


def test_a_call_that_fails_leaves_nothing_behind(
    arms: Arms, questions: list[Chat], ready: list[Choice], tmp_path: Path
) -> None:
    """A request that stayed in the queue would hang the next call."""
    from vllm import SamplingParams
    from vllm.lora.request import LoRARequest

    nowhere = LoRARequest("nowhere", 99, str(tmp_path / "nowhere"))
    with pytest.raises(Exception, match="nowhere"):
        resident._held[0].ask([[1, 2, 3]], [SamplingParams(max_tokens=1)], nowhere)
    assert _choose(arms["one+two"], questions) == ready


def test_both_orders_of_a_pair_share_the_prefix_cache(
    arms: Arms, questions: list[Chat], ready: list[Choice], caplog: pytest.LogCaptureFixture
) -> None:
    resident._held[0]._llm.reset_prefix_cache()
    engine = _engine(arms["one"])
    [plan] = engine.plan(questions, "choose")
    with caplog.at_level(logging.INFO, logger=resident.__name__):
        engine.choose([questions[i] for i in plan], OPTIONS)
    hit = re.search(r"prefix cache: (\d+) of (\d+) tokens \((\d+) %\)", caplog.text)
    assert hit
    print(hit[0])
    assert int(hit[3]) > 15


def test_a_sampled_answer_depends_on_its_question_and_the_seed(
    arms: Arms, questions: list[Chat], ready: list[Choice]
) -> None:
    engine = _engine(arms["one"])
    hot, other = Sampling(16, temperature=1.5), Sampling(16, temperature=1.5, seed=1)
    together = engine.generate(questions, [hot] * len(questions))
    assert engine.generate(questions[3:4], [hot]) == together[3:4]
    assert engine.generate(questions[::-1], [hot] * len(questions)) == together[::-1]
    assert engine.generate(questions, [other] * len(questions)) != together


def _shipping(arm: Manifest, folder: Path, **generation: object) -> Manifest:
    """The arm over a copy of its base whose generation_config.json says these things too."""
    shutil.copytree(str(arm.base.path), folder)
    path = folder / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | generation), "utf-8")
    return replace(arm, base=replace(arm.base, path=str(folder)))


def test_what_a_model_ships_for_sampling_bends_nothing(
    arms: Arms, questions: list[Chat], tmp_path: Path
) -> None:
    settings = {"do_sample": True, "repetition_penalty": 5.0, "temperature": 0.7, "top_k": 20}
    greedy, hot = Sampling(16), Sampling(16, temperature=1.5)
    engine = _engine(arms["one"])
    expected = (
        engine.generate(questions, [greedy] * len(questions)),
        engine.generate(questions, [hot] * len(questions)),
    )
    other = _engine(_shipping(arms["one"], tmp_path / "model", **settings))
    assert (
        other.generate(questions, [greedy] * len(questions)),
        other.generate(questions, [hot] * len(questions)),
    ) == expected


def test_an_answer_ends_at_any_of_the_models_end_tokens(
    arms: Arms, questions: list[Chat], tmp_path: Path
) -> None:
    """As transformers ends it, whose generation config may name more than the tokenizer."""
    template = vllm.Tokens(arms["one"]).template
    first = open_engine(arms["one"]).choose(questions[:1], OPTIONS)[0].free
    more = _shipping(arms["one"], tmp_path / "model", eos_token_id=[2, template.option_id(first)])
    answers = _engine(more).generate(questions[:4], [Sampling(12)] * 4)
    assert answers[0].ended
    assert answers == open_engine(more).generate(questions[:4], [Sampling(12)] * 4)
