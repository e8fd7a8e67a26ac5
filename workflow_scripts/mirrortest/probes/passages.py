"""Which question and which answer a row stands for."""

from typing import Any, NamedTuple

from mirrortest.chats import Chat
from mirrortest.engines.tokens import Tokens
from mirrortest.errors import UserError
from mirrortest.jsonl import Row
from mirrortest.probes.activations import Passage
from mirrortest.probes.choices import chosen

KEYS = ("item", "stratum", "order", "sample")


class Answered(NamedTuple):
    """A row with the chat that was asked for it and the answer that came."""

    chat: Chat
    answer: str
    row: Row


def key(row: Row) -> dict[str, Any]:
    """What tells a row from the others of its evaluation."""
    return {name: row[name] for name in KEYS if name in row}


def paired(name: str, rows: list[Row], again: list[Row], asked: list[Chat]) -> list[Answered]:
    """The rows with their chats.

    again, asked: the same rows as they were put together once more, and the chats of these.
    """
    if len(asked) != len(again):
        raise UserError(
            f"evaluation {name} does not ask one question per row, so that its activations are of "
            "no one prompt; name another one in the config key probes."
        )
    if list(map(key, again)) != list(map(key, rows)):
        raise UserError(
            f"evaluation {name}: the rows are not those that are asked now; delete them to have "
            "them made anew."
        )
    return [Answered(chat, answer(row), row) for chat, row in zip(asked, rows, strict=True)]


def answer(row: Row) -> str:
    """What the arm said; of a forced choice the likelier option."""
    if "answer" in row:
        return str(row["answer"])
    return chosen(row["logprobs"]) or str(row.get("free", ""))


def tokenized(tokens: Tokens, chat: Chat, answer: str) -> Passage:
    """Prompt and answer as token ids, without what ends the answer's turn.

    The answer is tokenized from its text, which may differ from how it was drawn at a few places.
    """
    ids = tokens.template.answer_ids(answer) if answer else ()
    return Passage.of(tokens.of(chat), list(ids))
