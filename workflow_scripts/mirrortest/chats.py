"""Chats in OpenAI's form: `{"messages": [{"role": ..., "content": ...}, ...]}`.

A chat without a system message means just that: no system block, not a template's default one.
"""

from mirrortest import jsonl
from mirrortest.errors import UserError

Message = dict[str, str]
Chat = list[Message]

ROLES = ("system", "user", "assistant")


def user(text: str, system: str | None = None) -> Chat:
    """A chat of one question, under a system prompt or none."""
    return with_system([{"role": "user", "content": text}], system)


def with_system(chat: Chat, system: str | None) -> Chat:
    """The chat under this system prompt (none: without any), whatever it had before."""
    rest = [message for message in chat if message["role"] != "system"]
    return rest if system is None else [{"role": "system", "content": system}, *rest]


def own_system(chat: Chat) -> str | None:
    """The chat's own system prompt, if it has one."""
    return chat[0]["content"] if chat[0]["role"] == "system" else None


def read_chats(path: str) -> list[Chat]:
    """The chats of a training file. Raises UserError that names file and line."""
    rows = jsonl.read(path, required=("messages",))
    return [_checked(row["messages"], f"{path}, row {n}") for n, row in enumerate(rows, start=1)]


def _checked(messages: object, where: str) -> Chat:
    if not isinstance(messages, list) or not messages:
        raise UserError(f"{where}: `messages` must be a list with at least one message.")
    for message in messages:
        _check_message(message, where)
    if next((m["role"] for m in messages if m["role"] != "system"), None) == "assistant":
        raise UserError(f"{where}: the assistant speaks first; begin with a user's message.")
    if messages[-1]["role"] != "assistant":
        raise UserError(
            f"{where}: the last message must be the assistant's; there is nothing to learn."
        )
    return [{"role": m["role"], "content": m["content"]} for m in messages]


def _check_message(message: object, where: str) -> None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise UserError(f"{where}: each message needs a role, one of {', '.join(ROLES)}.")
    content = message.get("content")
    if not isinstance(content, str) or not content.strip():
        raise UserError(
            f"{where}: the {message['role']}'s content is empty; fill it in or delete the row."
        )
