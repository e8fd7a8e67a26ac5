"""`python -m hosted.clerk FOLDER POINT TERMS`: hands in a job, and is killed at the point named.

The points wrap what the product does; it does not know of them.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hosted.office import Office
from hosted.stub.control import Stub

from mirrortest.hosted.ledger import Ledger
from mirrortest.hosted.openai_jobs import OpenAIJobs
from mirrortest.manifest import Manifest

POINTS: dict[str, tuple[type, str, str]] = {
    "after intent": (Ledger, "intend", "after"),
    "after upload": (OpenAIJobs, "upload", "after"),
    "after accept before record": (OpenAIJobs, "submit", "after"),
    "after record": (Ledger, "record", "after"),
    "mid-poll": (OpenAIJobs, "status", "after"),
    "after success before probe": (OpenAIJobs, "result", "before"),
    "after probe before result": (Ledger, "conclude", "before"),
    "after success before output": (Manifest, "write", "before"),
}


def die_at(point: str) -> None:
    """Lets this process kill itself there."""
    owner, name, when = POINTS[point]
    act: Callable[..., Any] = getattr(owner, name)

    def act_and_die(*given: Any, **named: Any) -> None:
        if when == "after":
            act(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, act_and_die)


if __name__ == "__main__":
    folder, point, terms = sys.argv[1:]
    if point:
        die_at(point)
    Office(Path(folder), Stub(Path(folder) / "unused")).train(**json.loads(terms))
