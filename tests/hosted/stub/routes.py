"""Which request is which operation. Operations are named as the SDK's methods are."""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from hosted.stub import batch_lines, batches, chat, files, jobs, models
from hosted.stub.errors import Reply
from hosted.stub.store import Doc
from hosted.stub.world import Request, World

Act = Callable[[World, Request], Doc | Reply]

_JOBS = "/v1/fine_tuning/jobs"
_TABLE: list[tuple[str, str, str, Act]] = [
    ("POST", "/v1/files", "files.create", files.create),
    ("GET", "/v1/files", "files.list", files.list_all),
    ("GET", "/v1/files/ID", "files.retrieve", files.retrieve),
    ("GET", "/v1/files/ID/content", "files.content", files.content),
    ("DELETE", "/v1/files/ID", "files.delete", files.delete),
    ("POST", _JOBS, "jobs.create", jobs.create),
    ("GET", _JOBS, "jobs.list", jobs.list_all),
    ("GET", f"{_JOBS}/ID", "jobs.retrieve", jobs.retrieve),
    ("POST", f"{_JOBS}/ID/cancel", "jobs.cancel", jobs.cancel),
    ("POST", f"{_JOBS}/ID/pause", "jobs.pause", jobs.pause),
    ("POST", f"{_JOBS}/ID/resume", "jobs.resume", jobs.resume),
    ("GET", f"{_JOBS}/ID/events", "jobs.events", jobs.list_events),
    ("GET", f"{_JOBS}/ID/checkpoints", "jobs.checkpoints", jobs.list_checkpoints),
    ("GET", "/v1/fine_tuning/model_limits", "jobs.limits", jobs.limits),
    ("POST", "/v1/chat/completions", "chat.create", chat.create),
    ("POST", "/v1/batches", "batches.create", batches.create),
    ("GET", "/v1/batches", "batches.list", batches.list_all),
    ("GET", "/v1/batches/ID", "batches.retrieve", batches.retrieve),
    ("POST", "/v1/batches/ID/cancel", "batches.cancel", batches.cancel),
    ("GET", "/v1/models", "models.list", models.list_all),
    ("GET", "/v1/models/ID", "models.retrieve", models.retrieve),
]
_ROUTES = [
    (method, re.compile(path.replace("ID", r"([^/]+)") + "/?"), operation, act)
    for method, path, operation, act in _TABLE
]
OPERATIONS = (*(operation for _, _, operation, _ in _TABLE), batch_lines.LINE, "*")


def route(method: str, target: str, content_type: str, body: bytes) -> tuple[Request, Act] | None:
    """The operation that a request means; none if there is no such thing."""
    url = urlsplit(target)
    for wanted, path, operation, act in _ROUTES:
        match = path.fullmatch(url.path)
        if match and method == wanted:
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            identity = unquote(match[1]) if match.groups() else ""
            return Request(operation, body, content_type, identity, query), act
    return None
