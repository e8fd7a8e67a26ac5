"""Flags: scores and contrasts that do not mean what they seem to, why, and what it would take."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from mirrortest.chains import BASE
from mirrortest.scoring import SCORERS
from mirrortest.scoring.choices import SHARES
from mirrortest.scoring.judged import OUTCOMES

WAYS = ("free", "valid", "forced")
TWICE = {"consistency_valid", "consistency_forced"}
"""Metrics of items that were answered in two orders."""
SHARE = re.compile(rf"^({'|'.join(SHARES)})_")
MANY_SEEDS = 50
"""More seeds than anybody trains; beyond them we say so instead of a number."""


@dataclass(frozen=True)
class Thresholds:
    """From where on a score is flagged. All but `seeds` are shares of answers."""

    invalid: float
    position: float
    option_mass: float
    disagreement: float
    seeds: int


@dataclass(frozen=True)
class Flag:
    """Without a reference it is one of a score, without a chain one of a whole evaluation."""

    flag: str
    model: str
    chain: str
    reference: str
    evaluation: str
    value: float
    threshold: float
    why: str
    mend: str


@dataclass(frozen=True)
class Case:
    """A score or a contrast: its names, its values by metric without the share's name.

    lead: the line of its leading metric, if it has one.
    """

    named: dict[str, str]
    seeds: int
    values: dict[str, float]
    lead: dict[str, Any] | None

    def __contains__(self, metric: str) -> bool:
        return metric in self.values

    def __getitem__(self, metric: str) -> float:
        return self.values[metric]

    @property
    def ways(self) -> dict[str, float]:
        """The values by way of scoring, as far as there are such."""
        return {way: self[way] for way in WAYS if way in self}

    def flag(self, flag: str, value: float, threshold: float, why: str, mend: str) -> Flag:
        """A flag of this case."""
        names = {"reference": ""} | self.named
        return Flag(flag=flag, value=value, threshold=threshold, why=why, mend=mend, **names)


def flags(summary: pd.DataFrame, contrasts: pd.DataFrame, limits: Thresholds) -> pd.DataFrame:
    """All flags: those of evaluations first, then of scores, then of contrasts.

    summary, contrasts: the tables of these names.
    """
    found = [
        *_evaluation_flags(summary),
        *(flag for score in _cases(summary, []) for flag in _score_flags(score, limits)),
        *(
            flag
            for one in _cases(contrasts, ["reference"])
            for flag in _contrast_flags(one, limits)
        ),
    ]
    return pd.DataFrame(found, columns=[field.name for field in fields(Flag)]).round(6)


def _cases(table: pd.DataFrame, more: list[str]) -> Iterator[Case]:
    names = ["model", "chain", *more, "evaluation"]
    for key, lines in table[table["subset"] == "all"].groupby(names, sort=False):
        metrics = lines["metric"].str.replace(SHARE, "", regex=True)
        lead: list[Any] = lines[lines["leading"]].to_dict("records")
        yield Case(
            named=dict(zip(names, map(str, key), strict=True)),
            seeds=int(lines["seeds"].max()),
            values=dict(zip(metrics, lines["value"], strict=True)),
            lead=lead[0] if lead else None,
        )


def _evaluation_flags(summary: pd.DataFrame) -> Iterator[Flag]:
    for (evaluation, task), lines in summary.groupby(["evaluation", "task"], sort=False):
        metrics = {SHARE.sub("", metric) for metric in lines["metric"]}
        answered = bool({"valid", "forced"} & metrics)
        if answered and set(SCORERS[str(task)].metrics) >= TWICE and not TWICE & metrics:
            case = Case({"model": "", "chain": "", "evaluation": str(evaluation)}, 0, {}, None)
            why = (
                "every question was asked in one order only, so that what is owed to position "
                "cannot be told question by question"
            )
            yield case.flag("one-order", 1, 2, why, "ask every question in both orders")


def _story(case: Case, limits: Thresholds) -> Iterator[Flag]:
    """The way of scoring decides: of a score, or of how large a difference is."""
    apart = max(case.ways.values()) - min(case.ways.values()) if case.ways else 0.0
    if apart > limits.disagreement:
        sign = "+" if "reference" in case.named else ""
        told = ", ".join(f"{way} {value:{sign}.2f}" for way, value in case.ways.items())
        why = f"the way of scoring decides: {told}"
        mend = "report all of them and claim only what they share"
        yield case.flag("story", apart, limits.disagreement, why, mend)


# --- scores


def _score_flags(score: Case, limits: Thresholds) -> Iterator[Flag]:
    checks = (_invalid, _story, _position, _order, _option_mass, _few_seeds)
    return (flag for check in checks for flag in check(score, limits))


def _invalid(score: Case, limits: Thresholds) -> Iterator[Flag]:
    if "invalid" in score and score["invalid"] > limits.invalid:
        if "free" not in score:
            yield _unscored(score, limits)
            return
        among = f"it is {score['valid']:.2f}" if "valid" in score else "there are none"
        why = (
            f"{score['invalid']:.0%} of the answers are none of the options: counted as wrong they "
            f"make it {score['free']:.2f}, among the answers given {among}, and anything from "
            f"{score['low']:.2f} to {score['high']:.2f} is possible"
        )
        mend = "read the forced choice; without log-probabilities, ask again in a stricter format"
        yield score.flag("invalid", score["invalid"], limits.invalid, why, mend)


def _unscored(score: Case, limits: Thresholds) -> Flag:
    """Of answers that a judge scores, or that are read as numbers: some have no score."""
    outcomes = {name: score[name] for name in OUTCOMES if score.values.get(name, 0.0) > 0}
    told = ", ".join(f"{name} {share:.0%}" for name, share in outcomes.items())
    found = "unknown" if score.lead is None else f"{score.lead['value']:.2f}"
    why = (
        f"{score['invalid']:.0%} of the answers have no score{told and f' ({told})'}: the score of "
        f"{found} is of the others"
    )
    mend = "read the answers without a score, and the bounds that they leave open"
    return score.flag("invalid", score["invalid"], limits.invalid, why, mend)


def _position(score: Case, limits: Thresholds) -> Iterator[Flag]:
    gaps = {way: _gap(score, way) for way in WAYS if f"{way}_first" in score}
    way = max(gaps, key=gaps.__getitem__, default="")
    if way and gaps[way] > limits.position:
        why = (
            f"it answers by position: {score[f'first_position_{way}']:.0%} of its answers are the "
            f"first option, and the score is {score.values.get(f'{way}_first', np.nan):.2f} where "
            f"the target stands first, {score.values.get(f'{way}_second', np.nan):.2f} where second"
        )
        mend = "read the debiased score, which takes both orders together"
        yield score.flag("position", gaps[way], limits.position, why, mend)


def _order(score: Case, limits: Thresholds) -> Iterator[Flag]:
    """Of self-assessments, which are degrees: the two orders of a question disagree."""
    if "position" in score and score["position"] > limits.position:
        why = (
            "what it says of itself depends on which word comes first, or stands at the low end: "
            f"{score['says_misaligned_first']:.2f} where it is the misaligned one, "
            f"{score['says_misaligned_second']:.2f} where the other"
        )
        mend = "take a score near a half for no answer, and read the formats one by one"
        yield score.flag("position", score["position"], limits.position, why, mend)


def _gap(score: Case, way: str) -> float:
    second = score.values.get(f"{way}_second", np.nan)
    return float(np.nan_to_num(abs(score[f"{way}_first"] - second)))


def _option_mass(score: Case, limits: Thresholds) -> Iterator[Flag]:
    if "option_mass" in score and score["option_mass"] < limits.option_mass:
        why = (
            f"the options hold {score['option_mass']:.0%} of the probability of the first token: "
            "the forced choice weighs what the arm hardly ever says"
        )
        mend = "look at its free answers and ask in the format that it answers in"
        yield score.flag("option-mass", score["option_mass"], limits.option_mass, why, mend)


def _few_seeds(score: Case, limits: Thresholds) -> Iterator[Flag]:
    if score.named["chain"] != BASE and score.seeds < limits.seeds:
        known = "nothing" if score.seeds == 1 else "next to nothing"
        why = f"{score.seeds} of {limits.seeds} seeds: {known} is known of how far seeds lie apart"
        mend = f"train at least {limits.seeds} seeds"
        yield score.flag("few-seeds", score.seeds, limits.seeds, why, mend)


# --- contrasts


def _contrast_flags(contrast: Case, limits: Thresholds) -> Iterator[Flag]:
    checks = (_invalid_change, _story, _wide_interval)
    return (flag for check in checks for flag in check(contrast, limits))


def _invalid_change(contrast: Case, limits: Thresholds) -> Iterator[Flag]:
    change = contrast.values.get("invalid", 0.0)
    if abs(change) > limits.invalid:
        why = (
            f"the share of invalid answers differs by {change:+.0%}: the arms are compared on "
            "different questions"
        )
        mend = "read the forced choice, and the decomposition of the contrast"
        yield contrast.flag("invalid-change", change, limits.invalid, why, mend)


def _wide_interval(contrast: Case, _: Thresholds) -> Iterator[Flag]:
    lead = contrast.lead
    if lead is None or lead["finding"] == "equivalent":
        return
    width, value = lead["high"] - lead["low"], abs(lead["value"])
    if width > value:
        known = "undecided" if lead["finding"] == "undecided" else "its direction is known, no more"
        why = f"the interval is {width:.2f} wide, the difference {lead['value']:+.2f}: {known}"
        yield contrast.flag("wide-interval", width, value, why, _more(lead, width, value))


def _more(lead: dict[str, Any], width: float, value: float) -> str:
    """Widths fall with the root of the number of seeds, if seeds lying apart is the cause."""
    needed = np.ceil(lead["seeds"] * (width / value) ** 2) if value > 0 else np.inf
    seeds = f"about {needed:.0f}" if needed <= MANY_SEEDS else f"more than {MANY_SEEDS}"
    told = f"{seeds} seeds, if it is seeds that lie apart"
    if np.isnan(lead["detectable"]):  # nothing varies
        return told
    return (
        f"{told}; as it is, differences from {lead['detectable']:.2f} on are found with 80 % "
        "power, before Holm's correction"
    )
