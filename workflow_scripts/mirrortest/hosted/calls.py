"""Asking a provider: many calls at a time, each paid once, none lost, and none without an end.

The one layer that tries again is here; the client's own is off. Each attempt reserves what it may
cost, and a finished call is in the archive before anything else becomes of it. A library for
retries (tenacity) was weighed: what there is to decide (the gate, the breaker, the money, the
stop) is shared by all calls, and the loop that it would save has ten lines.
"""

import asyncio
import logging
import random
import time
import uuid
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import openai

from mirrortest.errors import UserError
from mirrortest.hosted import completions, secrets, verdicts
from mirrortest.hosted.archive import Archive, Record, Request
from mirrortest.hosted.completions import MalformedError
from mirrortest.hosted.gate import Gate
from mirrortest.hosted.prices import Price
from mirrortest.hosted.source import NoLogprobsError
from mirrortest.hosted.spending import Reservation, Spending
from mirrortest.hosted.verdicts import Verdict

LONGEST_PAUSE = 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """How much is asked at a time, and when to give up. Times are in seconds.

    calls: under way at a time. attempts: of one call, beside those that were told to wait; paid:
    of one whose answers came and were none. patience: for one call, waiting included. breaker:
    failures in a row, for each of the calls at a time, after which nothing more is sent. timeout:
    for one attempt. pause: the first between two attempts, then doubled, up to a minute.
    progress: between two lines in the log.
    """

    calls: int = 20
    attempts: int = 8
    paid: int = 3
    patience: float = 3600.0
    breaker: int = 6
    timeout: float = 120.0
    pause: float = 0.5
    progress: float = 30.0


@dataclass(frozen=True)
class Provider:
    """A source of answers that asks what its archive does not hold."""

    archive: Archive
    spending: Spending
    price: Price
    limits: Limits = field(default_factory=Limits)

    def known(self, request: Request) -> bool:
        """Whether it was answered before."""
        return request.key in self.archive

    def answers(self, requests: list[Request]) -> list[Record]:
        """One finished call each, asked if it is new.

        Raises UserError if some got no answer; those that did are kept for the next run.
        """
        new = {each.key: each for each in requests if not self.known(each)}
        if new:
            secrets.check_key()
            asyncio.run(_Round(self, deque(new.values())).run())
        return [self.archive[each.key] for each in requests]


class _Teller:
    """Takes the calls' business with the ledger together: one commit for all that wait."""

    def __init__(self, spending: Spending) -> None:
        self._spending = spending
        self._waiting: list[tuple[Reservation, asyncio.Future[UserError | None]]] = []
        self._settled: dict[str, float] = {}
        self._counter = asyncio.Lock()

    async def reserve(self, reservation: Reservation) -> UserError | None:
        """When the money is set aside; the refusal, if it is not."""
        done: asyncio.Future[UserError | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((reservation, done))
        await self.serve()
        return await done

    def settle(self, key: str, dollars: float) -> None:
        """With the next reservation, or by `serve`."""
        self._settled[key] = dollars

    async def serve(self) -> None:
        """Writes what waits, unless another has just done so."""
        async with self._counter:
            waiting, self._waiting = self._waiting, []
            settled, self._settled = self._settled, {}
            if not waiting and not settled:
                return
            asked = [reservation for reservation, _ in waiting]
            refusals = await asyncio.to_thread(self._spending.record, asked, settled)
            for (_, done), refusal in zip(waiting, refusals, strict=True):
                done.set_result(refusal)


class _Round:
    """The calls of one batch of questions, until all are answered or it stops."""

    def __init__(self, provider: Provider, queue: deque[Request]) -> None:
        self._provider = provider
        self._limits = provider.limits
        self._queue = queue
        self._total = len(queue)
        self._done = self._retries = self._in_a_row = 0
        self._dollars = 0.0
        self._failed: list[Verdict] = []
        self._broken: list[Exception] = []
        self._stop: Verdict | None = None
        self._stopped = asyncio.Event()
        self._gate = Gate(provider.limits.calls)
        self._teller = _Teller(provider.spending)

    async def run(self) -> None:
        """Raises UserError unless every call is in the archive."""
        began = time.monotonic()
        client = openai.AsyncOpenAI(max_retries=0, timeout=self._limits.timeout)
        said = asyncio.create_task(self._say(began))
        try:
            async with client, asyncio.TaskGroup() as group:
                for _ in range(min(self._limits.calls, self._total)):
                    group.create_task(self._work(client))
        finally:
            said.cancel()
            await self._teller.serve()
            log.info("%s", self._progress(began))
        if self._broken:
            raise self._broken[0]
        if last := self._stop or (self._failed[-1] if self._failed else None):
            raise self._refusal(last)

    def _refusal(self, last: Verdict) -> UserError:
        why = last.why if self._stop else f"{len(self._failed)} calls failed, the last: {last.why}"
        kind = NoLogprobsError if last.no_logprobs else UserError
        return kind(
            f"asking the provider came to an end: {why}. {self._done} of {self._total} new answers "
            "are kept; run again for the others."
        )

    async def _work(self, client: openai.AsyncOpenAI) -> None:
        """What one call breaks on must not end the others, which were paid for."""
        try:
            while self._queue and not self._stop:
                await self._answer(client, self._queue.popleft())
        except OSError as error:
            self._end(Verdict("stop", f"an answer could not be kept ({error})"))
        except Exception as error:
            self._broken.append(error)
            self._end(Verdict("stop", str(error)))

    # --- one call

    async def _answer(self, client: openai.AsyncOpenAI, request: Request) -> None:
        """Tries until there is an answer, or no more sense in trying."""
        until = time.monotonic() + self._limits.patience
        tries: Counter[str] = Counter()
        while not self._stop:
            if self._gate.shut:
                await self._sleep(self._gate.shut)
                continue
            async with self._gate.passed():
                verdict = None if self._stop else await self._try(client, request)
            if verdict is None:
                return
            if verdict.kind == "stop":
                self._end(verdict)
                return
            tries[verdict.kind] += 1
            pause = self._pause(tries.total(), verdict)
            if self._is_hopeless(tries) or time.monotonic() + pause > until:
                self._failed.append(verdict)
                return
            self._retries += 1
            await self._sleep(pause)

    def _end(self, verdict: Verdict) -> None:
        """Nothing new is sent from now on; what is under way was paid for and is waited for."""
        self._stop = self._stop or verdict
        self._stopped.set()

    async def _sleep(self, seconds: float) -> None:
        """Unless everything stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    def _is_hopeless(self, tries: Counter[str]) -> bool:
        return tries["again"] >= self._limits.attempts or tries["malformed"] >= self._limits.paid

    def _pause(self, tries: int, verdict: Verdict) -> float:
        """Longer each time, never shorter than asked for, and not the same for all calls."""
        backoff = min(LONGEST_PAUSE, self._limits.pause * 2.0 ** (tries - 1))
        return verdict.wait + backoff * random.uniform(0.5, 1.0)

    async def _try(self, client: openai.AsyncOpenAI, request: Request) -> Verdict | None:
        """One attempt: none if it is answered, and in the archive."""
        call = f"{request.key[:16]}/{uuid.uuid4().hex}"
        most = completions.most(self._provider.price, request.body)
        refusal = await self._teller.reserve(Reservation(call, most, "the next call"))
        if refusal is not None:
            return Verdict("stop", str(refusal).rstrip("."))
        try:
            raw = await client.chat.completions.with_raw_response.create(**request.body)
            response = completions.parsed(raw.text, request.body)
        except (openai.OpenAIError, MalformedError) as error:
            return self._judged(request, call, error)
        self._keep(request, call, 200, response, raw.headers.get("x-request-id"))
        return None

    def _judged(self, request: Request, call: str, error: Exception) -> Verdict | None:
        verdict = verdicts.of(error)
        if verdict.kind == "outcome" and isinstance(error, openai.APIStatusError):
            self._keep(request, call, 400, {"error": error.body}, error.request_id)
            return None
        if verdict.free:
            self._teller.settle(call, 0.0)
        if verdict.kind == "wait":
            self._gate.too_much(verdict.wait)
        elif verdict.kind != "stop":
            self._in_a_row += 1
            if self._in_a_row >= self._limits.breaker * self._limits.calls:
                return Verdict("stop", f"{self._in_a_row} calls failed in a row: {verdict.why}")
        return verdict

    def _keep(
        self,
        request: Request,
        call: str,
        status: int,
        response: dict[str, Any],
        request_id: str | None,
    ) -> None:
        """First into the archive: whatever happens then, it is not asked again."""
        record = Record.of(request, status, response, request_id, call)
        self._provider.archive.add(record)
        dollars = completions.cost(self._provider.price, record)
        self._teller.settle(call, dollars)
        self._dollars += dollars
        self._done += 1
        self._in_a_row = 0
        self._gate.went_well()

    # --- progress

    async def _say(self, began: float) -> None:
        while True:
            await asyncio.sleep(self._limits.progress)
            log.info("%s", self._progress(began))

    def _progress(self, began: float) -> str:
        seconds = time.monotonic() - began
        left = (self._total - self._done) * seconds / self._done if self._done else float("nan")
        return (
            f"{self._done}/{self._total} answers, {len(self._failed)} failed, {self._retries} "
            f"retries, ${self._dollars:.4f} spent after {seconds:.0f} s, {left:.0f} s to go, "
            f"{int(self._gate.limit)} calls at a time"
        )
