"""Takes one text of a wording from the fetched file in which its authors wrote it."""

import json

from mirrortest import excerpts, joblog, jsonl
from mirrortest.errors import UserError


def wording(spec: str, out: str) -> None:
    """Writes the text as a template of ours. spec: see `Experiment.wording_spec`."""
    settings = json.loads(spec)
    try:
        text = excerpts.excerpt(**settings["excerpt"])
    except UserError as error:
        raise UserError(f"{settings['asked']}: {error}") from None
    with jsonl.whole(out) as file:
        file.write(text)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        wording(snakemake.params.spec, snakemake.output[0])
