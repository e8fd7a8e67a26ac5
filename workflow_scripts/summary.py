"""Pools the scores of every arm over its seeds."""

import json

import pandas as pd

from mirrortest import joblog, jsonl, scores


def write_summary(items: str, spec: str, out: str) -> None:
    """Writes one line per arm, evaluation, subset and metric."""
    table = scores.pooled(pd.read_parquet(items), json.loads(spec)["resamples"])
    with jsonl.whole(out) as file:
        table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_summary(snakemake.input.table, snakemake.params.spec, snakemake.output[0])
