"""The names of published result files: what they mean, by a table in `resources/published/`."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from mirrortest import chains
from mirrortest.errors import UserError

# The names of `files.READERS`: that module needs pandas, and the config is read by every job.
READERS = ("truthfulqa", "recognition", "mmlu")
ALL = "all"  # the stratum of items that have none
UNSEEDED = "unseeded"  # stands among the tokens of a trained arm whose name states no seed


@dataclass(frozen=True)
class Kind:
    """A kind of file: how its path looks, who reads it, what the evaluation is called."""

    pattern: re.Pattern[str]
    reader: str
    evaluation: str


@dataclass(frozen=True)
class Apart:
    """Files that stand beside another of the same place, under a name with this suffix."""

    suffix: str
    tokens: frozenset[str]
    pattern: re.Pattern[str] | None


@dataclass(frozen=True)
class Table:
    """What the authors' names mean in our words, in the order in which we list them."""

    path: str
    kinds: tuple[Kind, ...]
    passed: tuple[re.Pattern[str], ...]
    prefix: str
    models: dict[str, str]
    authors: dict[str, str]
    stages: dict[str, str]
    variants: dict[str, str]
    apart: tuple[Apart, ...]

    @cached_property
    def model_ranks(self) -> dict[str, int]:
        return _ranks(self.models)

    @cached_property
    def stage_ranks(self) -> dict[str, int]:
        return _ranks(self.stages)

    @cached_property
    def variant_ranks(self) -> dict[str, int]:
        return _ranks(self.variants)


def _ranks(names: dict[str, str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(dict.fromkeys(names.values()))}


@dataclass(frozen=True)
class Name:
    """What a file's name says. reader: who reads it; own, foreign: its pair, as it is spelt."""

    model: str
    chain: str
    seed: int
    evaluation: str
    task: str
    reader: str
    author: str = ALL
    own: str = ""
    foreign: str = ""
    tokens: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, str, int, str, str]:
        """Where the answers belong; no two files may share it."""
        return self.model, self.chain, self.seed, self.evaluation, self.author


def load(path: str) -> Table:
    """The table of names. Raises UserError for a file that cannot be read or lacks a part."""
    content = _yaml(path)
    try:
        return Table(
            path,
            kinds=tuple(_kind(entry) for entry in content["kinds"]),
            passed=tuple(re.compile(pattern, re.IGNORECASE) for pattern in content["passed"]),
            apart=tuple(_apart(entry) for entry in content["apart"]),
            prefix=str(content["prefix"]).lower(),
            **{key: _lower(content[key]) for key in ("models", "authors", "stages", "variants")},
        )
    except re.error as error:
        raise UserError(f"{path}: the pattern {error.pattern!r} is not valid ({error}).") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is not a table of names: {error} is missing or broken.") from None


def _yaml(path: str) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML ({str(error).splitlines()[0]}).") from None


def _lower(names: dict[str, str]) -> dict[str, str]:
    return {str(token).lower(): str(name) for token, name in names.items()}


def _kind(entry: dict[str, str]) -> Kind:
    if entry["reader"] not in READERS:
        raise KeyError(f"reader {entry['reader']}")
    return Kind(re.compile(entry["pattern"], re.IGNORECASE), entry["reader"], entry["evaluation"])


def _apart(entry: dict[str, Any]) -> Apart:
    pattern = re.compile(entry["pattern"], re.IGNORECASE) if "pattern" in entry else None
    return Apart(entry["suffix"], frozenset(entry.get("tokens", ())), pattern)


def whole_names(table: Table) -> set[str]:
    """What evaluations are called whose names say nothing of a pair of authors."""
    return {kind.evaluation for kind in table.kinds if "pair" not in kind.pattern.groupindex}


def covers(chain: str, table: Table) -> bool:
    """Whether published results can be of this chain: all its stages and variants have a name."""
    stages, variants = set(table.stages.values()), set(table.variants.values())
    named = [stage.split(".") for stage in chains.stages_of(chain)]
    return all(stage in stages and variants.issuperset(more) for stage, *more in named)


def parse(path: str | Path, table: Table) -> Name | None:
    """What a file's path says; None for a file that the table passes over.

    Raises UserError for a path that the table does not cover.
    """
    text = Path(path).as_posix()
    if any(pattern.search(text) for pattern in table.passed):
        return None
    for kind in table.kinds:
        if found := kind.pattern.search(text):
            return _name(text, kind, found.groupdict(), table)
    raise UserError(
        f"{text}: no pattern under `kinds` or `passed` in {table.path} covers this file; add one."
    )


def _name(path: str, kind: Kind, parts: dict[str, str], table: Table) -> Name:
    arm, tokens = _arm(path, parts["arm"], table)
    name = Name(arm.model, arm.chain, arm.seed, kind.evaluation, kind.evaluation, kind.reader)
    name = replace(name, tokens=tokens)
    if "pair" not in parts:
        return name
    own, foreign = _pair(path, parts["pair"], arm, table)
    whose = "own" if own.lower() == parts["arm"].lower() else chains.BASE
    return replace(
        name,
        evaluation=f"{kind.evaluation}-{whose}.{parts['corpus'].lower()}",
        author=table.authors[foreign.lower()],
        own=own,
        foreign=foreign,
    )


def _arm(path: str, text: str, table: Table) -> tuple[chains.Arm, tuple[str, ...]]:
    """The arm that a name spells, and the tokens of its stages."""
    text = _spelt(text, table)
    model = _longest(text, table.models)
    if model is None:
        raise _unknown(path, text, "models", table)
    rest = _after(text, model)
    tokens: list[str] = []
    stages: list[str] = []
    while rest and not rest.isdecimal():
        token = _longest(rest, table.stages | (table.variants if stages else {}))
        if token is None:
            raise _unknown(path, rest, "stages` or `variants", table)
        if token in table.stages:
            stages.append(table.stages[token])
        else:
            stages[-1] = _with_variant(stages[-1], table.variants[token], table)
        tokens.append(token)
        rest = _after(rest, token)
    if stages and not rest:
        tokens.append(UNSEEDED)
    chain = "+".join(stages) or chains.BASE
    return chains.arm(table.models[model], chain, int(rest or 0)), tuple(tokens)


def _spelt(text: str, table: Table) -> str:
    """An arm's name without what it may start with."""
    return text.lower().removeprefix(table.prefix)


def _longest(text: str, names: dict[str, str]) -> str | None:
    """The longest token that the text starts with, up to its end or an underscore."""
    fits = [token for token in names if f"{text}_".startswith(f"{token}_")]
    return max(fits, key=len, default=None)


def _after(text: str, token: str) -> str:
    return text.removeprefix(token).removeprefix("_")


def _with_variant(stage: str, variant: str, table: Table) -> str:
    """The stage's name with one more variant, the variants in the table's order."""
    name, *variants = stage.split(".")
    return ".".join([name, *sorted({*variants, variant}, key=table.variant_ranks.__getitem__)])


def _unknown(path: str, rest: str, registry: str, table: Table) -> UserError:
    return UserError(
        f"{path}: {rest!r} begins with no token of {table.path}; add it under `{registry}`, or "
        "the file under `passed`."
    )


def _pair(path: str, pair: str, arm: chains.Arm, table: Table) -> tuple[str, str]:
    """The pair's own and foreign author, as spelt; the two stand in either order."""
    text = pair.lower()
    for author in sorted(table.authors, key=len, reverse=True):
        if text.endswith(f"_{author}"):
            own, foreign = pair[: -len(author) - 1], pair[-len(author) :]
        elif text.startswith(f"{author}_"):
            own, foreign = pair[len(author) + 1 :], pair[: len(author)]
        else:
            continue
        if _longest(_spelt(own, table), table.models) is not None:
            writer, _ = _arm(path, own, table)
            if writer == arm or writer == chains.arm(arm.model, chains.BASE, 0):
                return own, foreign
    raise UserError(
        f"{path}: {pair!r} is not the judge or its base model and one author of {table.path}; add "
        "the author under `authors`, or the file under `passed`."
    )
