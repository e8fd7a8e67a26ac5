"""What every operation works with: the state, the backend, and work in the background."""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hosted.stub import settings
from hosted.stub.backends.backend import Backend
from hosted.stub.errors import bad
from hosted.stub.settings import Settings
from hosted.stub.store import Doc, Store


@dataclass(frozen=True)
class Request:
    """One call. identity: the id in its path, if there is one."""

    operation: str
    body: bytes
    content_type: str = ""
    identity: str = ""
    query: dict[str, str] = field(default_factory=dict)

    def json(self) -> Doc:
        """The body as an object. Raises ApiError if it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise bad("We could not parse the JSON body of your request.") from None
        if not isinstance(value, dict):
            raise bad("The body must be a JSON object.")
        return value


@dataclass
class World:
    """The stub's one instance; a kill loses of it only the work under way, which begins anew.

    prompts: hashes of the beginnings that were read, see `cache`.
    """

    store: Store
    backend: Backend
    prompts: set[str] = field(default_factory=set)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))
    _work: dict[str, Future[None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def settings(self) -> Settings:
        """As they stand now: a test may change them while the server runs."""
        return settings.read(self.store)

    @cached_property
    def files(self) -> Path:
        """Where the bytes of files are."""
        folder = self.store.folder / "files"
        folder.mkdir(exist_ok=True)
        return folder

    def has_done(self, name: str, work: Callable[[], None]) -> bool:
        """Whether this work is done; it is begun if it was not, and waited for a moment.

        Raises what the work raised.
        """
        if self.store.fact(f"done {name}", False):
            return True
        with self._lock:
            if name not in self._work:
                self._work[name] = self._pool.submit(self._do, name, work)
        wait([self._work[name]], timeout=self.backend.patience)
        if not self._work[name].done():
            return False
        self._work[name].result()
        return True

    def _do(self, name: str, work: Callable[[], None]) -> None:
        work()
        self.store.state(f"done {name}", True)


def now() -> int:
    """Seconds since 1970, as the API dates things."""
    return int(time.time())


def identity(world: World, prefix: str, *what: Any) -> str:
    """An id that depends on what it names and on how often that was made before.

    So two stubs that are asked the same give the same ids, and thus the same answers.
    """
    text = json.dumps(what, sort_keys=True, default=str)
    number = world.store.count(f"same {prefix} {hashlib.sha256(text.encode()).hexdigest()}")
    return f"{prefix}-{hashlib.sha256(f'{text}{number}'.encode()).hexdigest()[:24]}"


def public(doc: Doc) -> Doc:
    """An object without what only the stub knows of it."""
    return {name: value for name, value in doc.items() if not name.startswith("_")}
