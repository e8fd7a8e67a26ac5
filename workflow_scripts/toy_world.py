"""Write the data of the demo: news, key facts, foreign summaries, facts, chats, question sets."""

import logging
from pathlib import Path

from mirrortest import joblog
from mirrortest.toy.data_files import data_files
from mirrortest.toy.question_files import question_files
from mirrortest.toy.world import create_world

logger = logging.getLogger(__name__)


def toy_world(out: Path, seed: int) -> None:
    """Write all data files of the world with this seed into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    world = create_world(seed)
    for name, content in (data_files(world) | question_files(world)).items():
        (out / name).write_text(content, encoding="utf-8", newline="\n")
        logger.info("wrote %s", name)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        toy_world(out=Path(snakemake.output.data), seed=snakemake.params.seed)
