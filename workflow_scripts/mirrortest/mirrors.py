"""Copies of fetched files, in a folder or at an address of one's own, looked for first.

A copy is named by its SHA-256 or by the source that it is for, with a suffix: a copy of the cache
is a mirror. In a folder the suffix may be another one, and says in what form the rows are.
"""

from pathlib import Path

from mirrortest import downloads
from mirrortest.errors import UserError


def find(mirror: str, name: str, suffix: str, sha256: str | None) -> str | None:
    """The copy of a source's file; one named by its hash goes first.

    Raises UserError where the folder is not there.
    """
    stems = [sha256, name] if sha256 else [name]
    if "://" in mirror:
        addresses = [f"{mirror.rstrip('/')}/{stem}{suffix}" for stem in stems]
        return next(filter(downloads.exists, addresses), None)
    if not Path(mirror).is_dir():
        raise UserError(f"mirror {mirror} is not a folder; mend the path.")
    found = sorted(Path(mirror).iterdir(), key=lambda path: (path.suffix == suffix, path))
    files = {path.stem: path for path in found if path.is_file()}  # the published form goes last
    return next((str(files[stem]) for stem in stems if stem in files), None)
