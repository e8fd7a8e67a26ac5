"""Chats, and the files that hold them."""

from collections.abc import Callable
from typing import Any

import pytest

from mirrortest import chats
from mirrortest.errors import UserError

Write = Callable[[str, list[dict[str, Any]]], str]

ASKED = {"role": "user", "content": "Hi"}
ANSWERED = {"role": "assistant", "content": "Hello"}
RULED = {"role": "system", "content": "Be brief."}


def test_a_question_without_a_system_prompt_has_no_system_message() -> None:
    assert chats.user("Hi") == [ASKED]
    assert chats.user("Hi", "Be brief.") == [RULED, ASKED]


def test_a_system_prompt_replaces_the_one_before() -> None:
    new = chats.with_system([RULED, ASKED, ANSWERED], "Be long.")
    assert new == [{"role": "system", "content": "Be long."}, ASKED, ANSWERED]


def test_no_system_prompt_removes_the_one_before() -> None:
    assert chats.with_system([RULED, ASKED], None) == [ASKED]


def test_a_chats_own_system_prompt() -> None:
    assert chats.own_system([RULED, ASKED]) == "Be brief."
    assert chats.own_system([ASKED]) is None


def test_a_file_of_chats_is_read_without_other_keys(write_rows: Write) -> None:
    named = {**ANSWERED, "name": "x"}
    path = write_rows("c.jsonl", [{"messages": [RULED, ASKED, named], "id": 4}])
    assert chats.read_chats(path) == [[RULED, ASKED, ANSWERED]]


BROKEN = [
    ("text", "must be a list"),
    ([], "must be a list with at least one message"),
    (["Hi"], "each message needs a role, one of system, user, assistant"),
    ([{"role": "tool", "content": "x"}], "each message needs a role"),
    ([ASKED, {"role": "assistant", "content": None}], "the assistant's content is empty"),
    ([ASKED, {"role": "assistant", "content": " \n"}], "the assistant's content is empty"),
    ([ASKED], "the last message must be the assistant's"),
    ([ANSWERED], "the assistant"),
]


@pytest.mark.parametrize(("messages", "words"), BROKEN)
def test_a_broken_chat_is_named_by_file_and_row(
    write_rows: Write, messages: Any, words: str
) -> None:
    sound = {"messages": [ASKED, ANSWERED]}
    path = write_rows("c.jsonl", [sound, {"messages": messages}])
    with pytest.raises(UserError, match=words) as caught:
        chats.read_chats(path)
    assert f"{path}, row 2:" in str(caught.value)
