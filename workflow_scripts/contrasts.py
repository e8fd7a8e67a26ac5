"""Sets arms against their references, item by item and seed by seed."""

import json

import pandas as pd

from mirrortest import contrasts, joblog, jsonl


def write_contrasts(items: str, spec: str, out: str) -> None:
    """Writes one line per contrast, evaluation, subset and metric."""
    settings = json.loads(spec)
    pairs = [contrasts.Pair(**pair) for pair in settings["pairs"]]
    table = contrasts.contrasts(
        pd.read_parquet(items),
        pairs,
        settings["resamples"],
        settings["margin"],
        settings.get("shared", ()),
    )
    with jsonl.whole(out) as file:
        table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_contrasts(snakemake.input.table, snakemake.params.spec, snakemake.output[0])
