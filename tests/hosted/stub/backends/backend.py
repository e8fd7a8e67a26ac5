"""What a backend can do: train a model on another, and answer as one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Question:
    """One chat to be answered. seed: always a number; an answer depends on nothing else."""

    messages: list[dict[str, Any]] = field(hash=False)
    max_tokens: int
    temperature: float
    seed: int
    top: int


@dataclass(frozen=True)
class Token:
    """One token of an answer with its log-probability (nats) and the likeliest in its place."""

    text: str
    logprob: float
    top: list[tuple[str, float]]


@dataclass(frozen=True)
class Completion:
    """An answer; ended: the model ended it, and did not run into max_tokens."""

    tokens: list[Token]
    ended: bool


@dataclass(frozen=True)
class Training:
    """One job. parent: the job that made the model it starts from; none: the base."""

    job: str
    parent: str
    snapshot: str
    file: Path
    epochs: int
    batch_size: int
    multiplier: float
    seed: int


class Backend(Protocol):
    """One of the files beside this one."""

    @property
    def patience(self) -> float:
        """How long (s) a poll waits for work that should be nearly done."""
        ...

    def answer(self, weights: str, snapshot: str, questions: list[Question]) -> list[Completion]:
        """One answer each. weights: the job that made the model; none: the base."""
        ...

    def train(self, training: Training) -> list[float]:
        """Trains, and returns the loss of every step."""
        ...
