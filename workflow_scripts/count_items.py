"""Counts, once for all tables, what every item of every arm contributes."""

import json

from mirrortest import items, joblog, parquet


def count_items(spec: str, published: str | None, out: str) -> None:
    """Writes one line of counts per item of an arm, as parquet."""
    files = [items.RowsFile(**file) for file in json.loads(spec)["files"]]
    parquet.write(items.items(files, published), out)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        count_items(snakemake.params.spec, snakemake.input.get("published"), snakemake.output[0])
