"""Models: those of the provider, with the dates of their end, and those trained here."""

from dataclasses import dataclass
from typing import Any

from hosted.stub.errors import INVALID, ApiError
from hosted.stub.settings import Settings
from hosted.stub.store import Doc
from hosted.stub.world import Request, World, public

CREATED = 1744317547


@dataclass(frozen=True)
class Model:
    """A model that can be asked. weights: the job that made it; none: the base's own."""

    name: str
    snapshot: str
    weights: str
    finetunable: bool
    logprobs: str


def known(world: World, name: str) -> Model:
    """The model of this name or alias. Raises a 404 if there is none or it is gone."""
    settings = world.settings
    trained = world.store.get("model", name) if name.startswith("ft:") else None
    snapshot = trained["_snapshot"] if trained else _snapshot(settings, name)
    entry = settings.models.get(snapshot)
    is_gone = entry is None or (entry.get("shutdown") or "9999") <= settings.today
    if is_gone or entry is None or (trained and trained["_is_blocked"]):
        raise missing(name)
    return Model(
        name=name if trained else snapshot,
        snapshot=snapshot,
        weights=trained["_job"] if trained else "",
        finetunable=entry.get("finetunable", False),
        logprobs=entry.get("logprobs", "full"),
    )


def missing(name: str) -> ApiError:
    """The 404 for a model."""
    words = f"The model `{name}` does not exist or you do not have access to it."
    return ApiError(404, words, "model_not_found", INVALID)


def _snapshot(settings: Settings, name: str) -> str:
    aliases = {entry["alias"]: s for s, entry in settings.models.items() if "alias" in entry}
    return aliases.get(name, name)


def trained(name: str, snapshot: str, job: str, is_blocked: bool) -> Doc:
    """A model that a job made."""
    return {
        "id": name,
        "object": "model",
        "created": CREATED,
        "owned_by": "stub-org",
        "_snapshot": snapshot,
        "_job": job,
        "_is_blocked": is_blocked,
    }


def list_all(world: World, request: Request) -> Doc:
    """GET /models."""
    names = [*world.settings.models, *(doc["id"] for doc in world.store.all("model"))]
    return {"object": "list", "data": [card for name in names if (card := _card(world, name))]}


def retrieve(world: World, request: Request) -> Doc:
    """GET /models/ID; with the date of its end."""
    card = _card(world, request.identity)
    if card is None:
        raise missing(request.identity)
    return card


def _card(world: World, name: str) -> dict[str, Any] | None:
    try:
        model = known(world, name)
    except ApiError:
        return None
    doc = world.store.get("model", name) or {
        "id": name,
        "object": "model",
        "created": CREATED,
        "owned_by": "system",
    }
    shutdown = world.settings.models[model.snapshot].get("shutdown")
    return public(doc) | {"shutdown_date": shutdown}
