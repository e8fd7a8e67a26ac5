"""Which GPUs of this machine a job has: jobs that run at once must not meet on one.

Snakemake counts GPUs (`resources: gpu`) but does not say which; a cluster does, and then there is
nothing to choose. A lock per GPU is held as long as the job runs; the system releases it however
the job ends.
"""

import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

VISIBLE = "CUDA_VISIBLE_DEVICES"
SECONDS = 1.0
log = logging.getLogger(__name__)


def visible() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them.

    Asks nvidia-smi: CUDA itself must not be woken before the choice is made.
    """
    if VISIBLE in os.environ:
        return [name for name in os.environ[VISIBLE].split(",") if name]
    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return []
    return found.stdout.split()


@contextmanager
def claimed(count: int) -> Iterator[list[str]]:
    """Holds this many GPUs and shows the process no others; waits until they are free.

    Holds none where CUDA_VISIBLE_DEVICES names no more than these: then a cluster has chosen.
    """
    found = visible()
    chosen = VISIBLE in os.environ and len(found) <= count
    if chosen or not found:
        yield found
        return
    with ExitStack() as held:
        mine = _free(found, min(count, len(found)), held)
        os.environ[VISIBLE] = ",".join(mine)
        log.info("%s %s", VISIBLE, os.environ[VISIBLE])
        yield mine


def _free(names: list[str], count: int, held: ExitStack) -> list[str]:
    """The first free GPUs, locked; all or none, so that two jobs never wait for each other."""
    while True:
        with ExitStack() as trying:
            mine: list[str] = []
            for name in names:
                if len(mine) < count and _locked(name, trying):
                    mine.append(name)
            if len(mine) == count:
                held.enter_context(trying.pop_all())
                return mine
        time.sleep(SECONDS)


def _locked(name: str, held: ExitStack) -> bool:
    """Locks a GPU, unless another job has it."""
    folder = Path(tempfile.gettempdir(), f"mirrortest-gpus-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    try:
        held.enter_context(FileLock(folder / f"{name}.lock", timeout=0))
    except Timeout:
        return False
    return True
