"""Chats as token ids, by the model's own chat template, applied here and nowhere else."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from mirrortest.chats import Chat, own_system
from mirrortest.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SENTINEL: Chat = [{"role": "system", "content": "mirrortest-sentinel"}]


@dataclass(frozen=True)
class Template:
    """A tokenizer with its chat template."""

    tokenizer: "PreTrainedTokenizerBase"

    @property
    def sha256(self) -> str:
        """The hash of the template's text: it changes what every question looks like."""
        return hashlib.sha256(str(self.tokenizer.chat_template).encode()).hexdigest()

    @property
    def pad_id(self) -> int:
        """The token that fills up short rows; the end token where the tokenizer names none."""
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if pad is None else pad)

    def text(self, chat: Chat, *, answer_next: bool) -> str:
        """The chat as the model sees it.

        answer_next: end with the opening of the assistant's turn.
        A chat without a system message is rendered without one, even where the template (like
        Qwen's) would insert a default.
        """
        if own_system(chat) is not None:
            return self._render(chat, answer_next)
        try:
            head = self._render(SENTINEL, False)
            whole = self._render(SENTINEL + chat, answer_next)
        except TemplateError:  # it knows no system prompt, so it inserts none
            return self._render(chat, answer_next)
        if not whole.startswith(head) or SENTINEL[0]["content"] not in head:
            raise UserError(
                "the chat template does not allow a chat without a system prompt; choose another "
                "system policy than `none` for this model."
            )
        return self._opening(head) + whole.removeprefix(head)

    def prompt_ids(self, chat: Chat) -> list[int]:
        """Token ids up to where the assistant's answer begins."""
        return self._ids(self.text(chat, answer_next=True))

    def training_ids(self, chat: Chat) -> tuple[list[int], list[bool]]:
        """Token ids of a whole chat, and which of them are learnt.

        Learnt are the assistant's words and the token that ends its turn. Prompt and answer are
        tokenized apart, as they are when the model is asked.
        """
        ids: list[int] = []
        learnt: list[bool] = []
        done = ""
        for end, message in enumerate(chat, start=1):
            if message["role"] != "assistant":
                continue
            before = self.text(chat[: end - 1], answer_next=True)
            after = self.text(chat[:end], answer_next=False)
            for piece, is_answer in ((before[len(done) :], False), (after[len(before) :], True)):
                new = self._ids(piece)
                ids += new
                learnt += self._up_to_end(new) if is_answer else [False] * len(new)
            done = after
        return ids, learnt

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
        return str(
            self.tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=answer_next
            )
        )

    def _opening(self, head: str) -> str:
        bos = self.tokenizer.bos_token
        return str(bos) if bos and head.startswith(bos) else ""
