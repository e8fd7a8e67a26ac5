"""What a request for a finetuning job asks for, checked as the provider checks it."""

import re
from dataclasses import dataclass
from typing import Any

from hosted.stub import models
from hosted.stub.errors import ApiError, bad
from hosted.stub.models import Model
from hosted.stub.store import Doc
from hosted.stub.world import World

AUTO = {"n_epochs": 3, "batch_size": 16, "learning_rate_multiplier": 2.0}
ACCEPTED = {
    *("model", "training_file", "validation_file", "method", "hyperparameters", "seed"),
    *("suffix", "metadata", "integrations"),
}


@dataclass(frozen=True)
class Order:
    """What a request asks for."""

    model: Model
    hyper: dict[str, Any]
    seed: int
    suffix: str
    metadata: dict[str, str] | None


def checked(world: World, body: Doc) -> Order:
    """What is asked for. Raises ApiError if it cannot be had."""
    if unknown := body.keys() - ACCEPTED:
        raise bad(f"Unrecognized request argument supplied: {min(unknown)}")
    for key in ("training_file", "validation_file"):
        _check_file(world, body.get(key), key)
    hyper = ((body.get("method") or {}).get("supervised") or {}).get("hyperparameters") or {}
    suffix = body.get("suffix") or ""
    if len(suffix) > 64:
        raise bad(f"'{suffix}' is too long - 'suffix'", "suffix")
    return Order(
        _parent(world, str(body.get("model"))),
        _hyper((body.get("hyperparameters") or {}) | hyper),
        body.get("seed", 42),
        re.sub(r"[^a-z0-9-]+", "-", suffix.lower()),
        _metadata(body.get("metadata")),
    )


def _check_file(world: World, key: str | None, param: str) -> None:
    if key is None and param == "validation_file":
        return
    doc = world.store.get("file", str(key))
    if doc is None or doc["purpose"] != "fine-tune":
        raise bad(f"invalid {param}: {key}", param)


def _parent(world: World, name: str) -> Model:
    """The model to train on. Raises ApiError: only some bases, and what was trained here."""
    try:
        model = models.known(world, name)
    except ApiError:
        model = None
    if model is None or not model.finetunable:
        words = f"Model {name} is not available for fine-tuning or does not exist."
        raise bad(words, "model", "model_not_available")
    return model


def _hyper(given: dict[str, Any]) -> dict[str, Any]:
    if unknown := given.keys() - AUTO.keys():
        raise bad(f"Unrecognized request argument supplied: {min(unknown)}")
    hyper = {name: given.get(name, "auto") for name in AUTO}
    hyper = {name: AUTO[name] if value == "auto" else value for name, value in hyper.items()}
    if not 1 <= hyper["n_epochs"] <= 50:
        raise bad("n_epochs must be between 1 and 50", "n_epochs")
    return hyper


def _metadata(given: dict[str, str] | None) -> dict[str, str] | None:
    pairs = (given or {}).items()
    if len(pairs) > 16 or any(len(k) > 64 or len(v) > 512 for k, v in pairs):
        raise bad("metadata: at most 16 pairs, keys of 64 and values of 512 characters", "metadata")
    return given
