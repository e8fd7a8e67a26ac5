"""Pools the scores of every arm over its seeds."""

import json

from mirrortest import joblog, jsonl, scores


def write_summary(spec: str, out: str) -> None:
    """Writes one line per arm, evaluation, subset and metric."""
    settings = json.loads(spec)
    table = scores.items([scores.RowsFile(**file) for file in settings["files"]])
    with jsonl.whole(out) as file:
        scores.pooled(table, settings["resamples"]).to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_summary(snakemake.params.spec, snakemake.output[0])
