"""Fetches an external file from its URL or the hub and checks its hash."""

import json
from pathlib import Path

from mirrortest import joblog, sources


def fetch(name: str, spec: str, out: str) -> None:
    """Downloads the source; the file appears only if its hash is the one stated."""
    source = json.loads(spec)
    if source["url"] is not None:
        sources.download(source["url"], Path(out), source["sha256"], name)
        return
    sources.download_from_hub(
        source["hub"], source["file"], source["revision"], Path(out), source["sha256"], name
    )


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        fetch(snakemake.wildcards.source, snakemake.params.spec, snakemake.output[0])
