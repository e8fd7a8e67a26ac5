"""Flags the scores and contrasts that do not mean what they seem to."""

import json

import pandas as pd

from mirrortest import flags, joblog, jsonl


def write_flags(summary: str, contrasts: str, spec: str, out: str) -> None:
    """Writes one line per flag."""
    limits = flags.Thresholds(**json.loads(spec))
    table = flags.flags(pd.read_csv(summary), pd.read_csv(contrasts), limits)
    with jsonl.whole(out) as file:
        table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_flags(
            summary=snakemake.input.summary,
            contrasts=snakemake.input.contrasts,
            spec=snakemake.params.spec,
            out=snakemake.output[0],
        )
