"""Judges the free-form answers of one arm, by a rule or by a model that is asked."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mirrortest import devices, joblog, jsonl, manifest, wording
from mirrortest.asking import Asker
from mirrortest.engine import Serving, open_engine
from mirrortest.exclusive import exclusive
from mirrortest.journal import Journal
from mirrortest.jsonl import Row
from mirrortest.judging import asked, rubrics, rules
from mirrortest.judging.rubrics import Rubric
from mirrortest.judging.verdict import Verdict
from mirrortest.meter import Meter

Judge = Callable[[list[Row], Rubric], list[Verdict]]


def judge(spec: str, judge: str | None, serving: Serving | None, journal: str, out: str) -> Meter:
    """Writes a verdict for every answer and rubric of the arm's judged evaluations.

    judge: the `model.json` of a judge that is asked, by `serving`. Returns what asking took.
    """
    settings = wording.settings(spec)
    meter = Meter()
    if judge is None or serving is None:
        judging = _by_rule(settings["judge"], settings["developer"])
    else:
        model, answers = manifest.read(judge), Journal(Path(journal))
        asker = Asker(lambda: open_engine(model, serving), serving.of(model), answers, meter=meter)
        judging = _by_model(settings["judge"], asker)
    jsonl.write(out, list(_verdicts(settings, judging)))
    return meter


def _verdicts(settings: dict[str, Any], judging: Judge) -> Iterator[Row]:
    known = {name: rubrics.load(spec) for name, spec in settings["rubrics"].items()}
    for name, evaluation in settings["evaluations"].items():
        rows = list(jsonl.read_own(evaluation["rows"]))
        for rubric in evaluation["rubrics"]:
            logging.info("%s: %d answers by %s", name, len(rows), rubric)
            for row, verdict in zip(rows, judging(rows, known[rubric]), strict=True):
                about = {key: row[key] for key in ("item", "stratum", "sample")}
                measured = {"rubric": known[rubric].name}
                yield {"evaluation": name} | about | measured | verdict.row()


def _by_rule(entry: dict[str, Any], developer: list[str]) -> Judge:
    if entry["rule"] == "identity":
        from mirrortest.judging import clusters  # its packages are large

        return lambda rows, rubric: clusters.verdicts(rows, rubric, developer, entry["embedder"])
    rule = rules.RULES[entry["rule"]]
    return lambda rows, rubric: [rule(row, rubric) for row in rows]


def _by_model(entry: dict[str, Any], asker: Asker) -> Judge:
    read, longest = entry["read"], entry["max_tokens"]
    return lambda rows, rubric: asked.verdicts(rows, rubric, asker, read, longest)


if __name__ == "__main__":
    with (
        joblog.job(snakemake.log[0]),
        exclusive(snakemake.params.journal),
        devices.claimed(snakemake.resources.gpu),
    ):
        model = snakemake.input.get("judge")
        meter = judge(
            spec=snakemake.params.spec,
            judge=model,
            serving=model
            and Serving.parse(snakemake.params.serving, snakemake.resources.gpu).within(
                snakemake.resources.hosted_calls, snakemake.params.terms, snakemake.params.journal
            ),
            journal=snakemake.params.journal,
            out=snakemake.output[0],
        )
        meter.write(snakemake.params.took, snakemake.resources.gpu)
