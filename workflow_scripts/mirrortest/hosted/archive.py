"""Raw requests and responses of hosted calls: what a resumed job answers from, and what stays.

One file per job, outside the declared outputs. A finished call is one line, appended by one
write, so that a kill tears at most the last one. Nothing in it is a failure.
"""

import gzip
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from mirrortest.canonical import fingerprint
from mirrortest.errors import UserError
from mirrortest.hosted import secrets

SYNC_SECONDS = 5.0
"""How often the file is forced to the disk: what a power cut may cost, not what a kill may."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """A call as it is sent, model and all. sample: the how-manieth draw of the same question."""

    body: dict[str, Any]
    sample: int = 0

    @property
    def key(self) -> str:
        """What it is known by."""
        return fingerprint([self.body, self.sample])


@dataclass(frozen=True)
class Record:
    """A finished call. response: the raw body; of status 400, the provider's refusal of this call.

    call: the name that its money has in the ledger; when: of the answer, in UTC.
    """

    key: str
    request: dict[str, Any]
    sample: int
    status: int
    response: dict[str, Any]
    request_id: str | None
    when: str
    call: str

    @property
    def is_batched(self) -> bool:
        """Whether it was a line of a batch, whose name its money then has."""
        return self.call.startswith("batch")

    @classmethod
    def of(
        cls,
        request: Request,
        status: int,
        response: dict[str, Any],
        request_id: str | None,
        call: str,
    ) -> "Record":
        """One that has come back now."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(
            request.key, request.body, request.sample, status, response, request_id, when, call
        )


class Archive:
    """The finished calls in a file, which is opened for more of them when the first one comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0
        self._synced = time.monotonic()
        if path.is_file():
            self._index()

    def _index(self) -> None:
        """Where each call lies: a busy arm's answers are too large for memory."""
        repeated = damaged = 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    log.warning("%s: dropped a torn last line", self._path)
                    break
                try:
                    repeated += self._place(json.loads(line)["key"], len(line))
                except (ValueError, KeyError, TypeError):
                    damaged += 1
                    self._end += len(line)
        if damaged:
            log.warning("%s: %d lines are damaged and count as not asked", self._path, damaged)
        if repeated:
            log.warning("%s: %d calls stand there twice; the first counts", self._path, repeated)

    def _place(self, key: str, length: int) -> bool:
        """Notes a line at the end; whether its key was there before."""
        known = key in self._places
        self._places.setdefault(key, (self._end, length))
        self._end += length
        return known

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, key: str) -> Record:
        place, length = self._places[key]
        with self._path.open("rb") as file:
            file.seek(place)
            return Record(**json.loads(file.read(length)))

    def records(self) -> Iterator[Record]:
        """All of them, in the order in which they were finished."""
        return (self[key] for key in self._places)

    def add(self, record: Record) -> None:
        """Appends a finished call; no kill can lose it when this returns."""
        text = secrets.scrubbed(json.dumps(asdict(record), ensure_ascii=False))
        line = text.encode() + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.ftruncate(file, self._end)  # a torn last line; who only reads leaves it alone
            written = os.write(file, line)
            if written < len(line):
                os.ftruncate(file, self._end)
                raise OSError(f"{self._path}: the disk took {written} of {len(line)} bytes")
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(file)
                self._synced = time.monotonic()
        finally:
            os.close(file)
        self._place(record.key, len(line))


def read(path: Path) -> dict[str, Record]:
    """The calls of a packed archive by key. Raises UserError if it is none, or damaged."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            records = [Record(**json.loads(line)) for line in file]
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} is not an archive of hosted calls ({error}); give the one that was made."
        ) from None
    return {record.key: record for record in records}


def packed(records: Iterable[Record]) -> bytes:
    """The archive that is kept: one line per key, in their order; the same calls, the same bytes.

    Of a key that comes twice the first counts. gzip's time stamp is zero.
    """
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(record.key, record)
    buffer = BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as file:
        for key in sorted(first):
            line = json.dumps(asdict(first[key]), ensure_ascii=False, sort_keys=True)
            file.write(line.encode() + b"\n")
    return buffer.getvalue()
