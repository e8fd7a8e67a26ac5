"""The stub in the hands of a test: start, script, count, kill, restart."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hosted.stub import fates, faults, money, settings
from hosted.stub.fates import Fate
from hosted.stub.faults import Fault
from hosted.stub.money import Counters
from hosted.stub.routes import OPERATIONS
from hosted.stub.store import Doc, Store

TESTS = Path(__file__).resolve().parents[2]
LIBRARY = TESTS.parent / "workflow_scripts"
KEY = "sk-stub-0123456789abcdef"
SECONDS = 60.0


@dataclass
class Stub:
    """One stub: a process that can be killed, and its state, which stays.

    scenario: a file of settings, faults and fates to begin with, see README.md.
    """

    folder: Path
    backend: Literal["fake", "toy"] = "fake"
    key: str = KEY
    scenario: Path | None = None
    store: Store = field(init=False)
    _process: subprocess.Popen[bytes] | None = None
    _port: int = 0

    def __post_init__(self) -> None:
        self.store = Store(self.folder)

    # --- the process

    def start(self) -> "Stub":
        """Starts it, on the port that it had before; returns when it answers."""
        (self.folder / "url").unlink(missing_ok=True)
        command = [sys.executable, "-m", "hosted.stub", "--state", str(self.folder)]
        command += ["--port", str(self._port), "--backend", self.backend]
        command += ["--scenario", str(self.scenario)] if self.scenario else []
        paths = {"PYTHONPATH": f"{TESTS}{os.pathsep}{LIBRARY}", "STUB_API_KEY": self.key}
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | paths, stdout=log, stderr=log
            )
        self.wait(lambda: (self.folder / "url").exists(), "the stub to start")
        self._port = int(self.url.split(":")[2].split("/")[0])
        return self

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kills it and starts it again with the same state and URL."""
        self.kill()
        self.start()

    @property
    def log(self) -> str:
        """What it said: tracebacks, if it has a bug."""
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL must be."""
        return (self.folder / "url").read_text(encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a client finds it."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": self.key}

    # --- scripting

    def script(self, operation: str, kind: str, **how: Any) -> None:
        """Adds a fault to the queue; see `faults.Fault`."""
        if operation not in OPERATIONS:
            raise ValueError(f"no such operation: {operation}; there are {', '.join(OPERATIONS)}")
        faults.script(self.store, Fault(operation, kind, **how))

    def forgive(self) -> None:
        """Forgets the faults that are left."""
        faults.clear(self.store)

    def fate(self, kind: str, outcome: str, **how: Any) -> None:
        """Decides what becomes of the next job or batch; see `fates.Fate`."""
        fates.script(self.store, Fate(kind, outcome, **how))

    def set(self, **changes: Any) -> None:
        """Changes settings; see `settings.Settings`."""
        settings.change(self.store, **changes)

    # --- what happened

    def counters(self) -> Counters:
        """What was asked and what it cost; also of a stub that is dead."""
        return money.counters(self.store)

    def settle(self) -> Counters:
        """Lets time pass until all jobs and batches have ended; the counters then."""
        address = self.url.removesuffix("/v1") + "/stub/settle"
        urllib.request.urlopen(address, timeout=SECONDS).read()
        return self.counters()

    def requests(self, operation: str = "*") -> list[Doc]:
        """The log: at, method, path, key (masked), body, in_flight, fault, status, ended."""
        where = "" if operation == "*" else "WHERE operation = ?"
        values = () if operation == "*" else (operation,)
        return self.store.rows(f"SELECT * FROM requests {where} ORDER BY number", *values)

    def asked(self) -> list[Doc]:
        """The bodies of the chat requests."""
        return [json.loads(row["body"]) for row in self.requests("chat.create")]

    def jobs(self) -> list[Doc]:
        """The jobs as they stand."""
        return self.store.all("job")

    def wait_for(self, operation: str, count: int = 1) -> None:
        """Returns as soon as so many requests of an operation have come, answered or not."""
        self.wait(lambda: len(self.requests(operation)) >= count, f"{count} {operation}")

    def wait(self, true: Callable[[], bool], what: str) -> None:
        """Waits. Raises if it takes too long, or if the process has died."""
        until = time.monotonic() + SECONDS
        while not true():
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"the stub died: {self.log[-2000:]}")
            if time.monotonic() > until:
                raise TimeoutError(f"waited for {what}")
            time.sleep(0.005)


@contextmanager
def running(
    folder: Path, backend: Literal["fake", "toy"] = "fake", key: str = KEY, **changes: Any
) -> Iterator[Stub]:
    """A stub that runs as long as the block; `changes` are settings."""
    stub = Stub(folder, backend, key)
    stub.set(**changes)
    try:
        yield stub.start()
    finally:
        stub.kill()
        stub.store.close()
