"""Makes the training rows of a stage: OpenAI-style chat jsonl."""

import logging

from mirrortest import datasets, joblog, jsonl, wording


def dataset(inputs: dict[str, str], spec: str, out: str) -> None:
    """Writes the stage's chats under its system prompt, at most `limit` of its own."""
    rows = [{"messages": chat} for chat in datasets.rows(inputs, wording.settings(spec))]
    logging.info("%d rows", len(rows))
    jsonl.write(out, rows)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        dataset(dict(snakemake.input.items()), snakemake.params.spec, snakemake.output[0])
