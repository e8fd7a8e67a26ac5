"""Answers from an archive, after the model is gone. What it does not hold nobody can answer."""

import logging
from pathlib import Path

from mirrortest.engine import Serving
from mirrortest.engines.hosted import HostedEngine
from mirrortest.errors import UserError
from mirrortest.hosted import archive
from mirrortest.hosted.archive import Record, Request
from mirrortest.manifest import Manifest

log = logging.getLogger(__name__)


class Replay:
    """The packed archive of one arm, as a source of answers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records = archive.read(path)
        log.info("%s holds %d calls", path, len(self._records))

    def known(self, request: Request) -> bool:
        """Whether the archive holds it."""
        return request.key in self._records

    def answers(self, requests: list[Request]) -> list[Record]:
        """From the archive. Raises UserError if one of them was never asked."""
        missing = [each for each in requests if not self.known(each)]
        if missing:
            begins = str(missing[0].body["messages"][-1]["content"])[:60]
            raise UserError(
                f"{self._path} does not hold {len(missing)} of {len(requests)} questions (the "
                f"first begins {begins!r}); replay the experiment that was archived, or ask the "
                "provider."
            )
        return [self._records[each.key] for each in requests]


def open_replay(arm: Manifest, serving: Serving) -> HostedEngine:
    """The engine on the arm's archive in the folder."""
    folder = Path(str(serving.archive))
    path = folder / arm.model / arm.chain / f"{arm.seed}.jsonl.gz"
    return HostedEngine(arm, Replay(path))
