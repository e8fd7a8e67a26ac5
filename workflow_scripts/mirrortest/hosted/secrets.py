"""What must never reach a file: the key, which comes from the environment only."""

import os
import re

from mirrortest.errors import UserError

KEY = "OPENAI_API_KEY"
HIDDEN = "[key]"
_LIKE_A_KEY = re.compile(r"\bsk-[\w*-]{6,}")


def check_key() -> None:
    """Raises UserError if there is no key."""
    if not os.environ.get(KEY):
        raise UserError(
            f"{KEY} is not in the environment, and a hosted model is to be asked or trained; "
            "export it there, and write it into no file."
        )


def scrubbed(text: str) -> str:
    """The text without the key, should a provider have repeated it."""
    key = os.environ.get(KEY)
    return text.replace(key, HIDDEN) if key else text


def said(text: str) -> str:
    """A provider's words for a log: also without what looks like a key, masked ones too."""
    return _LIKE_A_KEY.sub(HIDDEN, scrubbed(text))
