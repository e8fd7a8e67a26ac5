"""Batches: a file of requests, answered at half price, in an order of their own."""

import json
import random

from hosted.stub import batch_lines, fates, files, listing, progress
from hosted.stub.errors import INVALID, ApiError, bad
from hosted.stub.fates import Fate
from hosted.stub.store import Doc
from hosted.stub.world import Request, World, identity, now, public

ENDPOINT = "/v1/chat/completions"
MOST = 50_000
DAY = 24 * 3600
DATED = {
    "in_progress": "in_progress_at",
    "finalizing": "finalizing_at",
    "completed": "completed_at",
    "failed": "failed_at",
    "expired": "expired_at",
    "cancelling": "cancelling_at",
    "cancelled": "cancelled_at",
}


def create(world: World, request: Request) -> Doc:
    """POST /batches."""
    body = request.json()
    if body.get("endpoint") != ENDPOINT or body.get("completion_window") != "24h":
        raise bad(f"The stub knows the endpoint {ENDPOINT} and the completion window 24h.")
    source = files.known(world, str(body.get("input_file_id")))
    if source["purpose"] != "batch":
        raise bad("Invalid input file: its purpose is not 'batch'.", "input_file_id")
    content = files.read(world, source["id"])
    problems = _problems(content)
    with world.store.transaction():
        text = request.body.decode() + content.decode("utf-8", "replace")
        fate = fates.take(world.store, "batch", text, "completed")
        fate = Fate("batch", "failed") if problems else fate
        batch = progress.begun(_batch(world, body, content), fate)
        batch |= {"_share": fate.share, "_problems": problems}
        listing.made(world, "batch", batch)
    return public(batch)


def _batch(world: World, body: Doc, content: bytes) -> Doc:
    return {
        "id": "batch_" + identity(world, "batch", content.hex())[6:],
        "object": "batch",
        "endpoint": ENDPOINT,
        "completion_window": "24h",
        "input_file_id": body["input_file_id"],
        "metadata": body.get("metadata"),
        "created_at": now(),
        "expires_at": now() + DAY,
        "errors": None,
        "output_file_id": None,
        "error_file_id": None,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        **dict.fromkeys(DATED.values()),
    }


def _problems(content: bytes) -> list[Doc]:
    """What makes the whole batch fail."""
    seen: set[str] = set()
    problems = []
    lines = content.splitlines()
    for number, line in enumerate(lines, start=1):
        code = _problem(line, seen)
        if code:
            message = f"Line {number} is not as it must be: {code}."
            problems.append({"code": code, "message": message, "line": number, "param": None})
    if not 0 < len(lines) <= MOST:
        words = f"A batch has 1 to {MOST} requests, this one {len(lines)}."
        problems.append({"code": "invalid_request_count", "message": words, "line": None})
    return problems


def _problem(line: bytes, seen: set[str]) -> str | None:
    try:
        row = json.loads(line)
        key, method, url = row["custom_id"], row["method"], row["url"]
        row["body"]["model"]
    except (ValueError, KeyError, TypeError):
        return "invalid_json_line"
    if key in seen:
        return "duplicate_custom_id"
    seen.add(key)
    return None if (method, url) == ("POST", ENDPOINT) else "invalid_url"


def advanced(world: World, batch: Doc, polls: int = 1) -> Doc:
    """The batch as it stands now, after having been asked for so many times more."""
    if progress.is_final(batch):
        return batch
    is_done = "in_progress" not in batch["_path"] or world.has_done(
        batch["id"], lambda: batch_lines.answer_all(world, batch)
    )
    with world.store.transaction():
        batch = world.store.get("batch", batch["id"]) or batch
        batch["_polls"] += polls
        while progress.is_due(batch, world.settings) and (
            is_done or batch["status"] != "in_progress"
        ):
            progress.step(batch)
            _entered(world, batch)
        world.store.put("batch", batch)
    return batch


def _entered(world: World, batch: Doc) -> None:
    batch[DATED[batch["status"]]] = now()
    if batch["status"] == "failed":
        batch["errors"] = {"object": "list", "data": batch["_problems"]}
    if not progress.is_final(batch) or batch["status"] == "failed":
        return
    answers = [row["line"] for row in world.store.all("line", batch["id"])]
    whole = [line for line in answers if _is_whole(line)]
    broken = [line for line in answers if not _is_whole(line)]
    total = len(files.read(world, batch["input_file_id"]).splitlines())
    batch["output_file_id"] = _file(world, batch, "output", whole)
    batch["error_file_id"] = _file(world, batch, "error", broken)
    counts = {"total": total, "completed": len(whole), "failed": len(broken)}
    batch["request_counts"] = counts


def _is_whole(line: Doc) -> bool:
    return bool(line["response"] and line["response"]["status_code"] == 200)


def _file(world: World, batch: Doc, what: str, lines: list[Doc]) -> str | None:
    """The lines as a file, shuffled; none if there are none."""
    if not lines:
        return None
    random.Random(batch["id"]).shuffle(lines)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    name = f"{batch['id']}_{what}.jsonl"
    return str(files.add(world, name, text.encode(), "batch_output", 30 * DAY)["id"])


def list_all(world: World, request: Request) -> Doc:
    """GET /batches: metadata is no filter."""
    docs = [advanced(world, batch, 0) for batch in world.store.all("batch")]
    return listing.page(world, request, docs, "batch")


def retrieve(world: World, request: Request) -> Doc:
    """GET /batches/ID."""
    return public(advanced(world, known(world, request.identity)))


def cancel(world: World, request: Request) -> Doc:
    """POST /batches/ID/cancel: what was answered until then comes back, and is paid for."""
    with world.store.transaction():
        batch = known(world, request.identity)
        if progress.is_final(batch):
            raise ApiError(409, f"Cannot cancel a batch that is {batch['status']}.", None, INVALID)
        batch |= {"_path": ["in_progress", "cancelling", "cancelled"], "_at": 1, "_polls": 0}
        batch |= {"_outcome": "cancelled", "status": "cancelling", "cancelling_at": now()}
        world.store.put("batch", batch)
    return public(batch)


def known(world: World, key: str) -> Doc:
    """The batch of this id. Raises a 404."""
    batch = world.store.get("batch", key)
    if batch is None:
        raise ApiError(404, f"No batch found with id '{key}'.", None, INVALID)
    return batch
