"""Asking by the Batch API: half the price, within a day, and the same answers.

A batch is noted before it is handed in and found again by its metadata, so that a killed job takes
it up and pays once. What it leaves open (it may expire, lines may fail) goes into the next one.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import openai

from mirrortest import jsonl
from mirrortest.errors import UserError
from mirrortest.hosted import completions, secrets, verdicts
from mirrortest.hosted.archive import Record, Request
from mirrortest.hosted.calls import LONGEST_PAUSE, Provider
from mirrortest.hosted.completions import MalformedError
from mirrortest.hosted.prices import BATCH_SHARE

FEW = 20
"""Fewer questions are asked one by one, at the full price: nobody waits a day for them."""
MOST_LINES, MOST_BYTES = 50_000, 190_000_000
TAG = "mirrortest_batch"
ENDED = ("completed", "failed", "expired", "cancelled")

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """Times in seconds. poll: between two looks. look_again: pauses before each look for a batch
    whose creation got no answer; lost: from when on it counts as never created. failures: of one
    request in a row; pause: after the first of them, doubled each time."""

    poll: float = 30.0
    look_again: tuple[float, ...] = (0.0, 2.0, 5.0, 15.0, 30.0)
    lost: float = 600.0
    failures: int = 20
    pause: float = 0.5


@dataclass(frozen=True)
class Batches:
    """A source of answers. provider: has the archive and the money, and asks what is too few.

    notes: the folder where the job's batches are noted.
    """

    provider: Provider
    notes: Path
    patience: Patience = field(default_factory=Patience)

    def known(self, request: Request) -> bool:
        """Whether it was answered before."""
        return self.provider.known(request)

    def answers(self, requests: list[Request]) -> list[Record]:
        """One finished call each, asked if it is new.

        Raises UserError if some got no answer; those that did are kept for the next run.
        """
        if len(self._left(requests)) >= FEW:
            secrets.check_key()
            with openai.OpenAI(max_retries=0, timeout=self.provider.limits.timeout) as client:
                desk = _Desk(self.provider, self.notes, self.patience, client)
                desk.take_up()
                while len(left := self._left(requests)) >= FEW:
                    desk.hand_in(left)
                    if len(self._left(requests)) == len(left):
                        raise UserError("a whole batch brought no answer; see the job's log.")
        return self.provider.answers(requests)

    def _left(self, requests: list[Request]) -> list[Request]:
        return list({each.key: each for each in requests if not self.known(each)}.values())


@dataclass(frozen=True)
class _Note:
    """A batch on disk: what it asks, and how far it came (meant, sent, created, done)."""

    folder: Path

    @property
    def token(self) -> str:
        return self.folder.name

    @property
    def account(self) -> str:
        return f"batch/{self.token}"

    def write(self, step: str, batch: str = "") -> None:
        with jsonl.whole(self.folder / "note.json") as file:
            json.dump({"step": step, "batch": batch, "at": time.time()}, file)

    def read(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "note.json").read_text(encoding="utf-8")))

    def ask(self, requests: list[Request]) -> None:
        rows = [{"body": each.body, "sample": each.sample} for each in requests]
        jsonl.write(self.folder / "requests.jsonl", rows)
        self.write("meant")

    def asked(self) -> list[Request]:
        return [Request(**row) for row in jsonl.read_own(self.folder / "requests.jsonl")]


@dataclass(frozen=True)
class _Desk:
    """Where batches go out and come back."""

    provider: Provider
    notes: Path
    patience: Patience
    client: openai.OpenAI

    # --- going out

    def hand_in(self, requests: list[Request]) -> None:
        """Has them answered, in as many batches as they fill; returns when all have ended."""
        notes = [self._create(part) for part in _parts(requests)]
        for note in notes:
            self._collect(note)

    def _create(self, part: list[Request]) -> _Note:
        note = _Note(self.notes / uuid.uuid4().hex)
        most = sum(completions.most(self.provider.price, each.body) for each in part) * BATCH_SHARE
        self.provider.spending.reserve(note.account, most, f"a batch of {len(part)} questions")
        note.ask(part)
        content = "".join(_line(each) for each in part).encode()
        name = f"batch-{note.token}.jsonl"
        try:
            file = self._try(
                lambda: self.client.files.create(file=(name, content), purpose="batch")
            )
            note.write("sent")
            batch = self._try(
                lambda: self.client.batches.create(
                    input_file_id=file.id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                    metadata={TAG: note.token},
                ),
                repeatable=False,
            )
        except _UncertainError as error:
            log.warning("no answer on a batch (%s): looking for it", error)
            self._look_for(note)
        except UserError:
            self._drop(note)
            raise
        else:
            note.write("created", batch.id)
            log.info("batch %s: %d questions handed in", batch.id, len(part))
        return note

    def _drop(self, note: _Note) -> None:
        """It was never created."""
        note.write("done")
        self.provider.spending.settle(note.account, 0.0)

    # --- taking up

    def take_up(self) -> None:
        """Collects what an earlier run has handed in."""
        for path in sorted(self.notes.glob("*/note.json")):
            note = _Note(path.parent)
            match note.read()["step"]:
                case "meant":
                    self._drop(note)
                case "sent":
                    if self._look_for(note):
                        self._collect(note)
                case "created":
                    self._collect(note)

    def _look_for(self, note: _Note) -> bool:
        """Whether it was created after all. Raises UserError while nobody can know.

        The listing has no filter, and may lag behind.
        """
        for pause in self.patience.look_again:
            time.sleep(pause)
            for batch in self._try(lambda: list(self.client.batches.list(limit=100))):
                if (batch.metadata or {}).get(TAG) == note.token:
                    note.write("created", batch.id)
                    log.info("batch %s: found", batch.id)
                    return True
        if time.time() - note.read()["at"] < self.patience.lost:
            raise UserError(
                "nobody knows yet whether a batch was created; run again in "
                f"{self.patience.lost / 60:.0f} minutes, and it is looked for first."
            )
        self._drop(note)
        return False

    # --- coming back

    def _collect(self, note: _Note) -> None:
        """Waits for its end, keeps every answer in it, and settles what they cost."""
        batch = self._ended(note.read()["batch"])
        asked = {each.key: each for each in note.asked()}
        dollars, answered = 0.0, 0
        for line in self._lines(batch):
            if (request := asked.get(line["custom_id"])) is not None:
                cost = self._keep(line.get("response") or {}, batch.id, request)
                dollars += cost
                answered += self.provider.known(request)
        self.provider.spending.settle(note.account, dollars)
        note.write("done", batch.id)
        log.info("batch %s: %d of %d answered, $%.4f", batch.id, answered, len(asked), dollars)
        if batch.status == "failed":
            errors = (batch.errors and batch.errors.data) or []
            why = secrets.said(str(errors[0].message)) if errors else "it gives no reason"
            raise UserError(f"the provider refuses the batch {batch.id}: {why}")

    def _ended(self, batch: str) -> Any:
        """The batch when it has ended, however it did; a status that nobody knows is no end."""
        while True:
            found = self._try(lambda: self.client.batches.retrieve(batch))
            log.info("batch %s: %s", batch, found.status)
            if found.status in ENDED:
                return found
            time.sleep(self.patience.poll)

    def _lines(self, batch: Any) -> Iterator[dict[str, Any]]:
        """The answers, in any order, and the failures."""
        for name in filter(None, (batch.output_file_id, batch.error_file_id)):
            text = self._try(lambda name=name: self.client.files.content(name).text)  # type: ignore[misc]
            yield from map(json.loads, text.splitlines())

    def _keep(self, response: dict[str, Any], batch: str, request: Request) -> float:
        """Archives a line's answer, if it is one; what it has cost (dollars)."""
        status, body, price = response.get("status_code"), response.get("body"), self.provider.price
        if status == 200:
            try:
                body = completions.parsed(json.dumps(body), request.body)
            except MalformedError as error:
                log.warning("batch %s: %s", batch, error)
                return completions.most(price, request.body) * BATCH_SHARE
        elif status != 400 or not verdicts.is_filtered((body or {}).get("error") or {}):
            return 0.0
        record = Record.of(request, status, body or {}, response.get("request_id"), batch)
        if not self.provider.known(request):
            self.provider.archive.add(record)
        return completions.cost(price, record) * BATCH_SHARE

    # --- requests

    def _try(self, act: Callable[[], T], repeatable: bool = True) -> T:
        """Repeats what fails and may be repeated. Raises UserError when there is no sense in it."""
        for failure in range(self.patience.failures):
            try:
                return act()
            except openai.OpenAIError as error:
                verdict = verdicts.of(error)
                if verdict.kind in ("stop", "outcome"):
                    raise UserError(f"the provider refuses: {verdict.why}.") from None
                if not (repeatable or verdict.free):
                    raise _UncertainError(verdict.why) from None
                time.sleep(max(verdict.wait, min(LONGEST_PAUSE, self.patience.pause * 2**failure)))
        raise UserError(f"the provider does not answer: {verdict.why}; run again later.")


class _UncertainError(Exception):
    """A request that must not be repeated, and of which nobody knows what became."""


def _line(request: Request) -> str:
    line = {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions"}
    return jsonl.dump(line | {"body": request.body}) + "\n"


def _parts(requests: list[Request]) -> Iterator[list[Request]]:
    """As many as one batch may hold."""
    part: list[Request] = []
    size = 0
    for request in requests:
        length = len(_line(request).encode())
        if part and (len(part) == MOST_LINES or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(request)
        size += length
    if part:
        yield part
