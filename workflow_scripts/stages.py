"""Tests item by item what every stage of a chain changed."""

import pandas as pd

from mirrortest import joblog, jsonl, stages


def write_stages(items: str, out: str) -> None:
    """Writes one line per evaluation and pair of arms of a chain."""
    table = stages.stages(pd.read_parquet(items))
    with jsonl.whole(out) as file:
        table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_stages(snakemake.input.table, snakemake.output[0])
