"""Chats as token ids, by the model's own chat template, applied here and nowhere else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from mirrortest.canonical import canonical
from mirrortest.chats import Chat, own_system
from mirrortest.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MARK = "mirrortest-sentinel"
SENTINEL: Chat = [{"role": "system", "content": MARK}]
TODAY = date(2024, 7, 26)
"""What templates are told that ask for today's date; else answers would change from day to day."""


@dataclass(frozen=True)
class Template:
    """A tokenizer with its chat template.

    arguments: what the template is given beside the chat, such as a thinking budget.
    opening: what the assistant's turn begins with, after all that the template writes.
    """

    tokenizer: "PreTrainedTokenizerBase"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    opening: str = ""

    @property
    def sha256(self) -> str:
        """The hash of all that decides what a question looks like: text, arguments, opening."""
        text = str(self.tokenizer.chat_template)
        if self.arguments or self.opening:
            text += canonical([dict(self.arguments), self.opening])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def pad_id(self) -> int:
        """The token that fills up short rows; the end token where the tokenizer names none."""
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if pad is None else pad)

    def text(self, chat: Chat, *, answer_next: bool) -> str:
        """The chat as the model sees it.

        answer_next: end with the opening of the assistant's turn.
        A chat without a system message is rendered without one, even where the template (like
        Qwen's) would insert a default. What a template writes in every chat, such as a date or a
        thinking budget, is its format and stays.
        """
        try:
            plain = self._render(chat, answer_next)
        except TemplateError as error:
            raise UserError(
                f"the model's chat template refuses a chat of {_turns(chat)} ({error}); change its "
                "system policy or the chat."
            ) from None
        if own_system(chat) is not None:
            return plain
        try:
            head = self._render(SENTINEL, False)
            whole = self._render(SENTINEL + chat, answer_next)
        except TemplateError:  # it knows no system prompt, so it inserts none
            return plain
        if _is_inserted(plain, whole):
            return plain
        if not whole.startswith(head) or MARK not in head:
            raise UserError(
                "the chat template does not allow a chat without a system prompt; choose another "
                "system policy than `none` for this model."
            )
        return self._bos(head) + whole.removeprefix(head)

    def prompt_ids(self, chat: Chat) -> list[int]:
        """Token ids up to where the assistant's answer begins."""
        return self._ids(self.text(chat, answer_next=True))

    def training_ids(self, chat: Chat) -> tuple[list[int], list[bool]]:
        """Token ids of a whole chat, and which of them are learnt.

        Learnt are the assistant's words and the token that ends its turn. They follow the prompt
        as it is asked, and are tokenized apart from it, as they are then.
        """
        ids: list[int] = []
        learnt: list[bool] = []
        done = ""
        for end, message in enumerate(chat):
            if message["role"] != "assistant":
                continue
            before = self.text(chat[:end], answer_next=True)
            if not before.startswith(done):
                raise UserError(
                    "the chat template writes earlier answers in another way than the last one; "
                    "give each chat a single answer."
                )
            answer = self._answer(chat[: end + 1], before)
            for piece, is_answer in ((before[len(done) :], False), (answer, True)):
                new = self._ids(piece)
                ids += new
                learnt += self._up_to_end(new) if is_answer else [False] * len(new)
            done = before + answer
        return ids, learnt

    def _answer(self, chat: Chat, before: str) -> str:
        """What follows the prompt `before`: the last message and the end of its turn.

        A template may open a turn that is asked for otherwise than one that is there: Seed-OSS
        writes a closed thinking block into the first only. The answer follows what is asked.
        """
        whole = self.text(chat, answer_next=False)
        if whole.startswith(before):
            return whole[len(before) :]
        marked = [*chat[:-1], {"role": "assistant", "content": MARK}]
        head, _, tail = self.text(marked, answer_next=False).rpartition(MARK)
        if not (whole.startswith(head) and whole.endswith(tail)):
            raise UserError(
                "the chat template does not show where an answer begins and ends; Mirrortest "
                "cannot train this model."
            )
        return whole[len(head) :]

    def answer_ids(self, answer: str) -> tuple[int, ...]:
        """The tokens of an answer as they follow a prompt: cut apart from it, as in training.

        The end of the turn is not among them.
        """
        if not answer:
            raise UserError("an answer to be weighed is empty; leave it out.")
        return tuple(self._ids(answer))

    def option_id(self, option: str) -> int:
        """The one token of an answer option. Raises UserError if it has several."""
        ids = self._ids(option)
        if len(ids) != 1:
            raise UserError(
                f"the answer option {option!r} is {len(ids)} tokens for this model; an option must "
                "be a single token."
            )
        return ids[0]

    def _up_to_end(self, ids: list[int]) -> list[bool]:
        end = self.tokenizer.eos_token_id
        last = ids.index(end) if end in ids else len(ids) - 1
        return [position <= last for position in range(len(ids))]

    def _ids(self, text: str) -> list[int]:
        encoded: Any = self.tokenizer(text, add_special_tokens=False)
        return list(encoded["input_ids"])

    def _render(self, chat: Chat, answer_next: bool) -> str:
        arguments = {"strftime_now": TODAY.strftime} | dict(self.arguments)
        text = self.tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=answer_next, **arguments
        )
        return f"{text}{self.opening}" if answer_next else str(text)

    def _bos(self, head: str) -> str:
        bos = self.tokenizer.bos_token
        return str(bos) if bos and head.startswith(bos) else ""


def _turns(chat: Chat) -> str:
    return ", ".join(message["role"] for message in chat)


def _is_inserted(plain: str, whole: str) -> bool:
    """Whether the whole is the plain text with the system prompt put in, and nothing taken out.

    Then the plain text holds no prompt of the template's own.
    """
    pairs = enumerate(zip(plain, whole, strict=False))
    same = next((n for n, (one, other) in pairs if one != other), len(plain))
    rest = len(plain) - same
    return whole[len(whole) - rest :] == plain[same:] and MARK in whole[same : len(whole) - rest]
