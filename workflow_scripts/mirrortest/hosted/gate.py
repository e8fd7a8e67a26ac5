"""How many calls are under way at a time: fewer when the provider says that it is too much."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CUT = 0.5
COOL_SECONDS = 5.0
"""Refusals of calls that left together are one sign, not twenty."""


class Gate:
    """Additive growth, multiplicative cut. most: calls at a time when all is well."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self._inside = 0
        self._shut_until = 0.0
        self._cut_at = -COOL_SECONDS
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Inside is one of the calls under way."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._inside < max(1, int(self.limit)))
            self._inside += 1
        try:
            yield
        finally:
            async with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @property
    def shut(self) -> float:
        """For how long (seconds) nothing is to be sent."""
        return max(0.0, self._shut_until - time.monotonic())

    def went_well(self) -> None:
        """One more at a time after as many successes as there are calls at a time."""
        self.limit = min(self.most, self.limit + 1 / max(1.0, self.limit))

    def too_much(self, wait: float) -> None:
        """Nothing is sent for this long (seconds), and then half as much."""
        now = time.monotonic()
        self._shut_until = max(self._shut_until, now + wait)
        if now - self._cut_at >= COOL_SECONDS:
            self._cut_at = now
            self.limit = max(1.0, self.limit * CUT)
