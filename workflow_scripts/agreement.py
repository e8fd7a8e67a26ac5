"""Sets judges against each other: on the same answers, and on what contrasts show."""

import json
from typing import Any

import pandas as pd

from mirrortest import agreement, joblog, jsonl
from mirrortest.reporting import tables


def write_agreement(*, spec: str, contrasts: str, agreed: str, swapped: str) -> None:
    """Writes how far every two judges agree, and the contrasts by another judge's scores.

    spec: the verdict files, each with judge, model, chain, seed and path; the leading judge first.
    """
    rows = [row for file in json.loads(spec)["files"] for row in _verdicts(file)]
    verdicts = pd.DataFrame(rows, columns=[*agreement.ROW, "judge", "outcome", "score"])
    swaps = agreement.swaps(tables.read(contrasts))
    for table, out in ((agreement.agreement(verdicts), agreed), (swaps, swapped)):
        with jsonl.whole(out) as file:
            table.to_csv(file, index=False)


def _verdicts(file: dict[str, Any]) -> list[jsonl.Row]:
    arm = {name: file[name] for name in ("judge", "model", "chain", "seed")}
    return [arm | row for row in jsonl.read_own(file["path"])]


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_agreement(
            spec=snakemake.params.spec,
            contrasts=snakemake.input.contrasts,
            agreed=snakemake.output.agreement,
            swapped=snakemake.output.swaps,
        )
