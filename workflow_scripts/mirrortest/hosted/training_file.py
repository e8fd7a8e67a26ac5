"""Whether a provider will take a file of training rows, seen before it is uploaded."""

import re
from pathlib import Path

from mirrortest import chats
from mirrortest.chats import Chat
from mirrortest.errors import UserError

FEWEST_ROWS = 10
LARGEST_BYTES = 512_000_000
SPECIAL = re.compile(r"<\|[^|>\s]+\|>")
"""What a provider takes for a special token of its own, and refuses in a text."""


def read(path: str) -> list[Chat]:
    """The rows. Raises UserError, naming file and row, for what would be refused."""
    rows = chats.read_chats(path)
    if len(rows) < FEWEST_ROWS:
        raise UserError(
            f"{path} has {len(rows)} rows; a hosted model is trained on {FEWEST_ROWS} at least."
        )
    if (size := Path(path).stat().st_size) > LARGEST_BYTES:
        raise UserError(
            f"{path} has {size:,} bytes, and a provider takes {LARGEST_BYTES:,} at most; give the "
            "stage a `limit`."
        )
    for number, chat in enumerate(rows, start=1):
        for message in chat:
            if special := SPECIAL.search(message["content"]):
                raise UserError(
                    f"{path}, row {number}: {special[0]} reads as a special token, which the "
                    "provider refuses; reword or delete the row."
                )
    return rows
