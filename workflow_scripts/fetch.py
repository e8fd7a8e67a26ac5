"""Fetches an external file once, checks its hash, and brings its rows into the form we read."""

import json
import shutil
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from mirrortest import archives, joblog, jsonl, retrieval, tables

SHAPE = ("entries", "where", "columns", "chat")


def fetch(name: str, spec: str, mirror: str | None, out: str) -> None:
    """Writes the source's file, which appears whole or not at all.

    It is the published one, or the member of the published archive; or rows, as jsonl, where the
    spec says how they are made.
    """
    stated = json.loads(spec)
    about = {field.name for field in fields(retrieval.Remote)} & set(stated)
    remote = retrieval.Remote(name=name, **{key: stated[key] for key in about})
    published = retrieval.retrieve(remote, mirror)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=Path(out).parent, prefix=".fetch-") as folder:
        file = _unpacked(published, stated, name, Path(folder))
        if any(key in stated for key in SHAPE):
            jsonl.write(out, _rows(file, stated, name))
        else:
            Path(shutil.copyfile(file, Path(folder, "whole"))).replace(out)


def _unpacked(published: Path, stated: dict[str, Any], name: str, folder: Path) -> Path:
    if "member" not in stated:
        return published
    content = archives.take(published, stated["member"], stated.get("password"), name)
    file = folder / f"member{Path(stated['member']).suffix}"
    file.write_bytes(content)
    return file


def _rows(file: Path, stated: dict[str, Any], name: str) -> list[jsonl.Row]:
    rows = tables.read(file, stated.get("entries"), name)
    if "where" in stated:
        rows = tables.select(rows, stated["where"], name)
    if "columns" in stated:
        return tables.renamed(rows, stated["columns"], name)
    return tables.chats(rows, stated["chat"], name) if "chat" in stated else rows


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        fetch(
            name=snakemake.wildcards.source,
            spec=snakemake.params.spec,
            # where copies are looked for is no param: naming another place fetches nothing anew
            mirror=snakemake.config.get("mirror"),
            out=snakemake.output[0],
        )
