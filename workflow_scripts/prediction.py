"""Sets predicted against judged harm, and both against knowing nothing."""

import pandas as pd

from mirrortest import joblog, jsonl, prediction


def write_prediction(items: str, out: str) -> None:
    """Writes the errors by bucket and the slope of every arm."""
    table = prediction.prediction(pd.read_parquet(items))
    with jsonl.whole(out) as file:
        table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_prediction(snakemake.input.table, snakemake.output[0])
