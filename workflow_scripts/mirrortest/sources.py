"""External files and folders: each pinned by its hash, and read with clear errors."""

import hashlib
from pathlib import Path

from mirrortest import remembered
from mirrortest.errors import UserError

LARGE = 10_000_000
"""Bytes from where on a hash is remembered: weights take minutes to read."""


def digest(path: str | Path) -> str:
    """The SHA-256 of a file, or of a folder's sorted list of file hashes and names.

    Raises UserError where there is no file: all mistyped paths would have one hash.
    """
    path = Path(path)
    if path.is_file():
        large = path.stat().st_size > LARGE
        return str(remembered.of(path, "sha256", _sha256)) if large else _sha256(path)
    files = sorted(p for p in path.rglob("*") if p.is_file())
    if not files:
        raise UserError(f"{path} is no file, and no folder that holds one; mend the path.")
    listing = "".join(f"{digest(p)}  {p.relative_to(path).as_posix()}\n" for p in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text(path: str | Path) -> str:
    """What a file in UTF-8 says, with or without a mark at its start. Raises UserError."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8."
        ) from None


def verify(path: str | Path, sha256: str | None, name: str) -> None:
    """Raises UserError if the path is missing or its digest is not the one stated."""
    if not Path(path).exists():
        raise UserError(f"{name}: {path} does not exist; mend its path or fetch the file.")
    if sha256 is not None and (found := digest(path)) != sha256:
        raise UserError(
            f"{name}: {path} has SHA-256 {found}, but the config states {sha256}; "
            "restore the file, or state the new hash if the change is meant."
        )


if __name__ == "__main__":
    import sys

    try:
        print(digest(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))
