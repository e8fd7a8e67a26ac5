"""Puts those evaluations to one arm that ask about answers: its own, or those of other arms."""

from evaluate import evaluate

from mirrortest import devices, joblog
from mirrortest.engine import Serving
from mirrortest.exclusive import exclusive

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
