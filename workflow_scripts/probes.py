"""Trains and measures linear probes on the activations of all local arms."""

import json
import logging

import pandas as pd
from threadpoolctl import threadpool_limits

from mirrortest import joblog, jsonl
from mirrortest.probes import controls, directions, transfer
from mirrortest.probes.cases import Subject
from mirrortest.probes.tables import Lines, tables

KEYS = ("model", "chain", "seed")


def write_probes(spec: str, outputs: list[str]) -> None:
    """Writes probes.csv, transfer.csv and directions.csv. spec: see `Experiment.probes_spec`."""
    settings = json.loads(spec)
    subjects = [Subject(**arm) for arm in settings["arms"]]
    with threadpool_limits(1):  # the matrices are small: more threads would wait for each other
        found = tables(subjects, settings["folds"], settings["permutations"])
    hosted = [arm | {"outcome": "hosted: no activations"} for arm in settings["hosted"]]
    for arm in settings["hosted"]:
        logging.info("left out, since it is hosted: %s/%s/%s", *(arm[key] for key in KEYS))
    _write([*found.probes, *hosted], controls.COLUMNS, outputs[0])
    _write(found.transfer, transfer.COLUMNS, outputs[1])
    _write(found.directions, directions.COLUMNS, outputs[2])


def _write(lines: Lines, columns: list[str], out: str) -> None:
    table = pd.DataFrame(lines, columns=columns)
    whole = [name for name in ("layer", "measured", "n", "positives", "prompts") if name in table]
    with jsonl.whole(out) as file:
        table.astype(dict.fromkeys(whole, "Int64")).to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_probes(snakemake.params.spec, list(snakemake.output))
