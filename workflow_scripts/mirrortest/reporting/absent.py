"""Arms of which a provider made no model, why not, and the contrasts that they leave unmeasured."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mirrortest.manifest import Manifest
from mirrortest.reporting import words


@dataclass(frozen=True)
class Unmeasured:
    """A declared contrast, and why there is no number."""

    family: str
    model: str
    chain: str
    reference: str
    why: str


@dataclass(frozen=True)
class Absent:
    """The records of arms and seeds without a model, in the order of the experiment.

    chains: those that no seed has a model of, by model and chain, each with its first record.
    """

    records: list[Manifest]
    chains: dict[tuple[str, str], Manifest]

    def named(self, several: bool) -> list[str]:
        """`chain (outcome)` of every chain without a model; several: whether to name the model."""
        return [
            f"{model} {chain} ({found.outcome})" if several else f"{chain} ({found.outcome})"
            for (model, chain), found in self.chains.items()
        ]


def absent(models: Iterable[Manifest]) -> Absent:
    """What is absent among the records of an experiment's arms."""
    found = list(models)
    there = {(each.model, each.chain) for each in found if each.can_be_asked}
    records = [each for each in found if not each.can_be_asked]
    first: dict[tuple[str, str], Manifest] = {}
    for each in records:
        if (each.model, each.chain) not in there:
            first.setdefault((each.model, each.chain), each)
    return Absent(records, first)


def why(found: Manifest) -> str:
    """The provider's words, or ours."""
    return "" if found.hosted is None else found.hosted.why


def unmeasured(
    pairs: Iterable[dict[str, Any]], models: Iterable[Manifest], lacking: Absent
) -> list[Unmeasured]:
    """The declared contrasts of which a model has both arms, but one of them only in name.

    pairs: chain, reference and family, see `mirrortest.contrasts.Pair`.
    """
    arms = list(dict.fromkeys((each.model, each.chain) for each in models))
    return [
        Unmeasured(model=model, **pair, why=_because(lacks))
        for pair in pairs
        for model in dict.fromkeys(model for model, _ in arms)
        if {(model, pair["chain"]), (model, pair["reference"])} <= set(arms)
        if (lacks := _lacking(lacking, model, (pair["chain"], pair["reference"])))
    ]


def _lacking(lacking: Absent, model: str, chains: tuple[str, str]) -> list[Manifest]:
    return [lacking.chains[model, chain] for chain in chains if (model, chain) in lacking.chains]


def _because(lacks: list[Manifest]) -> str:
    """The words are those about the last one: where one builds on the other, they are the same."""
    said = words.listed(f"{each.chain} is {each.outcome}" for each in lacks)
    return f"{said}: {why(lacks[-1])}"
