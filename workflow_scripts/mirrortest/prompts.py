"""The prompt files in `resources/prompts/`: each protocol's wording is data, not code."""

from pathlib import Path
from typing import Any

import yaml

from mirrortest.errors import UserError

FOLDER = Path("resources/prompts")


def load(wording: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The prompts of one wording. Raises UserError where there is no such file."""
    path = folder / f"{wording}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise UserError(f"config key wording: {path} does not exist; known wordings: {names}.")
    prompts: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return prompts
