"""Finetuning jobs. The same job twice makes two, and both are billed: nothing is recognised."""

from hosted.stub import events, fates, files, listing, orders, progress, training_file
from hosted.stub.errors import INVALID, ApiError, bad, named
from hosted.stub.job_states import advanced, is_trained
from hosted.stub.orders import Order
from hosted.stub.store import Doc
from hosted.stub.world import Request, World, identity, now, public

DAY = 24 * 3600


def create(world: World, request: Request) -> Doc:
    """POST /fine_tuning/jobs."""
    body = request.json()
    order = orders.checked(world, body)
    content = files.read(world, body["training_file"])
    problem = training_file.problem(content)
    with world.store.transaction():
        _within_limits(world)
        text = request.body.decode() + content.decode("utf-8", "replace")
        fate = fates.take(world.store, "job", text, "succeeded")
        if problem is not None:
            fate = fates.Fate("job", "invalid_file")
        job = progress.begun(_job(world, body, order, content), fate)
        job["_error"] = problem
        listing.made(world, "job", job)
        events.created(world, job)
    is_trained(world, job)
    return public(job)


def _job(world: World, body: Doc, order: Order, content: bytes) -> Doc:
    what = [order.model.name, content.hex(), order.hyper, order.seed]
    return {
        "id": identity(world, "ftjob", *what),
        "object": "fine_tuning.job",
        "created_at": now(),
        "error": {},
        "fine_tuned_model": None,
        "finished_at": None,
        "estimated_finish": None,
        "hyperparameters": order.hyper,
        "method": {"type": "supervised", "supervised": {"hyperparameters": order.hyper}},
        "model": order.model.name,
        "organization_id": "stub-org",
        "result_files": [],
        "seed": order.seed,
        "trained_tokens": None,
        "training_file": body["training_file"],
        "validation_file": body.get("validation_file"),
        "integrations": [],
        "metadata": order.metadata,
        "user_provided_suffix": order.suffix or None,
        "_parent": order.model.weights,
        "_snapshot": order.model.snapshot,
    }


def _within_limits(world: World) -> None:
    jobs = world.store.all("job")
    if sum(job["created_at"] > now() - DAY for job in jobs) >= world.settings.daily_jobs:
        raise named("daily_limit")
    if sum(not progress.is_final(job) for job in jobs) >= world.settings.running_jobs:
        raise named("concurrent_limit")


def list_all(world: World, request: Request) -> Doc:
    """GET /fine_tuning/jobs; `metadata[k]=v` filters."""
    wanted = {k[9:-1]: v for k, v in request.query.items() if k.startswith("metadata[")}
    docs = [
        job
        for job in world.store.all("job")
        if wanted.items() <= (job["metadata"] or {}).items()
        and not (request.query.get("metadata") == "null" and job["metadata"])
    ]
    return listing.page(world, request, [advanced(world, job, 0) for job in docs], "job")


def retrieve(world: World, request: Request) -> Doc:
    """GET /fine_tuning/jobs/ID."""
    return public(advanced(world, known(world, request.identity)))


def list_events(world: World, request: Request) -> Doc:
    """GET /fine_tuning/jobs/ID/events."""
    known(world, request.identity)
    docs = world.store.all("event", request.identity)
    return listing.page(world, request, docs, "event")


def list_checkpoints(world: World, request: Request) -> Doc:
    """GET /fine_tuning/jobs/ID/checkpoints."""
    known(world, request.identity)
    docs = world.store.all("checkpoint", request.identity)
    return listing.page(world, request, docs, "checkpoint", default=10)


def cancel(world: World, request: Request) -> Doc:
    """POST /fine_tuning/jobs/ID/cancel."""
    return _set(world, request, "cancelled")


def pause(world: World, request: Request) -> Doc:
    """POST /fine_tuning/jobs/ID/pause: a status that the SDK's types do not know."""
    return _set(world, request, "paused")


def resume(world: World, request: Request) -> Doc:
    """POST /fine_tuning/jobs/ID/resume."""
    job = known(world, request.identity)
    return _set(world, request, job["_path"][job["_at"]])


def _set(world: World, request: Request, status: str) -> Doc:
    with world.store.transaction():
        job = known(world, request.identity)
        if progress.is_final(job):
            raise bad(f"Job {job['id']} has already {job['status']}.")
        job["status"] = status
        job["finished_at"] = now() if progress.is_final(job) else None
        world.store.put("job", job)
        events.say(world, job, f"The job was {status}.")
    return public(job)


def known(world: World, key: str) -> Doc:
    """The job of this id. Raises a 404."""
    job = world.store.get("job", key)
    if job is None:
        words = f"Could not find fine tune: {key}"
        raise ApiError(404, words, "fine_tune_not_found", INVALID, "fine_tune_id")
    return job


def limits(world: World, request: Request) -> Doc:
    """GET /fine_tuning/model_limits; field names from public code, the rest is a guess."""
    active = sum(not progress.is_final(job) for job in world.store.all("job"))
    rows = [
        {
            "model": name,
            "max_total_jobs": world.settings.daily_jobs,
            "max_concurrent_jobs": world.settings.running_jobs,
            "active_jobs": active,
        }
        for name, entry in world.settings.models.items()
        if entry.get("finetunable")
    ]
    return {"object": "list", "data": rows}
