"""One finetuning job on disk: what was meant, what was sent (noted before), what came back.

The folder is state, not an output: Snakemake deletes the outputs of failed jobs.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mirrortest import jsonl
from mirrortest.errors import UserError
from mirrortest.hosted.provider import Event, Job, Order, Result


@dataclass(frozen=True)
class Ledger:
    """The folder of one job, `<state>/<key>`. Each file is on the disk when its method returns.

    intent.json: the order, for whom, at which address, when. sent.jsonl: each request that hands
    it in, noted before it goes out, and each refusal. job.json, events.jsonl: as last seen.
    result.json: what came of it.
    """

    folder: Path

    def intend(self, order: Order, arm: str, address: str, now: datetime) -> None:
        """Notes what is meant. Raises UserError if it was begun at another address."""
        if (known := self._read("intent.json")) is None:
            meant = {"key": order.key, "arm": arm, "address": address, "at": now.isoformat()}
            self._write("intent.json", meant | {"order": asdict(order)})
        elif known["address"] != address:
            raise UserError(
                f"{arm}: its finetuning job was handed in at {known['address']}, and "
                f"OPENAI_BASE_URL now leads to {address}; set it back, or remove {self.folder} to "
                "have the job done anew and pay for it."
            )

    @property
    def since(self) -> datetime:
        """When it was first meant."""
        return datetime.fromisoformat((self._read("intent.json") or {})["at"])

    # --- requests that hand it in

    def sending(self, number: int, now: datetime) -> None:
        """Notes that a request is about to go out."""
        self._append("sent.jsonl", [{"sent": number, "at": now.isoformat()}])

    def refused(self, number: int, why: str) -> None:
        """Notes that it made no job."""
        self._append("sent.jsonl", [{"refused": number, "why": why}])

    @property
    def sent(self) -> int:
        """How many requests went out."""
        return max((row["sent"] for row in self._lines("sent.jsonl") if "sent" in row), default=0)

    @property
    def unanswered(self) -> datetime | None:
        """When the last request went out, if nobody knows what became of it."""
        lines = self._lines("sent.jsonl")
        if not lines or "sent" not in lines[-1]:
            return None
        return datetime.fromisoformat(lines[-1]["at"])

    # --- the job

    def record(self, job: Job) -> None:
        """Notes the job as it stands, and the events that are new."""
        known = {row["id"] for row in self._lines("events.jsonl")}
        self._append("events.jsonl", [asdict(e) for e in job.events if e.id not in known])
        self._write("job.json", asdict(job) | {"events": []})

    def job(self) -> Job | None:
        """The job as last seen, without its events."""
        found = self._read("job.json")
        return found and Job(**found)

    def events(self) -> list[Event]:
        """All events seen so far."""
        return [Event(**row) for row in self._lines("events.jsonl")]

    def conclude(self, result: Result) -> None:
        """Notes what came of it."""
        self._write("result.json", asdict(result))

    def result(self) -> Result | None:
        """What came of it, if that is known for good: a model that was trained, and could not be
        asked, may be asked again."""
        found, job = self._read("result.json"), self.job()
        if not found or (found["outcome"] == "blocked" and job and job.status == "succeeded"):
            return None
        return Result(**found | {"tokens": tuple(found["tokens"])})

    # --- files

    def _read(self, name: str) -> Any:
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return jsonl.read_own(path) if path.is_file() else []

    def _append(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Adds lines by writing the file anew: it is short, and is never torn."""
        if rows:
            lines = [*self._lines(name), *rows]
            self._put(name, "".join(jsonl.dump(row) + "\n" for row in lines))

    def _write(self, name: str, content: dict[str, Any]) -> None:
        self._put(name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def _put(self, name: str, text: str) -> None:
        with jsonl.whole(self.folder / name) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _folder_to_disk(self.folder)


def _folder_to_disk(folder: Path) -> None:
    """A renamed file survives a crash of the machine only when its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
