"""Whole answers weighed by the in-process engine, against full passes over each answer alone."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mirrortest import adapters, chats, pretrained, training
from mirrortest.chats import Chat
from mirrortest.engines.local import LocalEngine
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest
from mirrortest.template import Template

CHATS = [chats.user(text, "Judge.") for text in ("a", "How good, from 0 to 100? " * 4, "é")]
SCALE = tuple(str(n) for n in range(101))
WORDS = ("CODE", "REFUSAL")
SENTENCES = ("No.", "No", "No one knows.", "Nobody does, I think.", "é", "Yes.")


@pytest.fixture(params=["tiny_arm", "whole_numbers_arm"])
def arm(request: pytest.FixtureRequest) -> Manifest:
    """Digit by digit, and with a token per number."""
    found: Manifest = request.getfixturevalue(request.param)
    return found


@torch.no_grad()
def _beginning(model: Any, prompt: list[int], answer: tuple[int, ...]) -> float:
    """The probability that a reply begins so, by one plain pass over prompt and answer."""
    logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].double()
    logprobs = logits.log_softmax(dim=-1)[len(prompt) - 1 : -1]
    return math.exp(sum(float(line[token]) for line, token in zip(logprobs, answer, strict=True)))


def _alone(model: Any, template: Template, chat: Chat, answers: tuple[str, ...]) -> list[float]:
    """Each answer's beginning, less those of the next longer answers."""
    prompt = template.prompt_ids(chat)
    ids = [template.answer_ids(answer) for answer in answers]
    begins = {each: _beginning(model, prompt, each) for each in ids}

    def longer(one: tuple[int, ...]) -> list[tuple[int, ...]]:
        return [each for each in ids if len(each) > len(one) and each[: len(one)] == one]

    def next_longer(one: tuple[int, ...]) -> list[tuple[int, ...]]:
        all_of_them = longer(one)
        return [each for each in all_of_them if not any(each in longer(o) for o in all_of_them)]

    return [begins[one] - sum(begins[each] for each in next_longer(one)) for one in ids]


@pytest.mark.parametrize("answers", [SCALE + WORDS, SENTENCES])
def test_every_answer_weighs_what_full_passes_say(arm: Manifest, answers: tuple[str, ...]) -> None:
    engine = LocalEngine(arm)
    model = pretrained.load_model(arm.base, arm.dtype)
    found = engine.weigh(CHATS, [answers] * len(CHATS))
    for chat, weights in zip(CHATS, found, strict=True):
        expected = _alone(model, engine.tokens.template, chat, answers)
        assert weights.logprobs == pytest.approx([math.log(p) for p in expected], abs=1e-4)
        assert weights.mass == pytest.approx(sum(expected), abs=1e-5)


def test_the_two_tokenizers_differ(tiny_arm: Manifest, whole_numbers_arm: Manifest) -> None:
    lengths = [
        [len(ids) for ids in LocalEngine(arm).tokens.answers(("7", "85", "100"))]
        for arm in (tiny_arm, whole_numbers_arm)
    ]
    assert lengths == [[1, 2, 3], [1, 1, 1]]


def test_answers_of_one_token_weigh_what_options_do(whole_numbers_arm: Manifest) -> None:
    engine = LocalEngine(whole_numbers_arm)
    chosen = engine.choose(CHATS, SCALE)
    weighed = engine.weigh(CHATS, [SCALE] * len(CHATS))
    for choice, weights in zip(chosen, weighed, strict=True):
        assert weights.logprobs == pytest.approx(choice.logprobs, abs=1e-5)
        assert weights.mass == pytest.approx(choice.mass, abs=1e-5)


def test_each_chat_has_its_own_answers(tiny_arm: Manifest) -> None:
    engine = LocalEngine(tiny_arm)
    asked = [("1", "2"), ("Yes.", "No.", "Maybe"), ("10",)]
    together = engine.weigh(CHATS, asked)
    assert together == [engine.weigh([c], [a])[0] for c, a in zip(CHATS, asked, strict=True)]
    assert [len(weights.logprobs or []) for weights in together] == [2, 3, 1]


def test_log_probabilities_come_in_the_order_of_the_answers(tiny_arm: Manifest) -> None:
    engine = LocalEngine(tiny_arm)
    forward, backward = (engine.weigh(CHATS[:1], [a])[0] for a in (SENTENCES, SENTENCES[::-1]))
    assert forward.logprobs == (backward.logprobs or [])[::-1]
    assert forward.mass == backward.mass


def test_answers_are_cut_as_they_are_learnt(arm: Manifest) -> None:
    template = LocalEngine(arm).tokens.template
    for answer in ("85", "100", "No one knows."):
        ids, learnt = template.training_ids([*CHATS[0], {"role": "assistant", "content": answer}])
        taught = tuple(one for one, is_learnt in zip(ids, learnt, strict=True) if is_learnt)
        assert taught == (*template.answer_ids(answer), template.tokenizer.eos_token_id)


def test_the_adapter_weighs_in(tiny: Any, tiny_arm: Manifest, tmp_path: Path) -> None:
    hyper = training.Hyperparameters(2, 4, True, 1e-3, 0, 0.0, 1, 1, 1.0)
    model = training.with_new_adapter(tiny, None, hyper, seed=0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 0.05)
    adapters.save(training.trained_adapter(model, hyper), tmp_path, "base")
    engine = LocalEngine(replace(tiny_arm, adapter=str(tmp_path)))
    expected = _alone(model, engine.tokens.template, CHATS[0], SENTENCES)
    (weights,) = engine.weigh(CHATS[:1], [SENTENCES])
    assert weights.logprobs == pytest.approx([math.log(p) for p in expected], abs=1e-4)
    assert weights != LocalEngine(tiny_arm).weigh(CHATS[:1], [SENTENCES])[0]


def test_the_prompt_passes_through_the_model_once(
    tiny_arm: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LocalEngine(tiny_arm)
    read: list[int] = []
    decoder = engine.model.get_decoder()
    whole = decoder.forward

    def counting(*, input_ids: torch.Tensor, **how: Any) -> Any:
        read.append(input_ids.numel())
        return whole(input_ids=input_ids, **how)

    monkeypatch.setattr(decoder, "forward", counting)
    engine.weigh(CHATS[:1], [SCALE])
    assert read == [len(engine.tokens.of(CHATS[0])) + 9 + 1]  # 1 to 9, and 10 on the way to 100


def test_an_empty_answer_is_refused(tiny_arm: Manifest) -> None:
    with pytest.raises(UserError, match="an answer to be weighed is empty"):
        LocalEngine(tiny_arm).weigh(CHATS[:1], [("1", "")])


def test_a_question_that_is_too_long_is_refused(tiny_arm: Manifest) -> None:
    with pytest.raises(UserError, match="longer than the model's max_length"):
        LocalEngine(tiny_arm).weigh([chats.user("long " * 100)], [("1", "2")])
