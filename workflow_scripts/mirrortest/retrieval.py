"""The file of a source, as it was published: from the cache, a mirror or its address, verified."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from mirrortest import cache, downloads, mirrors, pins, sources
from mirrortest.errors import UserError
from mirrortest.exclusive import exclusive

HUB = "https://huggingface.co"


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A published file, see `mirrortest.config.Source`."""

    name: str
    url: str = ""
    hub: str = ""
    file: str = ""
    revision: str = ""
    gated: bool = False
    sha256: str | None = None

    @property
    def origin(self) -> str:
        """Its address, by which it is pinned."""
        return self.url or f"{self.hub}/{self.file}@{self.revision}"

    @property
    def suffix(self) -> str:
        """What its name ends in."""
        return PurePosixPath(urlsplit(self.url).path or self.file).suffix


def retrieve(remote: Remote, mirror: str | None) -> Path:
    """The file, in the cache. Jobs that want the same one wait for the first.

    It has the hash that is stated, or else the one in sources.lock, to which a new one is added.
    Raises UserError where it has another one, or where there is no file to be had.
    """
    with exclusive(cache.place(remote.origin)):
        pinned = remote.sha256 or pins.read().get(remote.origin)
        if pinned and (kept := cache.find(pinned)):
            return kept
        if mirror and (copy := mirrors.find(mirror, remote.name, remote.suffix, pinned)):
            return _from_mirror(remote, copy, pinned)
        return _from_address(remote, pinned)


def _from_mirror(remote: Remote, copy: str, pinned: str | None) -> Path:
    """A copy whose hash is not known is no proof of what the address gives: pinned by its name."""
    name = PurePosixPath(copy)
    origin = remote.origin if pinned else f"mirror:{name.name}"
    with _partial(remote) as partial:
        if "://" in copy:
            downloads.download(copy, partial, remote.name)
        else:
            shutil.copyfile(copy, partial)
        _verify(remote, partial, pinned or pins.read().get(origin), copy)
        kept = cache.keep(partial, name.suffix)
    if not pinned:
        pins.add(origin, kept.stem)
    return kept


def _from_address(remote: Remote, pinned: str | None) -> Path:
    kept = None if pinned else cache.recall(remote.origin)
    if kept is None:
        with _partial(remote) as partial:
            _download(remote, partial)
            _verify(remote, partial, pinned, remote.origin)
            kept = cache.keep(partial, remote.suffix)
        cache.note(remote.origin, kept.stem)
    if remote.sha256 is None:
        pins.add(remote.origin, kept.stem)
    return kept


@contextmanager
def _partial(remote: Remote) -> Iterator[Path]:
    """Where a file is written until it is whole. What a kill leaves there is overwritten."""
    path = cache.place(remote.origin).with_suffix(".partial")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _download(remote: Remote, partial: Path) -> None:
    """From its address. The token goes to the hub alone, and only for gated data sets."""
    if remote.url:
        downloads.download(remote.url, partial, remote.name)
        return
    endpoint = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    page = f"{endpoint}/datasets/{remote.hub}"
    token = os.environ.get("HF_TOKEN") if remote.gated else None
    if remote.gated and not token:
        raise UserError(
            f"{remote.name}: {remote.hub} is gated and HF_TOKEN is not set; ask for access at "
            f"{page} and put your token into that environment variable."
        )
    url = f"{page}/resolve/{remote.revision}/{remote.file}"
    downloads.download(url, partial, remote.name, token, page)


def _verify(remote: Remote, partial: Path, pinned: str | None, origin: str) -> None:
    """Raises UserError where the hash is not the expected one."""
    found = sources.digest(partial)
    if pinned in (None, found):
        return
    if remote.sha256 is not None:
        raise UserError(
            f"{remote.name}: {origin} has SHA-256 {found}, but the config states {pinned}; take "
            "the right file, or state the new hash if the change is meant."
        )
    raise UserError(
        f"{remote.name}: {origin} has changed upstream: its SHA-256 is {found}, but {pins.LOCK} "
        f"says {pinned}; take the old file from a mirror, or delete the line in {pins.LOCK} if "
        "the change is welcome."
    )
