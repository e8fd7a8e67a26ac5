"""What an arm's answers have used, in tokens: dollars follow from a table of prices."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mirrortest import jsonl
from mirrortest.errors import UserError
from mirrortest.hosted import completions
from mirrortest.hosted.archive import Record
from mirrortest.hosted.prices import BATCH_SHARE, Price


@dataclass(frozen=True)
class Tokens:
    """Of so many answers; those `cached` are among those sent."""

    answers: int = 0
    sent: int = 0
    received: int = 0
    cached: int = 0

    def plus(self, record: Record) -> "Tokens":
        """With one more call; one that the provider refused used none."""
        if record.status != 200:
            return self
        sent, received, cached = completions.used(record)
        return Tokens(
            self.answers + 1, self.sent + sent, self.received + received, self.cached + cached
        )


@dataclass(frozen=True)
class Usage:
    """Of calls of their own, and of lines of batches, which cost less."""

    single: Tokens = field(default_factory=Tokens)
    batched: Tokens = field(default_factory=Tokens)

    @property
    def answers(self) -> int:
        """All that were paid for."""
        return self.single.answers + self.batched.answers

    def dollars(self, price: Price) -> float:
        """What they cost."""
        full, less = (
            price.of_asking(each.sent, each.received, each.cached)
            for each in (self.single, self.batched)
        )
        return full + less * BATCH_SHARE

    def write(self, path: str | Path) -> None:
        """As JSON; it appears whole or not at all."""
        with jsonl.whole(path) as file:
            json.dump(asdict(self), file)
            file.write("\n")


def of(records: Iterable[Record]) -> Usage:
    """The sum over finished calls."""
    single = batched = Tokens()
    for record in records:
        if record.is_batched:
            batched = batched.plus(record)
        else:
            single = single.plus(record)
    return Usage(single, batched)


def read(path: str | Path) -> Usage:
    """What was written. Raises UserError for anything else."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        return Usage(Tokens(**found["single"]), Tokens(**found["batched"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} does not say what was used ({error}); delete it to have it made anew."
        ) from None
