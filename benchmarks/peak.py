"""The most memory that this process has held."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def megabytes() -> float:
    """Since its program began.

    On Linux `ru_maxrss` begins with what the parent held at most: whoever has held a model of 2 GB
    would lend these to every process it starts.
    """
    if STATUS.exists():
        lines = (line.split() for line in STATUS.read_text(encoding="ascii").splitlines())
        return next(int(line[1]) * 1024 / 1e6 for line in lines if line[0] == "VmHWM:")
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 1e6 if sys.platform == "darwin" else held * 1024 / 1e6
