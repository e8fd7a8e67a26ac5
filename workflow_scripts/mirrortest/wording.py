"""Prompts that a job takes from files: where its spec would hold a text, it holds the text's path.

Such a text is known only after its source was fetched, which is after the config was read.
"""

import json
from pathlib import Path
from typing import Any

TEXT_OF = "text_of"


def place(path: str) -> dict[str, str]:
    """What stands in a spec for the text of a file."""
    return {TEXT_OF: path}


def settings(spec: str) -> Any:
    """The settings of a spec, with every text that it takes from a file."""
    return json.loads(spec, object_hook=_filled)


def files(spec: str) -> list[str]:
    """The files whose texts a spec takes, without repeats."""
    found: list[str] = []

    def note(value: dict[str, Any]) -> dict[str, Any]:
        found.extend([value[TEXT_OF]] if TEXT_OF in value else [])
        return value

    json.loads(spec, object_hook=note)
    return list(dict.fromkeys(found))


def _filled(value: dict[str, Any]) -> Any:
    if TEXT_OF not in value:
        return value
    return Path(value[TEXT_OF]).read_bytes().decode("utf-8")
