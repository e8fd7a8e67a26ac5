"""Says of every arm whether what it says of itself fits what it does."""

import json

from mirrortest import correlations, joblog, jsonl, persona
from mirrortest.reporting import tables


def write_personas(*, summary: str, scores: str, spec: str, personas: str, correlated: str) -> None:
    """Writes the personas of arms and seeds, and how measures go together over arms."""
    measured = persona.measures(tables.read(summary), tables.read(scores))
    found = correlations.correlations(measured, json.loads(spec)["resamples"])
    for table, out in ((persona.personas(measured), personas), (found, correlated)):
        with jsonl.whole(out) as file:
            table.to_csv(file, index=False)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        write_personas(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            spec=snakemake.params.spec,
            personas=snakemake.output.personas,
            correlated=snakemake.output.correlations,
        )
