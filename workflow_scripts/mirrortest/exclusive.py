"""One job at a time on one piece of state.

After a `kill -9` of Snakemake its jobs run on as orphans. The next run starts the same jobs again,
which wait here until the orphan has ended instead of writing beside it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


@contextmanager
def exclusive(state: str | Path) -> Iterator[None]:
    """Holds `<state>.lock`; the system releases it when the process ends, however it ends."""
    path = Path(f"{state}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("another process still works on %s; waiting for it to end", state)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
