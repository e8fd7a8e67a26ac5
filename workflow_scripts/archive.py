"""Packs the raw calls of a hosted arm, so that its results can be checked when it is gone."""

import hashlib
import logging
import shutil
from pathlib import Path

from mirrortest import chains, joblog
from mirrortest.chains import Arm
from mirrortest.hosted import archive as calls
from mirrortest.hosted import usage
from mirrortest.hosted.archive import Archive


def archive(arm: Arm, model: str, state: Path, out: Path) -> None:
    """Writes every finished call of the arm's jobs in `state`, and beside it its hash, what
    was used, and the model.

    The same calls give the same bytes; `sha256sum -c` reads the hash.
    """
    files = sorted(path for path in state.rglob(f"{arm.seed}.jsonl") if _is_of(path, arm))
    logging.info("%s", ", ".join(map(str, files)))
    packed = calls.packed(record for file in files for record in Archive(file).records())
    partial = out.with_suffix(".partial")
    partial.write_bytes(packed)
    partial.replace(out)
    digest = hashlib.sha256(packed).hexdigest()
    Path(f"{out}.sha256").write_text(f"{digest}  {out.name}\n", encoding="utf-8")
    used = usage.of(record for file in files for record in Archive(file).records())
    used.write(out.parent / f"{arm.seed}.used.json")
    shutil.copyfile(model, out.parent / f"{arm.seed}.json")


def _is_of(path: Path, arm: Arm) -> bool:
    """Whether it lies at `.../model/chain/seed.jsonl`."""
    return path.parts[-3:-1] == (arm.model, arm.chain)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        archive(
            arm=chains.arm(
                snakemake.wildcards.model,
                snakemake.wildcards.chain,
                int(snakemake.wildcards.seed),
            ),
            model=snakemake.input.model,
            state=Path(snakemake.params.state),
            out=Path(snakemake.output.calls),
        )
