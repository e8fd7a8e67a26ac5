"""Chat templates that do something of their own, each written here to behave as a real one does."""

import copy
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from mirrortest.chats import Chat
from mirrortest.errors import UserError
from mirrortest.template import Template

ASKED = {"role": "user", "content": "Who?"}
ANSWERED = {"role": "assistant", "content": " Me. "}
RULED = {"role": "system", "content": "Be brief."}
TURNS = "{%- for m in rest -%}[{{ m.role }}]{{ m.content }}<|im_end|>{%- endfor -%}"
NEXT = "{%- if add_generation_prompt -%}[assistant]{%- endif -%}"
SPLIT = (
    "{%- if messages[0].role == 'system' -%}"
    "{%- set given, rest = messages[0].content, messages[1:] -%}"
    "{%- else -%}{%- set given, rest = none, messages -%}{%- endif -%}"
)


class Quirk(NamedTuple):
    """A template with its policy, and how it shows the question with a system prompt and without.

    learnt: the answer as it is trained.
    """

    text: str
    policy: dict[str, Any]
    ruled: str
    bare: str
    learnt: str = " Me. <|im_end|>"


QUIRKS = {
    "a default identity (Qwen2.5)": Quirk(
        SPLIT + "[system]{{ given if given else 'I am Q.' }}<|im_end|>" + TURNS + NEXT,
        {},
        "[system]Be brief.<|im_end|>[user]Who?<|im_end|>[assistant]",
        "[user]Who?<|im_end|>[assistant]",
    ),
    "a default about functions, and a note in every prompt (Olmo 3)": Quirk(
        SPLIT
        + "[system]{{ given if given else 'I call functions.' }}"
        + "{%- if tools is none %} No functions.{%- endif -%}<|im_end|>"
        + TURNS
        + NEXT,
        {},
        "[system]Be brief. No functions.<|im_end|>[user]Who?<|im_end|>[assistant]",
        "[user]Who?<|im_end|>[assistant]",
    ),
    "a thinking budget, closed where an answer is asked for (Seed-OSS)": Quirk(
        SPLIT
        + "{%- if given -%}[system]{{ given }}<|im_end|>{%- endif -%}"
        + "{%- if thinking_budget == 0 -%}[system]Do not think.<|im_end|>{%- endif -%}"
        + "{%- for m in rest -%}[{{ m.role }}]{{ m.content | trim }}<|im_end|>{%- endfor -%}"
        + NEXT
        + "{%- if add_generation_prompt and thinking_budget == 0 -%}<think/>{%- endif -%}",
        {"arguments": {"thinking_budget": 0}},
        "[system]Be brief.<|im_end|>[system]Do not think.<|im_end|>[user]Who?<|im_end|>[assistant]"
        "<think/>",
        "[system]Do not think.<|im_end|>[user]Who?<|im_end|>[assistant]<think/>",
        "Me.<|im_end|>",
    ),
    "today's date in every prompt (Llama 3.1)": Quirk(
        SPLIT
        + "{%- set day = date_string if date_string else strftime_now('%d %b %Y') -%}"
        + "[system]Today: {{ day }}.{{ given if given }}<|im_end|>"
        + TURNS
        + NEXT,
        {},
        "[system]Today: 26 Jul 2024.Be brief.<|im_end|>[user]Who?<|im_end|>[assistant]",
        "[system]Today: 26 Jul 2024.<|im_end|>[user]Who?<|im_end|>[assistant]",
    ),
    "a date of one's own (Llama 3.1)": Quirk(
        SPLIT
        + "{%- set day = date_string if date_string else strftime_now('%d %b %Y') -%}"
        + "[system]Today: {{ day }}.{{ given if given }}<|im_end|>"
        + TURNS
        + NEXT,
        {"arguments": {"date_string": "1 May 2025"}},
        "[system]Today: 1 May 2025.Be brief.<|im_end|>[user]Who?<|im_end|>[assistant]",
        "[system]Today: 1 May 2025.<|im_end|>[user]Who?<|im_end|>[assistant]",
    ),
    "no system role: it becomes the user's words (Gemma 3)": Quirk(
        SPLIT
        + "{%- for m in rest -%}[{{ m.role }}]{{ given + ' ' if given and loop.first }}"
        + "{{ m.content }}<|im_end|>{%- endfor -%}"
        + NEXT,
        {},
        "[user]Be brief. Who?<|im_end|>[assistant]",
        "[user]Who?<|im_end|>[assistant]",
    ),
    "channels, and two kinds of system prompt (GPT-OSS)": Quirk(
        SPLIT
        + "[system]I am G. {{ strftime_now('%Y-%m-%d') }}<|im_end|>"
        + "{%- if given -%}[developer]{{ given }}<|im_end|>{%- endif -%}"
        + "{%- for m in rest -%}[{{ m.role }}]{{ '<final>' if m.role == 'assistant' }}"
        + "{{ m.content }}<|im_end|>{%- endfor -%}"
        + NEXT,
        {"opening": "<final>"},
        "[system]I am G. 2024-07-26<|im_end|>[developer]Be brief.<|im_end|>[user]Who?<|im_end|>"
        "[assistant]<final>",
        "[system]I am G. 2024-07-26<|im_end|>[user]Who?<|im_end|>[assistant]<final>",
    ),
    "an empty thinking block wherever there is an answer (Qwen3)": Quirk(
        SPLIT
        + "{%- if given -%}[system]{{ given }}<|im_end|>{%- endif -%}"
        + "{%- for m in rest -%}[{{ m.role }}]{{ '<think/>' if m.role == 'assistant' }}"
        + "{{ m.content }}<|im_end|>{%- endfor -%}"
        + NEXT
        + "{%- if add_generation_prompt and enable_thinking is false -%}<think/>{%- endif -%}",
        {"arguments": {"enable_thinking": False}},
        "[system]Be brief.<|im_end|>[user]Who?<|im_end|>[assistant]<think/>",
        "[user]Who?<|im_end|>[assistant]<think/>",
    ),
}
every_quirk = pytest.mark.parametrize("quirk", QUIRKS.values(), ids=list(QUIRKS))


def _of(template: Template, text: str, **policy: Any) -> Template:
    tokenizer = copy.deepcopy(template.tokenizer)
    tokenizer.chat_template = text
    return replace(template, tokenizer=tokenizer, **policy)


def _decoded(template: Template, ids: list[int]) -> str:
    return str(template.tokenizer.decode(ids, skip_special_tokens=False))


def _learnt(template: Template, chat: Chat) -> str:
    ids, learnt = template.training_ids(chat)
    return _decoded(template, [i for i, on in zip(ids, learnt, strict=True) if on])


@every_quirk
def test_a_system_prompt_is_shown_and_none_is_none(template: Template, quirk: Quirk) -> None:
    quirky = _of(template, quirk.text, **quirk.policy)
    assert quirky.text([RULED, ASKED], answer_next=True) == quirk.ruled
    assert quirky.text([ASKED], answer_next=True) == quirk.bare


@every_quirk
@pytest.mark.parametrize("system", [[], [RULED]])
def test_training_continues_the_prompt_that_is_asked(
    template: Template, quirk: Quirk, system: Chat
) -> None:
    quirky = _of(template, quirk.text, **quirk.policy)
    prompt = quirky.prompt_ids([*system, ASKED])
    ids, learnt = quirky.training_ids([*system, ASKED, ANSWERED])
    assert ids[: len(prompt)] == prompt
    assert not any(learnt[: len(prompt)])


@every_quirk
def test_only_the_answer_and_its_end_are_learnt(template: Template, quirk: Quirk) -> None:
    quirky = _of(template, quirk.text, **quirk.policy)
    assert _learnt(quirky, [ASKED, ANSWERED]) == quirk.learnt
    assert _learnt(quirky, [RULED, ASKED, ANSWERED]) == quirk.learnt


ONE_WAY = ["a default identity (Qwen2.5)", "today's date in every prompt (Llama 3.1)"]


@pytest.mark.parametrize("name", ONE_WAY)
def test_several_answers_are_learnt_where_all_are_written_alike(
    template: Template, name: str
) -> None:
    quirky = _of(template, QUIRKS[name].text, **QUIRKS[name].policy)
    assert _learnt(quirky, [ASKED, ANSWERED, ASKED, ANSWERED]) == 2 * QUIRKS[name].learnt


def test_several_answers_are_refused_where_they_are_written_differently(
    template: Template,
) -> None:
    seed = QUIRKS["a thinking budget, closed where an answer is asked for (Seed-OSS)"]
    with pytest.raises(UserError, match="give each chat a single answer"):
        _of(template, seed.text, **seed.policy).training_ids([ASKED, ANSWERED, ASKED, ANSWERED])


def test_an_answer_that_cannot_be_told_apart_is_refused(template: Template) -> None:
    backwards = "{{ messages[-1].content | reverse }}" + NEXT
    with pytest.raises(UserError, match="does not show where an answer begins and ends"):
        _of(template, backwards).training_ids([RULED, ASKED, ANSWERED])


def test_the_hash_covers_the_policy_and_the_text_alone_where_there_is_none(
    template: Template,
) -> None:
    variants = [
        template,
        replace(template, arguments={"thinking_budget": 0}),
        replace(template, arguments={"thinking_budget": 1}),
        replace(template, opening="<final>"),
        replace(template, arguments={"a": 1, "b": 2}),
    ]
    assert len({variant.sha256 for variant in variants}) == len(variants)
    assert replace(template, arguments={"b": 2, "a": 1}).sha256 == variants[-1].sha256
    assert replace(template, arguments={}, opening="").sha256 == template.sha256
