"""How many tokens a provider will bill: counted where its tokenizer is at hand, else bounded.

tiktoken fetches a tokenizer's file once; without a connection bytes stand in, of which a token has
one at least. `encoding_for_model` is not used: it takes a finetuned GPT-4.1 for a GPT-4.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from mirrortest.chats import Chat

PER_MESSAGE, PER_CHAT = 4, 3
"""What frames a message and ends a chat, as the community has measured it for this family."""
LONGEST = 65_536
"""Tokens of a training example; the provider cuts the rest off."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counter:
    """Counts the tokens of a text; not exact: bounds them from above."""

    count: Callable[[str], int]
    exact: bool

    def of_chat(self, chat: Chat) -> int:
        """The tokens of a chat with what frames its messages."""
        return PER_CHAT + sum(PER_MESSAGE + self.count(message["content"]) for message in chat)

    def of_training(self, chats: list[Chat]) -> int:
        """The tokens of one pass over training rows."""
        return sum(min(self.of_chat(chat), LONGEST) for chat in chats)


UPPER_BOUND = Counter(lambda text: len(text.encode()), exact=False)


@cache
def counter(encoding: str) -> Counter:
    """The tokenizer of this name, or bytes where it cannot be had."""
    try:
        import tiktoken

        found = tiktoken.get_encoding(encoding)
    except (ImportError, ValueError, OSError) as error:
        why = type(error).__name__
        log.warning("no tokenizer %s (%s): tokens are bounded by bytes", encoding, why)
        return UPPER_BOUND
    return Counter(lambda text: len(found.encode_ordinary(text)), exact=True)
