"""What was worked out from a file, remembered as long as the file is untouched.

Each process of a run reads the config, and with it code and pinned files: what they hash to is
looked up. A file is untouched if its size and its times are the same; `ctime` cannot be set.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mirrortest import jsonl

FOLDER = Path(".snakemake/remembered")
"""Where Snakemake keeps its own; a dry run leaves `state/` as it is."""


def of(path: Path, about: str, work_out: Callable[[Path], Any]) -> Any:
    """What `work_out` makes of the file: JSON. about: a name for that, which changes with it."""
    status = path.stat()
    seen = [str(path.absolute()), status.st_size, status.st_mtime_ns, status.st_ctime_ns, about]
    name = hashlib.sha256(f"{about} {seen[0]}".encode()).hexdigest()[:16]
    kept = _kept(FOLDER / name)
    if kept is None or kept["seen"] != seen:
        kept = {"seen": seen, "found": work_out(path)}
        with jsonl.whole(FOLDER / name) as file:
            json.dump(kept, file)
    return kept["found"]


def _kept(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
