"""What this machine has fetched before, by hash: a second checkout needs no network.

The folder is MIRRORTEST_CACHE, or the user's cache. A file in it is named by its SHA-256 and by its
suffix, so that a copy of the folder is a mirror. `origins/` holds which hash an address gave.
"""

import hashlib
import os
from pathlib import Path

import platformdirs

from mirrortest import jsonl, sources
from mirrortest.errors import UserError


def folder() -> Path:
    """Where the files lie."""
    chosen = os.environ.get("MIRRORTEST_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("mirrortest")


def place(origin: str) -> Path:
    """Where the hash that an address gave is noted; its lock and partial file lie beside it.

    Raises UserError where the cache cannot be made.
    """
    origins = folder() / "origins"
    try:
        origins.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the cache {folder()} cannot be made ({error.strerror}); set MIRRORTEST_CACHE to a "
            "folder that you may write."
        ) from None
    return origins / hashlib.sha256(origin.encode()).hexdigest()


def find(sha256: str) -> Path | None:
    """The file with this hash. One that was damaged counts as none."""
    for path in folder().glob(f"{sha256}*"):
        if sources.digest(path) == sha256:
            return path
    return None


def recall(origin: str) -> Path | None:
    """What the address gave when it was asked last."""
    noted = place(origin)
    return find(noted.read_text(encoding="utf-8")) if noted.is_file() else None


def note(origin: str, sha256: str) -> None:
    """Notes which hash the address gave."""
    with jsonl.whole(place(origin)) as file:
        file.write(sha256)


def keep(partial: Path, suffix: str) -> Path:
    """Takes in a whole file from the same disk, by rename; where it lies now."""
    kept = folder() / f"{sources.digest(partial)}{suffix}"
    partial.replace(kept)
    return kept
