"""What a provider of finetuning does for us: five verbs. Adding one is one file beside this one."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from mirrortest.canonical import fingerprint

KEY = "mirrortest_key"
"""Under this name the provider keeps a job's key beside it."""


@dataclass(frozen=True)
class Order:
    """All that defines a job. Two orders with one key want the same job.

    model: the name to train on, no part of the key, since it is known only when its own job is
    done. parent: that job's key; on a base, the base's name. attempt: 2 pays for it once more.
    """

    model: str
    parent: str
    dataset_sha256: str
    epochs: int
    learning_rate_multiplier: float | None
    batch_size: int | None
    seed: int
    attempt: int = 1

    @property
    def key(self) -> str:
        """The hash of it."""
        return fingerprint({key: v for key, v in asdict(self).items() if key != "model"})


@dataclass(frozen=True)
class Event:
    """What a provider says of a job, as it says it. at: seconds since 1970."""

    id: str
    at: int
    kind: str
    message: str
    data: Any = None


@dataclass(frozen=True)
class Job:
    """A provider's job as it stood when last seen.

    code, message: its error. status: the provider's word; one that nobody knows does not end it.
    """

    id: str
    status: str
    created_at: int
    model: str | None = None
    trained_tokens: int | None = None
    code: str | None = None
    message: str | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Result:
    """What came of a job. model: whom to ask; tokens: what asking once has cost, in and out."""

    outcome: Literal["succeeded", "failed", "cancelled", "blocked"]
    model: str | None = None
    why: str = ""
    tokens: tuple[int, int] = (0, 0)


class RefusedError(Exception):
    """The provider said no, so that nothing was made.

    status, code: of its answer. passes: whether the same may be granted later.
    """

    def __init__(
        self, why: str, status: int | None = None, code: str | None = None, passes: bool = False
    ) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        self.passes = passes


class UnansweredError(Exception):
    """No answer that says anything: of a submission nobody knows whether it made a job."""


class Provider(Protocol):
    """The five verbs; where one cannot do its work it raises one of the two errors above."""

    def upload(self, path: Path, sha256: str) -> str:
        """The provider's name of the file; one that was uploaded before is found again."""
        ...

    def find(self, key: str, since: datetime) -> list[Job]:
        """The jobs made for an order, the oldest first; a search without labels ends at `since`."""
        ...

    def submit(self, order: Order, file: str) -> Job:
        """Hands in the order, by one request and no more. It costs money."""
        ...

    def status(self, job: str) -> Job:
        """The job as it stands, with its events."""
        ...

    def result(self, job: Job) -> Result:
        """What came of a job that has ended; a model that succeeded is asked for one token."""
        ...
