"""Lists: pages, filters, and new objects that are not in them yet."""

from hosted.stub.errors import bad
from hosted.stub.store import Doc
from hosted.stub.world import Request, World, public


def made(world: World, kind: str, doc: Doc) -> Doc:
    """Stores a new object; the list of its kind shows it only after the settings' lag."""
    with world.store.transaction():
        world.store.count(f"made {kind}")
        listed = world.store.fact(f"listed {kind}", 0)
        doc["_listed_from"] = listed + world.settings.lag.get(kind, 0)
        world.store.put(kind, doc)
    return doc


def page(world: World, request: Request, docs: list[Doc], kind: str, default: int = 20) -> Doc:
    """The page that the query asks for: `after`, `limit`, `order` (the newest first)."""
    listed = world.store.count(f"listed {kind}")
    docs = [doc for doc in docs if doc.get("_listed_from", 0) <= listed]
    if request.query.get("order") != "asc":
        docs.reverse()
    start = _after(docs, request.query.get("after"))
    limit = min(int(request.query.get("limit", default)), world.settings.page)
    shown = [public(doc) for doc in docs[start : start + limit]]
    return {
        "object": "list",
        "data": shown,
        "has_more": start + limit < len(docs),
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
    }


def _after(docs: list[Doc], identity: str | None) -> int:
    if identity is None:
        return 0
    ids = [doc["id"] for doc in docs]
    if identity not in ids:
        raise bad(f"No object {identity} to list after.", "after")
    return ids.index(identity) + 1
