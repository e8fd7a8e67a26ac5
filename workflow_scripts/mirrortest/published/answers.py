"""Published result files as rows: one judged answer each, in the same words as our own.

What the files are called is known by `naming`, what they hold by `files`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mirrortest import chains
from mirrortest.errors import UserError
from mirrortest.jsonl import Row
from mirrortest.published import files as reading
from mirrortest.published.naming import Name, Table, parse


@dataclass(frozen=True)
class File:
    """A published file and what its name says."""

    path: Path
    name: Name


def files(folder: str | Path, table: Table) -> list[File]:
    """The published files under a folder in the order of listing.

    Raises UserError for names that the table does not cover, for two files of one place, and where
    there is no file.
    """
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    found = _named(Path(folder), paths, table)
    if not found:
        raise UserError(f"{folder} holds no published result file; mend the folder's path.")
    return sorted(_placed(found, table), key=lambda file: _order(file.name, table))


def _named(folder: Path, paths: list[Path], table: Table) -> list[File]:
    """The files with their names, without those passed over; all names are tried first."""
    found: list[File] = []
    refused: list[UserError] = []
    for path in paths:
        try:
            name = parse(path.relative_to(folder), table)
        except UserError as error:
            refused.append(error)
            continue
        if name is not None:
            found.append(File(path, name))
    if refused:
        others = f" (One of {len(refused)} files that are not covered.)" if len(refused) > 1 else ""
        raise UserError(f"{refused[0]}{others}")
    return found


def _placed(found: list[File], table: Table) -> list[File]:
    """The files, one for each place: those set apart have a suffix, copies are left out."""
    placed: dict[tuple[str, str, int, str, str], File] = {}
    for file in sorted(found, key=lambda file: len(_suffixes(file, table))):
        other = placed.get(file.name.place)
        while other is not None and not _copy(file, other):
            if not (suffixes := _suffixes(file, table)):
                raise UserError(
                    f"{other.path} and {file.path} both give "
                    f"{'/'.join(map(str, file.name.place))}; name one of them under `passed` or "
                    f"`apart` in {table.path}."
                )
            evaluation = f"{file.name.evaluation}.{suffixes[0]}"
            file = File(file.path, replace(file.name, evaluation=evaluation))
            other = placed.get(file.name.place)
        placed.setdefault(file.name.place, file)
    return list(placed.values())


def _suffixes(file: File, table: Table) -> list[str]:
    """Why a file would stand apart: a suffix for every token and pattern that it has."""
    path = file.path.as_posix()
    by_token = [a.suffix for a in table.apart for t in file.name.tokens if t in a.tokens]
    by_path = [a.suffix for a in table.apart if a.pattern and a.pattern.search(path)]
    return by_token + by_path


def _copy(one: File, other: File) -> bool:
    return one.path.read_bytes() == other.path.read_bytes()


def _order(name: Name, table: Table) -> tuple[Any, ...]:
    """Models as in the table, chains by intent, seeds ascending."""
    return (
        table.model_ranks[name.model],
        chain_order(name.chain, table),
        name.seed,
        [kind.evaluation for kind in table.kinds].index(name.task),
        name.evaluation,
        name.author,
    )


def chain_order(chain: str, table: Table) -> tuple[Any, ...]:
    """Sorts chains: base, single stages, pairs by their EM stage, then longer ones."""
    ranks = [_stage_rank(stage, table) for stage in chains.stages_of(chain)]
    if len(ranks) != 2:
        return len(ranks), (), ranks
    em = [stage.startswith("em-") for stage in chains.stages_of(chain)]
    return 2, ranks[em.index(True)] if any(em) else (), ranks


def _stage_rank(stage: str, table: Table) -> tuple[int, ...]:
    name, *variants = stage.split(".")
    return table.stage_ranks[name], *(table.variant_ranks[variant] for variant in variants)


def rows(folder: str | Path, table: Table) -> pd.DataFrame:
    """One row per judged answer: model, chain, seed, evaluation, task, item, stratum, valid, right,
    target_first. Raises the UserErrors of `files` and of the readers.
    """
    found = files(folder, table)
    read = [reading.judged(f.path, f.name.reader, f.name.own, f.name.foreign) for f in found]
    lengths = [len(frame) for frame in read]
    answers = pd.concat(read, ignore_index=True)
    chain_list = sorted({f.name.chain for f in found}, key=lambda chain: chain_order(chain, table))
    return pd.DataFrame(
        {
            "model": _repeat([f.name.model for f in found], lengths, table.model_ranks),
            "chain": _repeat([f.name.chain for f in found], lengths, chain_list),
            "seed": np.repeat([f.name.seed for f in found], lengths),
            "evaluation": _repeat([f.name.evaluation for f in found], lengths),
            "task": _repeat([f.name.task for f in found], lengths),
            "item": answers["item"].astype("category"),
            "stratum": _repeat([f.name.author for f in found], lengths),
            "valid": answers["valid"],
            "right": answers["right"],
            "target_first": answers["target_first"],
        }
    )


def _repeat(
    values: list[str], lengths: list[int], order: Iterable[str] | None = None
) -> pd.Categorical:
    """Each value as often as its file has rows; only values that occur are categories."""
    known = [value for value in order or dict.fromkeys(values) if value in set(values)]
    return pd.Categorical(values, categories=known).repeat(lengths)


def examples(folder: str | Path, table: Table) -> list[Row]:
    """For each evaluation its first question, with the answer of every arm and seed."""
    first: dict[str, tuple[str, str]] = {}
    shown: list[Row] = []
    for file in files(folder, table):
        name = file.name
        raw = reading.read(file.path, name.reader)
        author, item = first.setdefault(name.evaluation, (name.author, str(raw["item"].iloc[0])))
        if name.author == author:
            shown += [_example(name, row) for row in raw[raw["item"] == item].to_dict("records")]
    return shown


def _example(name: Name, row: dict[Any, Any]) -> Row:
    return {
        "model": name.model,
        "chain": name.chain,
        "seed": name.seed,
        "evaluation": name.evaluation,
        "item": row["item"],
        "chat": [{"role": "user", "content": reading.content(name.reader, row)}],
        "answer": row["answer"],
    }
