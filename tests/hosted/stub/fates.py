"""What becomes of jobs and batches that were accepted: scripted outcomes, and their states."""

import json
from dataclasses import asdict, dataclass, replace

from hosted.stub.store import Store

_TRAINED = ("validating_files", "queued", "running")
JOBS: dict[str, tuple[str, ...]] = {
    "succeeded": (*_TRAINED, "succeeded"),
    "invalid_file": ("validating_files", "failed"),
    "unsafe_file": ("validating_files", "failed"),
    "blocked": (*_TRAINED, "failed"),
    "refusals_v3": (*_TRAINED, "failed"),
    "cancelled": (*_TRAINED, "cancelled"),
    "retired": (*_TRAINED, "succeeded"),
    "unknown_status": ("validating_files", "awaiting_review", "queued", "running", "succeeded"),
    "stuck": (*_TRAINED, "running"),
}
"""blocked: by the safety checks after training; refusals_v3: these checks broke down;
retired: it succeeds, but the model cannot be asked; stuck: it runs for ever."""

_ASKED = ("validating", "in_progress")
BATCHES: dict[str, tuple[str, ...]] = {
    "completed": (*_ASKED, "finalizing", "completed"),
    "failed": ("validating", "failed"),
    "expired": (*_ASKED, "expired"),
    "cancelled": (*_ASKED, "cancelling", "cancelled"),
    "stuck": (*_ASKED, "in_progress"),
}
FINAL = ("succeeded", "failed", "cancelled", "completed", "expired")


@dataclass(frozen=True)
class Fate:
    """An outcome for the next jobs or batches whose request or file holds a text.

    kind: job or batch; share: of a batch's lines that are answered before it expires or is
    cancelled; times: for how many (None: all).
    """

    kind: str
    outcome: str
    containing: str = ""
    times: int | None = 1
    share: float = 0.5

    def __post_init__(self) -> None:
        known = {"job": JOBS, "batch": BATCHES}[self.kind]
        if self.outcome not in known:
            raise ValueError(f"no such outcome: {self.outcome}; there are {', '.join(known)}")

    @property
    def path(self) -> tuple[str, ...]:
        """The states that it goes through."""
        return {"job": JOBS, "batch": BATCHES}[self.kind][self.outcome]


def script(store: Store, fate: Fate) -> None:
    """Adds an outcome to the end of the queue."""
    store.run("INSERT INTO rules (kind, body) VALUES ('fate', ?)", json.dumps(asdict(fate)))


def take(store: Store, kind: str, text: str, otherwise: str) -> Fate:
    """The first scripted outcome that is meant for this job or batch."""
    for row in store.rows("SELECT * FROM rules WHERE kind = 'fate' ORDER BY number"):
        fate = Fate(**json.loads(row["body"]))
        if fate.kind != kind or fate.containing not in text:
            continue
        if fate.times is not None:
            left = replace(fate, times=fate.times - 1)
            body = json.dumps(asdict(left))
            store.run("UPDATE rules SET body = ? WHERE number = ?", body, row["number"])
        if fate.times == 1:
            store.run("DELETE FROM rules WHERE number = ?", row["number"])
        return fate
    return Fate(kind, otherwise)
