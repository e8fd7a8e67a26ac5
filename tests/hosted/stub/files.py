"""Files. The same file twice makes two: nothing is recognised."""

import os
import re

from hosted.stub import listing
from hosted.stub.errors import INVALID, ApiError, Reply, bad
from hosted.stub.store import Doc
from hosted.stub.world import Request, World, identity, now, public

PURPOSES = ("fine-tune", "batch", "assistants", "vision", "user_data", "evals")
LINES = ("fine-tune", "batch")
MONTH = 30 * 24 * 3600
_NAME = re.compile(r'\bname="([^"]*)"')
_FILE_NAME = re.compile(r'\bfilename="([^"]*)"')


def create(world: World, request: Request) -> Doc:
    """POST /files: multipart with `file`, `purpose` and perhaps `expires_after`."""
    parts = _parts(request)
    purpose = parts.get("purpose", ("", b""))[1].decode()
    name, content = parts.get("file", ("", b""))
    if purpose not in PURPOSES:
        raise bad(f"'{purpose}' is not one of {list(PURPOSES)}", "purpose")
    if not name:
        raise bad("'file' is a required property", "file")
    if purpose in LINES and not name.endswith(".jsonl"):
        raise bad(f"Invalid file format for {purpose}. Must be .jsonl", "file")
    seconds = parts.get("expires_after[seconds]", ("", b""))[1]
    lives = int(seconds) if seconds else MONTH if purpose == "batch" else None
    world.store.count("uploads")
    return public(add(world, name, content, purpose, lives))


def add(world: World, name: str, content: bytes, purpose: str, lives: int | None = None) -> Doc:
    """Stores a file; the bytes first, so that no file is known that is not there."""
    with world.store.transaction():
        key = identity(world, "file", name, purpose, content.hex())
        with (world.files / key).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        doc = {
            "id": key,
            "object": "file",
            "bytes": len(content),
            "created_at": now(),
            "expires_at": now() + lives if lives else None,
            "filename": name,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
        }
        return listing.made(world, "file", doc)


def list_all(world: World, request: Request) -> Doc:
    """GET /files, perhaps of one purpose."""
    purpose = request.query.get("purpose")
    docs = [doc for doc in world.store.all("file") if purpose in (None, doc["purpose"])]
    return listing.page(world, request, docs, "file", default=10_000)


def retrieve(world: World, request: Request) -> Doc:
    """GET /files/ID."""
    return public(known(world, request.identity))


def content(world: World, request: Request) -> Reply:
    """GET /files/ID/content."""
    doc = known(world, request.identity)
    return Reply(200, read(world, doc["id"]), {"content-type": "application/octet-stream"})


def delete(world: World, request: Request) -> Doc:
    """DELETE /files/ID."""
    doc = known(world, request.identity)
    world.store.drop(doc["id"])
    return {"id": doc["id"], "object": "file", "deleted": True}


def known(world: World, key: str) -> Doc:
    """The file of this id. Raises a 404."""
    doc = world.store.get("file", key)
    if doc is None:
        raise ApiError(404, f"No such File object: {key}", None, INVALID, "id")
    return doc


def read(world: World, key: str) -> bytes:
    """A file's bytes."""
    return (world.files / key).read_bytes()


def _parts(request: Request) -> dict[str, tuple[str, bytes]]:
    """The parts of a multipart body by name: file name, if it has one, and content."""
    _, _, boundary = request.content_type.partition("boundary=")
    if not boundary:
        raise bad("Expected multipart/form-data.")
    found = {}
    for part in request.body.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        words = head.decode()
        name, file_name = _NAME.search(words), _FILE_NAME.search(words)
        if name:
            found[name[1]] = (file_name[1] if file_name else "", content.removesuffix(b"\r\n"))
    return found
