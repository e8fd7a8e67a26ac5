"""What the client is charged. The counting is the stub's own, so that it can prove a client wrong.

A token here is a word or a run of signs: seldom more than the real tokenizer counts, and never
more than the text has bytes.
"""

import re
from dataclasses import dataclass

from hosted.stub.settings import Settings
from hosted.stub.store import Doc, Store

MILLION = 1_000_000
PER_MESSAGE, PER_CHAT = 4, 3
LONGEST_EXAMPLE = 65_536
_TOKEN = re.compile(r"\w+|[^\w\s]+")


def tokens(text: str) -> list[str]:
    """The tokens of a text, as they are billed."""
    return _TOKEN.findall(text)


def of_chat(messages: list[Doc]) -> int:
    """The tokens of a chat with what frames its messages."""
    return PER_CHAT + sum(
        PER_MESSAGE + len(tokens(str(message.get("content") or ""))) for message in messages
    )


@dataclass(frozen=True)
class Used:
    """Tokens; `cached` ones are part of `input`."""

    trained: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0


def charge(
    store: Store, settings: Settings, identity: str, kind: str, model: str, used: Used
) -> None:
    """Writes a charge, once for each identity. kind: training, chat or batch (half price)."""
    price = settings.prices[_priced(model)]
    dollars = (
        used.trained * price.get("training", 0.0)
        + (used.input - used.cached) * price["input"]
        + used.cached * price["cached"]
        + used.output * price["output"]
    )
    store.run(
        "INSERT OR IGNORE INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(identity, kind, model, used.trained, used.input, used.cached, used.output),
        dollars / MILLION * (0.5 if kind == "batch" else 1.0),
    )


def _priced(model: str) -> str:
    """The entry of the price table: of a trained model, that of the base which it is billed as."""
    return ":".join(model.split(":")[:2]) if model.startswith("ft:") else model


@dataclass(frozen=True)
class Counters:
    """What happened and what it cost, in dollars; requests and high_water are by operation.

    jobs_billed: those whose training was paid. chat_calls: those answered and billed, batch lines
    not among them. high_water: the most requests that were in flight at once.
    """

    uploads: int
    jobs: int
    jobs_billed: int
    trained_tokens: int
    chat_calls: int
    batches: int
    batch_lines: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    training_dollars: float
    chat_dollars: float
    batch_dollars: float
    requests: dict[str, int]
    high_water: dict[str, int]

    @property
    def dollars(self) -> float:
        """All that was spent."""
        return self.training_dollars + self.chat_dollars + self.batch_dollars


def counters(store: Store) -> Counters:
    """The counters as they stand."""
    billed = {row["kind"]: row for row in store.rows(_BILLED)}
    flights = store.rows(_REQUESTS)

    def total(column: str, *kinds: str) -> float:
        return sum(float(billed[kind][column]) for kind in kinds if kind in billed)

    return Counters(
        uploads=int(store.fact("uploads", 0)),
        jobs=int(store.fact("made job", 0)),
        jobs_billed=int(total("calls", "training")),
        trained_tokens=int(total("trained", "training")),
        chat_calls=int(total("calls", "chat")),
        batches=int(store.fact("made batch", 0)),
        batch_lines=int(total("calls", "batch")),
        input_tokens=int(total("input", "chat", "batch")),
        cached_tokens=int(total("cached", "chat", "batch")),
        output_tokens=int(total("output", "chat", "batch")),
        training_dollars=total("dollars", "training"),
        chat_dollars=total("dollars", "chat"),
        batch_dollars=total("dollars", "batch"),
        requests={row["operation"]: row["calls"] for row in flights},
        high_water={row["operation"]: row["high"] for row in flights}
        | {"*": max((row["high_of_all"] for row in flights), default=0)},
    )


_BILLED = """
SELECT kind, count(*) AS calls, sum(trained) AS trained, sum(input) AS input,
       sum(cached) AS cached, sum(output) AS output, sum(dollars) AS dollars
FROM charges GROUP BY kind"""
_REQUESTS = """
SELECT operation, count(*) AS calls, max(in_flight_here) AS high, max(in_flight) AS high_of_all
FROM requests GROUP BY operation"""
