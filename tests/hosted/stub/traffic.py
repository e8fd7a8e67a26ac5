"""The log of requests: what came, when, with how many others in flight, and what came of it."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from hosted.stub.store import Store


@dataclass
class Traffic:
    """What is in flight now; what was is in the store."""

    store: Store
    _flying: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, operation: str, method: str, path: str, key: str, body: str) -> int:
        """Notes a request that has come; its number. key: masked."""
        with self._lock:
            self._flying[operation] += 1
            here, total = self._flying[operation], self._flying.total()
        return self.store.run(
            "INSERT INTO requests (at, operation, method, path, key, body, in_flight, "
            "in_flight_here) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(time.time(), operation, method, path, key, body, total, here),
        )

    def end(self, number: int, operation: str, status: int, fault: str | None) -> None:
        """Notes that it is over."""
        with self._lock:
            self._flying[operation] -= 1
        self.store.run(
            "UPDATE requests SET status = ?, fault = ?, ended = ? WHERE number = ?",
            *(status, fault, time.time(), number),
        )
