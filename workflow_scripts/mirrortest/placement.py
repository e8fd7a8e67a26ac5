"""Where a key of the config belongs, by its JSON schema: what is said of one that is misplaced."""

from typing import Any

from mirrortest.errors import unknown

Node = dict[str, Any]


def hint(schema: Node, loc: tuple[int | str, ...]) -> str:
    """Of an unknown key, the last of `loc`: that it belongs one level down, or what is like it.

    loc: as pydantic gives it, with the names of what unions chose.
    """
    key = str(loc[-1])
    found = [schema]
    for step in loc[:-1]:
        found = [below for node in found for below in _below(schema, node, str(step))] or found
    known = {name: part for node in found for name, part in _keys(node).items()}
    within = [name for name, part in known.items() if _holds(schema, part, key)]
    if within:
        return f"it belongs under {' or '.join(f'`{name}`' for name in within)}; move it there."
    return str(unknown("key", key, known))


def _holds(schema: Node, part: Node, key: str) -> bool:
    return any(key in _keys(node) for node in _options(schema, part))


def _below(schema: Node, node: Node, step: str) -> list[Node]:
    """What is said of a key, of an entry of a registry or a list, or of a union's choice."""
    entries = [*node.get("patternProperties", {}).values(), node.get("items")]
    chosen = node.get("discriminator", {}).get("mapping", {}).get(step)
    if chosen is not None:
        return _options(schema, {"$ref": chosen})
    for part in (_keys(node).get(step), *entries):
        if part is not None:
            return _options(schema, part)
    return []


def _keys(node: Node) -> dict[str, Node]:
    keys: dict[str, Node] = node.get("properties", {})
    return keys


def _options(schema: Node, node: Node) -> list[Node]:
    """The definitions that a part of the schema may stand for."""
    if "$ref" in node:
        return [schema["$defs"][node["$ref"].removeprefix("#/$defs/")]]
    return [each for option in node.get("anyOf", ()) for each in _options(schema, option)] or [node]
