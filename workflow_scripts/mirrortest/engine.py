"""The one protocol for asking a model. Adding a backend is one file in `engines/`."""

from dataclasses import dataclass
from typing import Protocol

from mirrortest.chats import Chat
from mirrortest.manifest import Manifest


@dataclass(frozen=True)
class Sampling:
    """How free text is drawn. temperature 0 is greedy; max_tokens ends an answer."""

    max_tokens: int
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Choice:
    """A forced choice: log-probability of each option (nats), the free first token, the mass.

    mass: the probability of all options together.
    """

    logprobs: list[float]
    free: str
    mass: float


@dataclass(frozen=True)
class Answer:
    """Free text, and whether the model ended it (false: it ran into max_tokens)."""

    text: str
    ended: bool


class Engine(Protocol):
    """One arm, ready to be asked. Weights are loaded when the first question comes."""

    def plan(self, chats: list[Chat]) -> list[list[int]]:
        """Which chats are best asked together, as indices; the same chats give the same plan."""
        ...

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One forced choice per chat."""
        ...

    def generate(self, chats: list[Chat], sampling: Sampling) -> list[Answer]:
        """One free answer per chat."""
        ...


def open_engine(arm: Manifest) -> Engine:
    """The engine for an arm."""
    from mirrortest.engines.local import LocalEngine

    return LocalEngine(arm)
