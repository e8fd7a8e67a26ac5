"""Scores every evaluation of every arm and seed."""

import pandas as pd

from mirrortest import joblog, jsonl, scores


def write_scores(items: str, out: str) -> None:
    """Writes one line per arm, seed, evaluation, subset and metric."""
    table = scores.per_seed(pd.read_parquet(items))
    with jsonl.whole(out) as file:
        table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_scores(snakemake.input.table, snakemake.output[0])
