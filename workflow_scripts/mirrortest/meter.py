"""What a job read and wrote in how much time, kept so that the next plan knows how fast this is."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mirrortest import jsonl
from mirrortest.chats import Chat

CHARACTERS_PER_TOKEN = 4
"""Of English, more or less: of use as long as plan and measurement have the same."""


@dataclass
class Meter:
    """Tokens read and written, and the seconds that they took."""

    read: float = 0.0
    written: float = 0.0
    seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Adds the seconds of the block."""
        begun = time.monotonic()
        yield
        self.seconds += time.monotonic() - begun

    def count(self, chats: list[Chat], written: list[str]) -> None:
        """Adds the tokens of what was asked and answered, by their characters."""
        texts = (message["content"] for chat in chats for message in chat)
        self.read += sum(map(len, texts)) / CHARACTERS_PER_TOKEN
        self.written += sum(map(len, written)) / CHARACTERS_PER_TOKEN

    def write(self, path: str | Path, gpus: int) -> None:
        """Keeps the measurement, unless nothing was done."""
        if self.read > 0 and self.seconds > 0:
            with jsonl.whole(path) as file:
                json.dump(asdict(self) | {"gpus": gpus}, file)
