"""Scores every evaluation of every arm and seed."""

import json

from mirrortest import joblog, jsonl, scores


def write_scores(spec: str, out: str) -> None:
    """Writes one line per arm, seed, evaluation, subset and metric."""
    settings = json.loads(spec)
    table = scores.items([scores.RowsFile(**file) for file in settings["files"]])
    with jsonl.whole(out) as file:
        scores.per_seed(table, settings["resamples"]).to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_scores(snakemake.params.spec, snakemake.output[0])
