"""The one protocol for asking a model. Adding a backend is one file in `engines/`."""

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, Protocol

from mirrortest.canonical import fingerprint
from mirrortest.chats import Chat
from mirrortest.manifest import Manifest

Verb = Literal["choose", "weigh", "generate"]
"""What a model is asked for."""


@dataclass(frozen=True)
class Sampling:
    """How free text is drawn. temperature 0 is greedy; max_tokens ends an answer.

    seed: which draw it is, where a question is asked several times.
    """

    max_tokens: int
    temperature: float = 0.0
    seed: int = 0


def seed_of(chats: list[Chat], drawn: list[Sampling]) -> int:
    """The seed of a draw (63 bits): it depends on what is asked and on nothing else."""
    return random.Random(fingerprint([chats, drawn])).getrandbits(63)


@dataclass(frozen=True)
class Choice:
    """A forced choice: log-probability of each option (nats), the free first token, the mass.

    mass: the probability of all options together. Where a provider does not state them, both are
    none, or the log-probability of an option is an upper bound and mass is of the others; note
    says so, in a word of `mirrortest.hosted.completions`.
    """

    logprobs: list[float] | None
    free: str
    mass: float | None
    note: str = ""


@dataclass(frozen=True)
class Weights:
    """How likely whole answers are: the log-probability of each (nats), the mass of all together.

    Both are none where they cannot be had; note says why.
    """

    logprobs: list[float] | None
    mass: float | None
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """Free text, and whether the model ended it (false: it ran into max_tokens).

    note: why there is none, if it was withheld.
    """

    text: str
    ended: bool
    note: str = ""


class Engine(Protocol):
    """One arm, ready to be asked. Weights are loaded when the first question comes."""

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        """Which chats are best asked together, as indices; the same chats give the same plan."""
        ...

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One forced choice per chat."""
        ...

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        """How likely each chat's answers are, each of one token or many.

        An answer's probability is that of a reply which begins with its tokens and does not go on
        to a longer one of the given answers: "1" does not count where "10" follows. What comes
        after the longest does not matter, so that "85.5" counts as 85 and "1000" as 100; another
        way to cut the same text into tokens does not count.
        """
        ...

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        """One free answer per chat, each by its own sampling; these differ in their seeds only."""
        ...


def live(journal: str) -> Path:
    """Where a job with this journal keeps its calls to a provider, while it runs and after."""
    path = Path(journal)
    parts = ["calls" if part == "journal" else part for part in path.with_suffix("").parts]
    return Path(*parts).with_suffix(".jsonl")


@dataclass(frozen=True)
class Serving:
    """By what an arm is asked.

    transformers and vllm: in this process; server: a running vLLM server, at `url`.
    tensor_parallel: GPUs that vLLM spreads the model over; gpu_memory: the share of each that it
    may fill. Both are the server's own affair where there is one. hosted: a provider's API, at
    most so many calls at a time, within a budget (dollars) and by a table of prices; its answers
    are kept in the file `archive`. replay: from the archives in the folder `archive`.
    """

    kind: Literal["transformers", "vllm", "server", "hosted", "replay"] = "transformers"
    tensor_parallel: int = 1
    gpu_memory: float = 0.9
    url: str | None = None
    archive: str | None = None
    calls: int = 1
    dollars: float | None = None
    batch: bool = False
    prices: str = "resources/prices.yaml"

    @classmethod
    def parse(cls, spec: str, gpus: int) -> "Serving":
        """From the canonical text of a model's entry, and the GPUs that the job has."""
        return cls(**json.loads(spec), tensor_parallel=max(gpus, 1))

    def within(self, calls: int, terms: SimpleNamespace, journal: str) -> "Serving":
        """The same with a job's means: calls at a time, `Experiment.asking`, its journal."""
        if self.kind != "hosted":
            return self
        archive = str(live(journal))
        means = {key: getattr(terms, key) for key in ("dollars", "prices", "batch")}
        return replace(self, archive=archive, calls=calls, **means)

    def of(self, arm: Manifest) -> str:
        """The arm as this asks it: engines agree up to rounding, so answers are kept apart."""
        return fingerprint([arm.fingerprint, self.kind])


def open_engine(arm: Manifest, serving: Serving | None = None) -> Engine:
    """The engine for an arm. Raises UserError if what it needs is not installed."""
    serving = serving or Serving()
    if serving.kind == "vllm":
        from mirrortest.engines.vllm import VllmEngine

        return VllmEngine(arm, serving)
    if serving.kind == "server":
        from mirrortest.engines.server import ServerEngine

        return ServerEngine(arm, serving)
    if serving.kind == "hosted":
        from mirrortest.engines.hosted import open_hosted

        return open_hosted(arm, serving)
    if serving.kind == "replay":
        from mirrortest.engines.replay import open_replay

        return open_replay(arm, serving)
    from mirrortest.engines.local import LocalEngine

    return LocalEngine(arm)
