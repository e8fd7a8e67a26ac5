"""Contrasts: arms set against their references, paired, corrected and with their power."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_effectsize

from mirrortest import bootstrap, proportions
from mirrortest.chains import stages_of
from mirrortest.headlines import leading, of_any_judge
from mirrortest.kinds import JUDGED_BY
from mirrortest.multiplicity import holm
from mirrortest.panels import ArmCounts, Array, Panel, Scored, joined, panels
from mirrortest.scores import available, rounded
from mirrortest.scoring.counts import Ratio

ALPHA = 1 - bootstrap.LEVEL
COLUMNS = [
    *("family", "model", "chain", "reference", "evaluation", "task", "subset", "metric"),
    *("leading", "seeds", "reference_seeds", "paired_seeds", "value", "low", "high", "n"),
    *("p", "p_holm", "cohen_h", "detectable", "margin", "p_equivalence", "finding"),
]


@dataclass(frozen=True)
class Pair:
    """A declared contrast: chain minus reference; Holm's correction is over its family."""

    chain: str
    reference: str
    family: str


@dataclass(frozen=True)
class Matched:
    """Two arms on the items of both; where `paired`, their seeds belong together in order."""

    pair: Pair
    arm: ArmCounts
    reference: ArmCounts
    ours: Scored
    theirs: Scored
    strata: bootstrap.Strata
    paired: bool


def contrasts(
    table: pd.DataFrame,
    pairs: list[Pair],
    resamples: int,
    margin: float,
    shared: Collection[str] = (),
) -> pd.DataFrame:
    """One line per contrast, evaluation, subset and metric.

    margin: differences smaller than this count as none. shared: stages that are one for all seeds.
    """
    parts = [
        _lines(panel, matched, resamples, margin)
        for panel in panels(table)
        for matched in matches(panel, pairs, list(available(panel).values()), shared)
    ]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    found = pd.concat(parts, ignore_index=True)
    found = found[found["n"] > 0].reset_index(drop=True)
    found = found.assign(leading=leading(found))
    found = found.assign(p_holm=_holm_of_other_judges(found).combine_first(_holm(found)))
    return rounded(found.assign(finding=_findings(found)))[COLUMNS]


def matches(
    panel: Panel, pairs: list[Pair], ratios: list[Ratio], shared: Collection[str]
) -> Iterator[Matched]:
    """The contrasts of which the panel has both arms, and items that both were asked."""
    arms = {(arm.model, arm.chain): arm for arm in panel.arms}
    for pair in pairs:
        for model in dict.fromkeys(arm.model for arm in panel.arms):
            arm, other = arms.get((model, pair.chain)), arms.get((model, pair.reference))
            if arm is not None and other is not None and (arm.asked & other.asked).any():
                yield _matched(pair, arm, other, ratios, panel.strata, shared)


def _matched(
    pair: Pair,
    arm: ArmCounts,
    other: ArmCounts,
    ratios: list[Ratio],
    strata: bootstrap.Strata,
    of_all_seeds: Collection[str],
) -> Matched:
    both = arm.asked & other.asked
    ours, theirs = arm.scored(ratios).on(both), other.scored(ratios).on(both)
    shared = shared_seeds(arm, other, of_all_seeds)
    if shared:
        ours = ours.at([arm.seeds.index(seed) for seed in shared])
        theirs = theirs.at([other.seeds.index(seed) for seed in shared])
    return Matched(pair, arm, other, ours, theirs, joined(strata[both]), bool(shared))


def shared_seeds(arm: ArmCounts, other: ArmCounts, of_all_seeds: Collection[str] = ()) -> list[int]:
    """The seeds on which two arms are paired; none if they are not.

    Arms with the same seeds share draws of data and initial weights. Where one lacks some, those of
    both are paired only if the chains share an adapter per seed: their first stages, up to the
    first one that is not the same for all seeds (`of_all_seeds`).
    """
    common = sorted(set(arm.seeds) & set(other.seeds))
    one, two = (_first(each.chain, of_all_seeds) for each in (arm, other))
    if len(common) < 2 or not one or not two:
        return []
    return common if arm.seeds == other.seeds or one == two else []


def _first(chain: str, of_all_seeds: Collection[str]) -> tuple[str, ...]:
    """The stages up to the first that each seed has for itself; none if there is none."""
    stages = stages_of(chain)
    own = (n for n, name in enumerate(stages, start=1) if name not in of_all_seeds)
    return stages[: next(own, 0)]


def _lines(panel: Panel, matched: Matched, resamples: int, margin: float) -> pd.DataFrame:
    pair, ours, theirs = matched.pair, matched.ours, matched.theirs
    found = bootstrap.difference(ours, theirs, matched.strata, resamples, matched.paired)
    low, high = proportions.newcombe(
        found.value,
        (ours.value, *proportions.wilson(ours, matched.strata)),
        (theirs.value, *proportions.wilson(theirs, matched.strata)),
    )
    varied = found.se > 0
    smaller = np.minimum(ours.denominator.sum(axis=(1, 2)), theirs.denominator.sum(axis=(1, 2)))
    return pd.DataFrame(
        {
            **{"family": pair.family, "model": matched.arm.model, "chain": pair.chain},
            **{"reference": pair.reference, "evaluation": panel.evaluation, "task": panel.task},
            **{"subset": panel.subset, "metric": list(available(panel))},
            **{"seeds": ours.seeds, "reference_seeds": theirs.seeds},
            **{"paired_seeds": matched.paired, "value": found.value},
            "low": np.clip(np.where(varied, found.low, low), -1.0, 1.0),
            "high": np.clip(np.where(varied, found.high, high), -1.0, 1.0),
            "n": smaller.round().astype(int),
            "p": np.where(varied, found.p(), proportions.p_constant(ours, theirs)),
            "cohen_h": proportion_effectsize(_share(ours), _share(theirs)),
            "detectable": np.where(varied, found.detectable, np.nan),
            "margin": margin,
            "p_equivalence": found.p_equivalence(margin),
        }
    )


def _share(arm: Scored) -> Array:
    return np.clip(arm.value, 0.0, 1.0)


def _holm(table: pd.DataFrame) -> pd.Series:
    """Within a family: over its leading metrics together, over every other metric by itself."""
    other = table["metric"] + "/" + table["subset"]
    group = other.where(~table["leading"], "leading")
    corrected = pd.Series(np.nan, index=table.index)
    for _, p in table["p"].dropna().groupby([table["family"], group]):
        corrected[p.index] = holm(p.to_numpy())
    return corrected


def _holm_of_other_judges(table: pd.DataFrame) -> pd.Series:
    """Of other judges' scores: as if each had led wherever it judged, so that findings compare."""
    names = table["evaluation"].astype(str).str.partition(JUDGED_BY)
    theirs = of_any_judge(table) & ~table["leading"]
    corrected = pd.Series(np.nan, index=table.index)
    for (family, _), lines in table[theirs].groupby([table["family"], names[2]]):
        judged = names[0].isin(names.loc[lines.index, 0])
        rest = table[table["leading"] & (table["family"] == family) & ~judged]
        p = pd.concat([lines["p"], rest["p"]]).dropna()
        whole = pd.Series(holm(p.to_numpy()), p.index)
        corrected[lines.index] = whole.reindex(lines.index)
    return corrected


def _findings(table: pd.DataFrame) -> pd.Series:
    """What a contrast shows: `higher`, `lower`, `equivalent` (within the margin) or `undecided`."""
    found = pd.Series("undecided", index=table.index)
    constant = table["p_equivalence"].isna() & (table["low"] > -table["margin"])
    constant &= table["high"] < table["margin"]
    found[(table["p_equivalence"] < ALPHA) | constant] = "equivalent"
    found[(table["p_holm"] < ALPHA) & (table["value"] > 0)] = "higher"
    found[(table["p_holm"] < ALPHA) & (table["value"] < 0)] = "lower"
    return found
