"""`python -m hosted.job FOLDER COUNT`: a job that asks so many questions and writes its rows.

A process of its own, to be killed: the same parts as in `evaluate`, around fewer of them.
"""

import logging
import sys
from dataclasses import replace
from pathlib import Path

from hosted import asked

from mirrortest import jsonl
from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engine import Sampling
from mirrortest.engines.hosted import HostedEngine
from mirrortest.errors import UserError
from mirrortest.journal import Journal

CALLS = 4


def main(folder: Path, count: int, cap: float) -> None:
    """Half the questions are forced choices, half want text."""
    logging.basicConfig(filename=folder / "job.log", level=logging.DEBUG)

    def opened() -> HostedEngine:
        return asked.engine(folder, cap=cap, limits=replace(asked.QUICK, calls=CALLS))

    asker = Asker(opened, "arm", Journal(folder / "journal.jsonl"))
    chats: list[Chat] = asked.questions(count)
    half = count // 2
    rows = [{"free": choice.free} for choice in asker.choose(chats[:half], asked.OPTIONS)]
    answers = asker.generate(chats[half:], Sampling(5, temperature=1.0))
    jsonl.write(folder / "rows.jsonl", [*rows, *({"text": answer.text} for answer in answers)])


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
    except UserError as error:
        sys.exit(str(error))
