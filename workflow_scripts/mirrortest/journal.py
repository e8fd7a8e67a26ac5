"""The answer journal: what was once asked is never asked again.

One file per job and question set, appended line by line and kept outside the declared outputs. A
line holds the answers of one batch, so that a kill loses at most the batch under way, and a torn
last line is dropped.
"""

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class Journal:
    """Answers by key, in memory and in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[str, Any] = {}
        if path.is_file():
            self._read()

    def _read(self) -> None:
        whole = 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._answers.update(json.loads(line))
                whole += len(line)
        if whole < self._path.stat().st_size:
            log.info("%s: dropped a torn last line", self._path)
            with self._path.open("r+b") as file:
                file.truncate(whole)

    def __contains__(self, key: str) -> bool:
        return key in self._answers

    def __getitem__(self, key: str) -> Any:
        return self._answers[key]

    def add(self, answers: dict[str, Any]) -> None:
        """Records the answers of one batch: they are in the file when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(json.dumps(answers, ensure_ascii=False).encode() + b"\n")
        self._answers.update(answers)
