"""Turns published result files into rows like ours, and shows one question of each evaluation."""

import json

from mirrortest import joblog, jsonl, parquet
from mirrortest.published import answers, naming


def write_published(folder: str, names: str, rows: str, examples: str) -> None:
    """Reads a folder by the table of names; writes the rows as parquet, the examples as jsonl."""
    table = naming.load(names)
    parquet.write(answers.rows(folder, table), rows)
    jsonl.write(examples, answers.examples(folder, table))


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_published(
            folder=json.loads(snakemake.params.spec)["folder"],
            names=snakemake.input.names,
            rows=snakemake.output.rows,
            examples=snakemake.output.examples,
        )
