"""Puts all evaluations to one arm: the model is loaded once, and only if a question is new."""

import logging
from pathlib import Path

from mirrortest import devices, evaluations, joblog, jsonl, manifest, wording
from mirrortest.asking import Asker
from mirrortest.engine import Engine, Serving, open_engine
from mirrortest.evaluations.examples import examples
from mirrortest.evaluations.task import Task
from mirrortest.exclusive import exclusive
from mirrortest.journal import Journal
from mirrortest.meter import Meter


def evaluate(
    arm: str, spec: str, serving: Serving, journal: str, outputs: list[str], shown: str
) -> Meter:
    """Writes the raw rows of each evaluation to the output that bears its name.

    shown: where the first rows of all of them go, with what was asked. Returns what it took.
    """
    model = manifest.read(arm)
    if not model.can_be_asked:
        logging.warning("the arm is %s: %s", model.outcome, model.hosted and model.hosted.why)
        for out in [*outputs, shown]:
            jsonl.write(out, [])
        return Meter()
    opened: list[Engine] = []

    def engine() -> Engine:
        if not opened:
            opened.append(open_engine(model, serving))
        return opened[0]

    named = {"model": model.model, "chain": model.chain, "seed": model.seed}
    tasks = wording.settings(spec)
    first: list[jsonl.Row] = []
    meter = Meter()
    for out in outputs:
        name = Path(out).stem
        logging.info("evaluation %s", name)
        task = Task(**tasks[name])
        asked = Journal(Path(journal) / f"{name}.jsonl")
        asker = Asker(engine, serving.of(model), asked, meter=meter)
        rows = evaluations.module(task.task).rows(task, asker)
        jsonl.write(out, rows)
        first += [named | {"evaluation": name} | row for row in examples(rows, asker.asked)]
    jsonl.write(shown, first)
    return meter


if __name__ == "__main__":
    with (
        joblog.job(snakemake.log[0]),
        exclusive(snakemake.params.journal),
        devices.claimed(snakemake.resources.gpu),
    ):
        meter = evaluate(
            arm=snakemake.input.arm,
            spec=snakemake.params.spec,
            serving=Serving.parse(snakemake.params.serving, snakemake.resources.gpu).within(
                snakemake.resources.hosted_calls, snakemake.params.terms, snakemake.params.journal
            ),
            journal=snakemake.params.journal,
            outputs=list(snakemake.output.rows),
            shown=snakemake.output.examples,
        )
        meter.write(snakemake.params.took, snakemake.resources.gpu)
