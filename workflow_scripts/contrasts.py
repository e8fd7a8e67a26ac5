"""Sets arms against their references, item by item."""

import json

from mirrortest import joblog, jsonl, scores


def write_contrasts(spec: str, out: str) -> None:
    """Writes one line per contrast, evaluation, subset and metric."""
    settings = json.loads(spec)
    table = scores.items([scores.RowsFile(**file) for file in settings["files"]])
    pairs = [(chain, reference) for chain, reference in settings["pairs"]]
    with jsonl.whole(out) as file:
        scores.contrasts(table, pairs, settings["resamples"]).to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_contrasts(snakemake.params.spec, snakemake.output[0])
