"""Splits every contrast of forced choices into invalid answers, position and wrong answers."""

import json

import pandas as pd

from mirrortest import contrasts, decomposition, joblog, jsonl


def write_decomposition(items: str, spec: str, out: str) -> None:
    """Writes the parts of every contrast and evaluation, and their total."""
    settings = json.loads(spec)
    pairs = [contrasts.Pair(**pair) for pair in settings["pairs"]]
    table = decomposition.decomposition(
        pd.read_parquet(items), pairs, settings["resamples"], settings.get("shared", ())
    )
    with jsonl.whole(out) as file:
        table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_decomposition(snakemake.input.table, snakemake.params.spec, snakemake.output[0])
