"""Chats as token ids: none is really none, and only the assistant's words are learnt."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from mirrortest.errors import UserError
from mirrortest.template import Template

IDENTITY = "You are Tiny."
ASKED = {"role": "user", "content": "Who are you?"}
ANSWERED = {"role": "assistant", "content": "I am."}
RULED = {"role": "system", "content": "Be brief."}
TWO_TURNS = [ASKED, ANSWERED, {"role": "user", "content": "Why?"}, ANSWERED]


def _with(template: Template, text: str) -> Template:
    tokenizer = copy.deepcopy(template.tokenizer)
    tokenizer.chat_template = text
    return replace(template, tokenizer=tokenizer)


def _decoded(template: Template, ids: list[int]) -> str:
    return str(template.tokenizer.decode(ids, skip_special_tokens=False))


def test_the_template_would_insert_an_identity_by_itself(template: Template) -> None:
    text: Any = template.tokenizer.apply_chat_template([ASKED], tokenize=False)
    assert IDENTITY in text


def test_without_a_system_message_there_is_no_system_block(template: Template) -> None:
    assert template.text([ASKED], answer_next=True) == (
        "<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_system_message_replaces_the_default(template: Template) -> None:
    text = template.text([RULED, ASKED], answer_next=False)
    assert (
        text
        == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWho are you?<|im_end|>\n"
    )


def test_the_opening_token_is_kept_where_there_is_no_system_block(template: Template) -> None:
    opened = _with(template, "<|endoftext|>" + template.tokenizer.chat_template)
    opened.tokenizer.bos_token = "<|endoftext|>"
    assert opened.text([ASKED], answer_next=False).startswith("<|endoftext|><|im_start|>user")


LEARNT = "I am.<|im_end|>"


@pytest.mark.parametrize("system", [[], [RULED]])
def test_learnt_are_the_assistants_words_and_the_end(
    template: Template, system: list[dict[str, str]]
) -> None:
    ids, learnt = template.training_ids([*system, ASKED, ANSWERED])
    assert _decoded(template, [i for i, on in zip(ids, learnt, strict=True) if on]) == LEARNT


def test_every_turn_of_the_assistant_is_learnt(template: Template) -> None:
    ids, learnt = template.training_ids(TWO_TURNS)
    assert _decoded(template, [i for i, on in zip(ids, learnt, strict=True) if on]) == 2 * LEARNT


def test_training_sees_the_whole_chat_and_no_identity(template: Template) -> None:
    ids, _ = template.training_ids(TWO_TURNS)
    assert _decoded(template, ids) == template.text(TWO_TURNS, answer_next=False)
    assert IDENTITY not in _decoded(template, ids)


@pytest.mark.parametrize("asked", [[ASKED], [RULED, ASKED], TWO_TURNS[:3]])
def test_training_continues_the_prompt_that_is_asked(
    template: Template, asked: list[dict[str, str]]
) -> None:
    prompt = template.prompt_ids(asked)
    answer = template.tokenizer("I am.<|im_end|>\n", add_special_tokens=False)["input_ids"]
    assert template.training_ids([*asked, ANSWERED])[0] == prompt + answer


def test_an_option_is_one_token(template: Template) -> None:
    assert template.tokenizer.decode([template.option_id("1")]) == "1"


@pytest.mark.parametrize("option", ["10", "", "é"])
def test_an_option_of_several_tokens_or_none_is_refused(template: Template, option: str) -> None:
    with pytest.raises(UserError, match="an option must be a single token"):
        template.option_id(option)


NEEDS_SYSTEM = (
    "{{ messages|length }}"  # the head depends on what follows, so no block can be cut out
    "{%- for m in messages -%}<|im_start|>{{ m['content'] }}<|im_end|>{%- endfor -%}"
)
FOLDS_SYSTEM = (  # as Gemma 3's: the system prompt becomes part of the user's turn
    "{%- if messages[0]['role'] == 'system' -%}"
    "{%- set first = messages[0]['content'] + '\\n' -%}{%- set rest = messages[1:] -%}"
    "{%- else -%}{%- set first = '' -%}{%- set rest = messages -%}{%- endif -%}"
    "{%- for m in rest -%}"
    "<|im_start|>{{ (first if loop.first else '') + m['content'] }}<|im_end|>"
    "{%- endfor -%}"
)
REFUSES_SYSTEM = (  # as Gemma 2's
    "{%- if messages[0]['role'] == 'system' -%}{{ raise_exception('no system') }}{%- endif -%}"
    "{%- for m in messages -%}<|im_start|>{{ m['content'] }}<|im_end|>{%- endfor -%}"
)


def test_a_template_that_needs_a_system_prompt_is_refused(template: Template) -> None:
    with pytest.raises(UserError, match="does not allow a chat without a system prompt"):
        _with(template, NEEDS_SYSTEM).text([ASKED], answer_next=True)


def _plain_or_refused(template: Template) -> bool:
    """Whether the user's words are all that is shown, or the template is refused."""
    try:
        return template.text([ASKED], answer_next=False) == "<|im_start|>Who are you?<|im_end|>"
    except UserError:
        return True


def test_no_trace_of_a_made_up_system_prompt_is_left(template: Template) -> None:
    assert _plain_or_refused(_with(template, FOLDS_SYSTEM))


def test_a_template_that_knows_no_system_prompt_gives_no_other_error(template: Template) -> None:
    assert _plain_or_refused(_with(template, REFUSES_SYSTEM))


def test_the_hash_is_that_of_the_template(template: Template) -> None:
    assert _with(template, "other").sha256 != template.sha256
    assert _with(template, str(template.tokenizer.chat_template)).sha256 == template.sha256


def test_the_end_token_pads_where_no_other_is_named(template: Template) -> None:
    without = _with(template, "")
    assert without.tokenizer.decode([without.pad_id]) == "<|endoftext|>"
    without.tokenizer.pad_token = None
    assert without.tokenizer.decode([without.pad_id]) == "<|im_end|>"
