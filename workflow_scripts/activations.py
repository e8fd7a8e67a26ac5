"""Keeps an arm's residual stream, for each answer of the evaluations that are probed."""

import logging
from pathlib import Path
from typing import Any

from mirrortest import devices, evaluations, joblog, jsonl, manifest, wording
from mirrortest.asking import Asker
from mirrortest.engine import Serving, open_engine
from mirrortest.engines.local import LocalEngine
from mirrortest.evaluations.task import Task
from mirrortest.exclusive import exclusive
from mirrortest.journal import Journal
from mirrortest.manifest import Manifest
from mirrortest.probes import activations, passages, store


def write_activations(
    *, arm: str, rows: dict[str, str], spec: str, serving: Serving, journal: str, outputs: list[str]
) -> None:
    """Writes the vectors, and an index with a line for each of them.

    rows: the raw rows of each evaluation. journal: where the arm's answers are kept, so that what
    was asked is learnt without asking it anew. outputs: npz, jsonl.
    """
    model, settings = manifest.read(arm), wording.settings(spec)
    engine, found, index = LocalEngine(model), {}, []
    for name, task in settings["tasks"].items():
        logging.info("evaluation %s", name)
        asker = _asker(model, serving, Path(journal, f"{name}.jsonl"))
        again = evaluations.module(task["task"]).rows(Task(**task), asker)
        answered = passages.paired(name, jsonl.read(rows[name]), again, asker.asked)
        read = [passages.tokenized(engine.tokens, chat, answer) for chat, answer, _ in answered]
        layers = activations.layers_of(engine.model, settings["layers"])
        found[name] = activations.residuals(engine.model, read, layers)
        index += [_line(name, row, one) for (_, _, row), one in zip(answered, read, strict=True)]
    store.write(outputs[0], found)
    jsonl.write(outputs[1], index)


def _asker(model: Manifest, serving: Serving, journal: Path) -> Asker:
    return Asker(lambda: open_engine(model, serving), serving.of(model), Journal(journal))


def _line(name: str, row: jsonl.Row, passage: activations.Passage) -> dict[str, Any]:
    return {"evaluation": name, **passages.key(row), "tokens": sum(passage.learnt)}


if __name__ == "__main__":
    with (
        joblog.job(snakemake.log[0]),
        exclusive(snakemake.params.journal),
        devices.claimed(snakemake.resources.gpu),
    ):
        write_activations(
            arm=snakemake.input.arm,
            rows={Path(path).stem: path for path in snakemake.input.rows},
            spec=snakemake.params.spec,
            serving=Serving.parse(snakemake.params.serving, snakemake.resources.gpu),
            journal=snakemake.params.journal,
            outputs=list(snakemake.output),
        )
