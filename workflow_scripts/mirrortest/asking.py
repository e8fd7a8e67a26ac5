"""Asking through the journal: known answers are read, only new questions reach the engine."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from mirrortest.canonical import fingerprint
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Engine, Sampling, Verb, Weights
from mirrortest.journal import Journal
from mirrortest.meter import Meter

PROGRESS_SECONDS = 30.0
Ask = Callable[[list[int]], list[Any]]

log = logging.getLogger(__name__)


@dataclass
class Asker:
    """One arm's engine, opened when the first new question comes, behind a journal.

    arm: the fingerprint of the arm, part of every key; asked: every chat that was put, in order,
    whether its answer was known or not; meter: what the new questions took.
    """

    open_engine: Callable[[], Engine]
    arm: str
    journal: Journal
    asked: list[Chat] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)

    @cached_property
    def engine(self) -> Engine:
        return self.open_engine()

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One forced choice per chat."""

        def ask(batch: list[int]) -> list[Any]:
            return self.engine.choose([chats[i] for i in batch], options)

        found = self._all("choose", chats, [options] * len(chats), ask)
        return [Choice(**raw) for raw in found]

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        """How likely each chat's answers are."""

        def ask(batch: list[int]) -> list[Any]:
            return self.engine.weigh([chats[i] for i in batch], [answers[i] for i in batch])

        found = self._all("weigh", chats, answers, ask)
        return [Weights(**raw) for raw in found]

    def generate(self, chats: list[Chat], sampling: Sampling) -> list[Answer]:
        """One free answer per chat."""
        return self.sample(chats, sampling, 1)

    def sample(self, chats: list[Chat], sampling: Sampling, samples: int) -> list[Answer]:
        """So many free answers per chat, those of one chat together; each is drawn by itself."""
        drawn = [replace(sampling, seed=sampling.seed + n) for n in range(samples)] * len(chats)
        repeated = [chat for chat in chats for _ in range(samples)]

        def ask(batch: list[int]) -> list[Any]:
            return self.engine.generate([repeated[i] for i in batch], [drawn[i] for i in batch])

        found = self._all("generate", repeated, drawn, ask)
        return [Answer(**raw) for raw in found]

    def _all(self, verb: Verb, chats: list[Chat], how: Sequence[Any], ask: Ask) -> list[Any]:
        """how: of each chat, what it is asked for; ask: answers to the chats of these places."""
        self.asked += chats
        asked = zip(chats, how, strict=True)
        keys = [fingerprint([self.arm, chat, [verb, one]]) for chat, one in asked]
        missing = sum(key not in self.journal for key in keys)
        log.info("%d questions, %d of them new", len(chats), missing)
        if missing:
            with self.meter.running():
                self._ask_new(self.engine.plan(chats, verb), chats, keys, ask)
        return [self.journal[key] for key in keys]

    def _ask_new(self, plan: list[list[int]], chats: list[Chat], keys: list[str], ask: Ask) -> None:
        """Batches are planned over all questions, so that a resumed job forms the same ones."""
        begun = said = time.monotonic()
        for number, batch in enumerate(plan, start=1):
            new = list({keys[i]: i for i in batch if keys[i] not in self.journal}.values())
            if new:
                answers = [asdict(answer) for answer in ask(new)]
                self.meter.count([chats[i] for i in new], [a.get("text", "") for a in answers])
                self.journal.add({keys[i]: a for i, a in zip(new, answers, strict=True)})
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                log.info("batch %d/%d after %.0f s", number, len(plan), said - begun)
