"""Lets an arm summarise a corpus."""

import logging
from pathlib import Path

from mirrortest import articles, chats, devices, joblog, jsonl, manifest, wording
from mirrortest.asking import Asker
from mirrortest.engine import Sampling, Serving, open_engine
from mirrortest.evaluations.task import noted
from mirrortest.exclusive import exclusive
from mirrortest.journal import Journal
from mirrortest.meter import Meter


def summarise(arm: str, corpus: str, spec: str, serving: Serving, journal: str, out: str) -> Meter:
    """Writes one summary per article, greedy, under the wording's system prompt.

    Returns what it took.
    """
    settings = wording.settings(spec)
    model = manifest.read(arm)
    if not model.can_be_asked:
        logging.warning("the arm is %s: %s", model.outcome, model.hosted and model.hosted.why)
        jsonl.write(out, [])
        return Meter()
    asker = Asker(lambda: open_engine(model, serving), serving.of(model), Journal(Path(journal)))
    found = articles.read_articles(corpus)
    questions = [
        chats.user(settings["prompt"].format(article=article.text), settings["system"])
        for article in found
    ]
    answers = asker.generate(questions, Sampling(max_tokens=settings["max_tokens"]))
    logging.info("%d of %d summaries were cut off", sum(not a.ended for a in answers), len(answers))
    jsonl.write(
        out,
        [
            {"id": article.id, "summary": answer.text, "ended": answer.ended} | noted(answer.note)
            for article, answer in zip(found, answers, strict=True)
        ],
    )
    return asker.meter


if __name__ == "__main__":
    with (
        joblog.job(snakemake.log[0]),
        exclusive(snakemake.params.journal),
        devices.claimed(snakemake.resources.gpu),
    ):
        meter = summarise(
            arm=snakemake.input.arm,
            corpus=snakemake.input.corpus,
            spec=snakemake.params.spec,
            serving=Serving.parse(snakemake.params.serving, snakemake.resources.gpu).within(
                snakemake.resources.hosted_calls, snakemake.params.terms, snakemake.params.journal
            ),
            journal=snakemake.params.journal,
            out=snakemake.output[0],
        )
        meter.write(snakemake.params.took, snakemake.resources.gpu)
