"""The in-process engine against plain transformers."""

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mirrortest import adapters, chats, training
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Verb
from mirrortest.engines import local
from mirrortest.engines.local import LocalEngine
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest
from mirrortest.template import Template

OPTIONS = ("1", "2")
CHATS = [chats.user(text, "Choose.") for text in ("a", "bb or c? " * 4, "1 or 2", "é", "x " * 60)]
GREEDY = Sampling(max_tokens=8)


@pytest.fixture
def engine(tiny_arm: Manifest) -> LocalEngine:
    return LocalEngine(tiny_arm)


@torch.no_grad()
def _logprobs(model: Any, ids: list[int]) -> torch.Tensor:
    """The log-probabilities after the last token, by a plain full forward pass."""
    return model(input_ids=torch.tensor([ids])).logits[0, -1].float().log_softmax(dim=-1)


def _close(one: Choice, two: Choice) -> bool:
    return one.free == two.free and one.logprobs == pytest.approx(two.logprobs, abs=1e-5)


def test_log_probabilities_are_those_of_a_plain_forward_pass(
    engine: LocalEngine, template: Template, tiny: Any
) -> None:
    wanted = [template.option_id(option) for option in OPTIONS]
    for chat, choice in zip(CHATS, engine.choose(CHATS, OPTIONS), strict=True):
        expected = _logprobs(tiny, template.prompt_ids(chat))[wanted].tolist()
        assert choice.logprobs == pytest.approx(expected, abs=1e-5)


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(engine: LocalEngine) -> None:
    together = engine.choose(CHATS, OPTIONS)
    alone = [engine.choose([chat], OPTIONS)[0] for chat in CHATS]
    assert all(_close(one, two) for one, two in zip(together, alone, strict=True))


def test_answers_come_in_the_order_of_the_questions(engine: LocalEngine) -> None:
    backwards = engine.choose(CHATS[::-1], OPTIONS)[::-1]
    assert all(_close(a, b) for a, b in zip(backwards, engine.choose(CHATS, OPTIONS), strict=True))


def test_log_probabilities_come_in_the_order_of_the_options(engine: LocalEngine) -> None:
    forward, backward = (engine.choose(CHATS[:1], o)[0] for o in (OPTIONS, OPTIONS[::-1]))
    assert forward.logprobs == backward.logprobs[::-1]
    assert forward.logprobs[0] != forward.logprobs[1]


def test_the_mass_is_the_probability_of_all_options(engine: LocalEngine) -> None:
    for choice in engine.choose(CHATS, OPTIONS):
        assert choice.mass == pytest.approx(sum(map(math.exp, choice.logprobs)), abs=1e-5)


def test_the_free_answer_is_the_greedy_first_token(
    engine: LocalEngine, template: Template, tiny: Any
) -> None:
    for chat, choice in zip(CHATS, engine.choose(CHATS, OPTIONS), strict=True):
        best = int(_logprobs(tiny, template.prompt_ids(chat)).argmax())
        assert choice.free == template.tokenizer.decode([best]).strip()


def _hf_answer(model: Any, template: Template, chat: Chat) -> str:
    ids = torch.tensor([template.prompt_ids(chat)])
    output = model.generate(ids, max_new_tokens=GREEDY.max_tokens, do_sample=False)
    new = output[0, ids.shape[1] :]
    return str(template.tokenizer.decode(new, skip_special_tokens=True)).strip()


def test_greedy_text_is_that_of_a_single_unpadded_chat(
    engine: LocalEngine, template: Template, tiny: Any
) -> None:
    answers = engine.generate(CHATS, [GREEDY] * len(CHATS))
    assert [a.text for a in answers] == [_hf_answer(tiny, template, chat) for chat in CHATS]


def _copied(arm: Manifest, folder: Path, generation: dict[str, Any]) -> Manifest:
    """The arm over a copy of its base whose generation_config.json says these things too."""
    shutil.copytree(str(arm.base.path), folder)
    path = folder / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | generation), encoding="utf-8")
    return replace(arm, base=replace(arm.base, path=str(folder)))


# As Qwen2.5's own file, which would otherwise bend what is meant to be greedy.
QWEN = {"do_sample": True, "repetition_penalty": 5.0, "temperature": 0.7, "top_k": 20, "top_p": 0.8}


def test_greedy_is_greedy_whatever_the_model_ships_with(
    engine: LocalEngine, tiny_arm: Manifest, tmp_path: Path
) -> None:
    other = LocalEngine(_copied(tiny_arm, tmp_path / "model", QWEN))
    assert other.generate(CHATS, [GREEDY] * len(CHATS)) == engine.generate(
        CHATS, [GREEDY] * len(CHATS)
    )


def test_sampling_is_by_its_own_settings_only(
    engine: LocalEngine, tiny_arm: Manifest, tmp_path: Path
) -> None:
    other = LocalEngine(_copied(tiny_arm, tmp_path / "model", QWEN))
    hot = Sampling(max_tokens=16, temperature=2.0)
    assert other.generate(CHATS[:2], [hot] * 2) == engine.generate(CHATS[:2], [hot] * 2)


def test_sampled_text_depends_on_the_seed_only(engine: LocalEngine) -> None:
    first, again, other = (Sampling(max_tokens=12, temperature=2.0, seed=s) for s in (0, 0, 1))
    assert engine.generate(CHATS, [first] * len(CHATS)) == engine.generate(
        CHATS, [again] * len(CHATS)
    )
    assert engine.generate(CHATS, [first] * len(CHATS)) != engine.generate(
        CHATS, [other] * len(CHATS)
    )


def test_an_answer_stops_at_the_end_token(engine: LocalEngine, template: Template) -> None:
    ids = template.tokenizer("Yes <|im_end|>no", add_special_tokens=False)["input_ids"]
    assert engine.tokens.answer(ids) == Answer("Yes", ended=True)
    assert engine.tokens.answer(ids[:3]) == Answer("Yes", ended=False)


def test_an_answer_that_another_end_token_ended_has_ended(
    tiny: Any, tiny_arm: Manifest, template: Template, tmp_path: Path
) -> None:
    first = int(_logprobs(tiny, template.prompt_ids(CHATS[0])).argmax())
    arm = _copied(tiny_arm, tmp_path / "model", {"eos_token_id": [2, first]})
    assert LocalEngine(arm).generate(CHATS[:1], [GREEDY])[0].ended


def test_the_adapter_is_applied(
    tiny: Any, tiny_arm: Manifest, template: Template, tmp_path: Path
) -> None:
    hyper = training.Hyperparameters(2, 4, True, 1e-3, 0, 0.0, 1, 1, 1.0)
    model = training.with_new_adapter(tiny, None, hyper, seed=0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 0.05)
    adapters.save(training.trained_adapter(model, hyper), tmp_path, "base")
    expected = _logprobs(model, template.prompt_ids(CHATS[0]))[template.option_id("1")].item()
    choice = LocalEngine(replace(tiny_arm, adapter=str(tmp_path))).choose(CHATS[:1], OPTIONS)[0]
    assert choice.logprobs[0] == pytest.approx(expected, abs=1e-5)
    assert not _close(choice, LocalEngine(tiny_arm).choose(CHATS[:1], OPTIONS)[0])


@pytest.mark.parametrize("verb", ["choose", "generate"])
def test_batches_hold_every_question_once(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    monkeypatch.setattr(local, "BATCH_TOKENS", 200)
    plan = engine.plan(CHATS, verb)
    assert sorted(index for batch in plan for index in batch) == list(range(len(CHATS)))
    assert len(plan) > 1


def test_text_is_written_for_like_lengths_the_longest_first(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "BATCH_TOKENS", 200)
    plan = engine.plan(CHATS, "generate")
    assert plan[0][0] == 4
    lengths = [len(engine.tokens.of(chat)) for chat in CHATS]
    assert all(len(batch) == 1 or len(batch) * lengths[batch[0]] <= 200 for batch in plan)


def test_what_begins_alike_is_read_together(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["one " * 20, "two " * 20]
    asked = [chats.user(f"{text}{end}?") for end in "ab" for text in texts]
    length = len(engine.tokens.of(asked[0]))
    monkeypatch.setattr(local, "BATCH_TOKENS", length + 30)
    assert engine.plan(asked, "choose") == [[0, 2], [1, 3]]


def test_the_model_reads_what_is_shared_once(engine: LocalEngine) -> None:
    """The same questions twice are as many tokens as once."""
    read: list[int] = []
    decoder = engine.model.get_decoder()
    decoder.layers[0].mlp.register_forward_hook(
        lambda _, inputs, __: read.append(inputs[0].numel())
    )
    engine.choose(CHATS, OPTIONS)
    engine.choose([*CHATS, *CHATS], OPTIONS)
    engine.choose(CHATS[:1], OPTIONS)
    assert read[0] == read[1] > read[2]
    assert read[2] == engine.model.config.hidden_size * len(engine.tokens.of(CHATS[0]))


def test_a_question_that_is_too_long_is_refused(engine: LocalEngine) -> None:
    with pytest.raises(UserError, match=r"longer than the model's max_length of 256 \(it begins"):
        engine.plan([chats.user("long " * 100)], "choose")


def test_an_option_of_several_tokens_is_refused(engine: LocalEngine) -> None:
    with pytest.raises(UserError, match="'10' is 2 tokens"):
        engine.choose(CHATS[:1], ("1", "10"))


def test_a_changed_template_is_refused(tiny_arm: Manifest) -> None:
    with pytest.raises(UserError, match=r"the chat template of .* has changed since tiny/base"):
        LocalEngine(replace(tiny_arm, template_sha256="0" * 64)).choose(CHATS[:1], OPTIONS)


def test_a_model_that_is_not_there_gives_a_sentence(tiny_arm: Manifest, tmp_path: Path) -> None:
    gone = replace(tiny_arm, base=replace(tiny_arm.base, path=str(tmp_path / "gone")))
    with pytest.raises(UserError, match="cannot be loaded"):
        LocalEngine(gone).choose(CHATS[:1], OPTIONS)


@pytest.fixture
def untouched() -> Iterator[torch.Tensor]:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    yield expected


def test_choosing_draws_nothing(engine: LocalEngine, untouched: torch.Tensor) -> None:
    engine.choose(CHATS, OPTIONS)
    assert torch.equal(torch.rand(1), untouched)
