"""Scripted faults: which request is hit, and what becomes of its answer."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from hosted.stub import errors, malformed
from hosted.stub.errors import Reply
from hosted.stub.store import Store

DELIVERIES = ("hang", "close", "rst", "partial", "slow")
KINDS = (*errors.NAMED, "html_503", *DELIVERIES, *malformed.KINDS)
"""What can happen: a refusal by name, trouble on the wire, or a 200 that is no answer."""


@dataclass(frozen=True)
class Fault:
    """What happens to the requests of an operation (`jobs.create`; `*`: any).

    when: before or after the side effect; a malformed 200 comes always after.
    times: how many requests it hits (None: all); skip: how many it lets pass first.
    containing: hits only requests whose body holds this text.
    headers: laid over the answer's, such as {"retry-after": "300"}.
    seconds: how long a hanging answer takes until the connection closes, or a slow one in all.
    """

    operation: str
    kind: str
    when: Literal["before", "after"] = "before"
    times: int | None = 1
    skip: int = 0
    containing: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 3.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")

    @property
    def is_before(self) -> bool:
        """Whether the request is to have no effect."""
        return self.when == "before" and self.kind not in malformed.KINDS

    def spoil(self, reply: Reply) -> Reply:
        """The answer as the fault would have it; trouble on the wire comes later."""
        if self.kind in errors.NAMED:
            reply = errors.named(self.kind).reply()
        elif self.kind == "html_503":
            page = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
            reply = Reply(503, page, {"content-type": "text/html"})
        elif self.kind in malformed.KINDS and reply.status == 200:
            reply = malformed.KINDS[self.kind](reply)
        return replace(reply, headers=reply.headers | self.headers)


def script(store: Store, fault: Fault) -> None:
    """Adds a fault to the end of the queue."""
    store.run("INSERT INTO rules (kind, body) VALUES ('fault', ?)", json.dumps(asdict(fault)))


def clear(store: Store) -> None:
    """Forgets all faults that are left."""
    store.run("DELETE FROM rules WHERE kind = 'fault'")


def take(store: Store, operation: str, body: str) -> Fault | None:
    """The first fault that hits this request; it is used up by it."""
    if not store.rows("SELECT 1 FROM rules WHERE kind = 'fault' LIMIT 1"):
        return None
    with store.transaction():
        for row in store.rows("SELECT * FROM rules WHERE kind = 'fault' ORDER BY number"):
            fault = Fault(**json.loads(row["body"]))
            if fault.operation not in ("*", operation) or fault.containing not in body:
                continue
            if fault.skip:
                _rewrite(store, row["number"], replace(fault, skip=fault.skip - 1))
                continue
            if fault.times is not None:
                _rewrite(store, row["number"], replace(fault, times=fault.times - 1))
            return fault
    return None


def _rewrite(store: Store, number: int, fault: Fault) -> None:
    if fault.times == 0:
        store.run("DELETE FROM rules WHERE number = ?", number)
    else:
        body = json.dumps(asdict(fault))
        store.run("UPDATE rules SET body = ? WHERE number = ?", body, number)
