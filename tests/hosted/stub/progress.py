"""How jobs and batches move through their states: by being asked for, or by the clock."""

import time

from hosted.stub.fates import FINAL, Fate
from hosted.stub.settings import Settings
from hosted.stub.store import Doc


def begun(doc: Doc, fate: Fate) -> Doc:
    """The object at the first of its states."""
    inner = {"_path": list(fate.path), "_at": 0, "_polls": 0, "_entered": time.time()}
    return doc | inner | {"status": fate.path[0], "_outcome": fate.outcome}


def is_final(doc: Doc) -> bool:
    """Whether nothing will change any more."""
    return doc["status"] in FINAL


def is_due(doc: Doc, settings: Settings) -> bool:
    """Whether it is time for the next state."""
    if is_final(doc) or doc["status"] == "paused" or doc["_at"] + 1 == len(doc["_path"]):
        return False
    if settings.seconds is not None:
        return bool(time.time() - doc["_entered"] >= settings.seconds)
    return bool(doc["_polls"] >= settings.polls)


def step(doc: Doc) -> None:
    """Enters the next state."""
    doc["_at"] += 1
    doc["_polls"] = 0
    doc["_entered"] = time.time()
    doc["status"] = doc["_path"][doc["_at"]]
