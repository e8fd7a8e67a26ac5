"""`sources.lock`: the hashes of fetched files whose entries state none, to be committed.

The first fetch writes a line, every later one compares with it. No job has the file as an input:
that it is written or edited makes nothing run again.
"""

from pathlib import Path

import yaml

from mirrortest import jsonl
from mirrortest.errors import UserError
from mirrortest.exclusive import exclusive

LOCK = Path("sources.lock")
HEAD = """\
# What was fetched without a stated hash: its address, or its name in a mirror, and its SHA-256.
# Commit this file. Delete a line to accept what is there now.
"""


def read() -> dict[str, str]:
    """The hash of each address. Raises UserError if the file is not such a list."""
    try:
        text = LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
        pinned = yaml.safe_load(text) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        pinned = None
    if not isinstance(pinned, dict):
        raise UserError(f"{LOCK} is not a list of addresses and hashes; restore it.")
    return pinned


def add(origin: str, sha256: str) -> None:
    """Notes the hash of an address."""
    with exclusive("state/sources"):
        pinned = sorted((read() | {origin: sha256}).items())
        with jsonl.whole(LOCK) as file:
            file.writelines([HEAD, *(f'"{key}": {value}\n' for key, value in pinned)])
