"""How the stub behaves beside scripted faults: what a test may set, before or while it runs."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hosted.stub.store import Store

MODELS: dict[str, dict[str, Any]] = {
    "gpt-4.1-2025-04-14": {"alias": "gpt-4.1", "finetunable": True, "shutdown": "2027-01-14"},
    "gpt-4.1-mini-2025-04-14": {
        "alias": "gpt-4.1-mini",
        "finetunable": True,
        "shutdown": "2027-01-14",
    },
    "gpt-4.1-nano-2025-04-14": {
        "alias": "gpt-4.1-nano",
        "finetunable": True,
        "shutdown": "2026-10-23",
    },
    "gpt-6-luna": {"logprobs": "null"},
    "o3": {"logprobs": "refused", "shutdown": "2026-12-11"},
}
PRICES: dict[str, dict[str, float]] = {
    "ft:gpt-4.1-2025-04-14": {"training": 25, "input": 3, "cached": 0.75, "output": 12},
    "ft:gpt-4.1-mini-2025-04-14": {"training": 5, "input": 0.8, "cached": 0.2, "output": 3.2},
    "gpt-4.1-2025-04-14": {"input": 2, "cached": 0.5, "output": 8},
    "gpt-4.1-mini-2025-04-14": {"input": 0.4, "cached": 0.1, "output": 1.6},
    "gpt-6-luna": {"input": 2, "cached": 0.5, "output": 8},
    "o3": {"input": 2, "cached": 0.5, "output": 8},
}


@dataclass(frozen=True)
class Settings:
    """All that can be set.

    today: as the stub sees it: a model whose shutdown is not later is gone.
    models: by snapshot: alias, finetunable, shutdown (date), logprobs (full, null or refused; the
    second answers 200 without any, the third 403).
    prices: dollars per million tokens by snapshot, `ft:` before it for what was trained on it;
    batches cost half. Those of gpt-6-luna and o3 are made up.
    polls: how often a job or batch is retrieved before it enters its next state; seconds: how
    long it stays in each instead, whether it is asked for or not.
    lag: how many calls to list() a new job, batch or file is missing in, by kind.
    page: the longest page of any list, whatever the client asks for.
    running_jobs, daily_jobs: how many there may be, else 429.
    blocked_is_billed: whether training that the safety checks block afterwards is paid for.
    latency: seconds before a chat answer, beyond what the backend takes.
    replies: what is answered to a question whose last message contains a text: {text: answer}.
    """

    today: str = "2026-11-20"
    models: dict[str, dict[str, Any]] = field(default_factory=lambda: MODELS)
    prices: dict[str, dict[str, float]] = field(default_factory=lambda: PRICES)
    polls: int = 1
    seconds: float | None = None
    lag: dict[str, int] = field(default_factory=dict)
    page: int = 10_000
    running_jobs: int = 1_000
    daily_jobs: int = 1_000
    blocked_is_billed: bool = True
    latency: float = 0.0
    replies: dict[str, str] = field(default_factory=dict)


def read(store: Store) -> Settings:
    """The settings as they stand."""
    return Settings(**store.fact("settings", {}))


def change(store: Store, **changes: Any) -> None:
    """Sets some of them. Raises TypeError for one that does not exist."""
    unknown = changes.keys() - {each.name for each in fields(Settings)}
    if unknown:
        raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
    with store.transaction():
        store.state("settings", asdict(read(store)) | changes)
