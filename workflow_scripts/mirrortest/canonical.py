"""One text for one meaning: what Snakemake compares when it decides what to rebuild.

Snakemake compares params as an unnamed set of reprs, so that swapped or renamed values go unseen.
Each rule therefore has one such text, of the smallest slice of the configuration that it uses.
"""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from typing import Any


def canonical(value: Any) -> str:
    """JSON with sorted keys; dataclasses become objects."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)


def fingerprint(value: Any) -> str:
    """The SHA-256 of the canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
