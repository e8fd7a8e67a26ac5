"""The sentences of the report, by family and model."""

import math
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from mirrortest.reporting import words
from mirrortest.reporting.absent import Unmeasured
from mirrortest.reporting.marks import Marks

PLACE = ["family", "model", "chain", "reference", "evaluation"]


@dataclass(frozen=True)
class Statement:
    """A contrast in words; made_of is empty where there is nothing to take apart.

    pair: what is contrasted, where there are several evaluations of it, else empty. evaluation:
    empty where none was measured.
    """

    pair: str
    evaluation: str
    finding: str
    text: str
    made_of: str


@dataclass(frozen=True)
class Group:
    """Statements about one model."""

    model: str
    tally: str
    statements: list[Statement]


@dataclass(frozen=True)
class Family:
    """The statements about one question."""

    name: str
    tally: str
    groups: list[Group]


def statements(
    contrasts: pd.DataFrame,
    summary: pd.DataFrame,
    decomposition: pd.DataFrame,
    marks: Marks,
    families: list[str],
    missing: list[Unmeasured],
) -> list[Family]:
    """One statement per leading contrast, and one per contrast that was not measured.

    Families come in this order, those without any contrast left out.
    """
    lead = contrasts[contrasts["leading"]]
    levels = _levels(summary)
    parts = dict(list(decomposition.groupby(PLACE, sort=False)))
    found = []
    for name in families:
        lines, lacks = lead[lead["family"] == name], [m for m in missing if m.family == name]
        groups = []
        for model in dict.fromkeys([*lines["model"], *(each.model for each in lacks)]):
            of_model = lines[lines["model"] == model]
            none = [each for each in lacks if each.model == model]
            said = _statements(of_model, levels, parts, marks) + list(map(_unmeasured, none))
            groups.append(Group(str(model), _tally(of_model, none), said))
        found += [Family(name, _tally(lines, lacks), groups)] if groups else []
    return found


def _tally(lines: pd.DataFrame, missing: list[Unmeasured]) -> str:
    told = [f"{words.count(len(missing), 'declared pair')} not measured"] if missing else []
    if len(lines):
        told.insert(0, words.tally(lines["finding"], float(lines["margin"].iloc[0])))
    return "; ".join(told)


def _unmeasured(missing: Unmeasured) -> Statement:
    pair = f"{missing.chain} − {missing.reference}"
    return Statement(pair, "", "not measured", f"{missing.why}".rstrip(".") + ".", "")


def _levels(summary: pd.DataFrame) -> dict[tuple[str, ...], float]:
    """The values over all strata, by model, chain, evaluation and metric."""
    whole = summary[summary["subset"] == "all"]
    names = zip(whole["model"], whole["chain"], whole["evaluation"], whole["metric"], strict=True)
    return dict(zip(names, whole["value"], strict=True))


def _statements(
    lines: pd.DataFrame, levels: dict[tuple[str, ...], float], parts: dict[Any, Any], marks: Marks
) -> list[Statement]:
    """Contrast after contrast, each with its evaluations together."""
    found = []
    for (chain, reference), contrast in lines.groupby(["chain", "reference"], sort=False):
        pair = f"{chain} − {reference}" if len(contrast) > 1 else ""
        for line in contrast.to_dict("records"):
            said = words.finding(_contrast(line, levels, marks))
            made = parts.get(tuple(line[key] for key in PLACE))
            told = "" if made is None else _made_of(made)
            found.append(Statement(pair, line["evaluation"], line["finding"], said, told))
    return found


def _contrast(
    line: dict[Any, Any], levels: dict[tuple[str, ...], float], marks: Marks
) -> words.Contrast:
    known = {field.name for field in fields(words.Contrast)}
    arms = [
        levels.get((line["model"], line[arm], line["evaluation"], line["metric"]), math.nan)
        for arm in ("chain", "reference")
    ]
    flags = marks.contrast(line["model"], line["chain"], line["reference"], line["evaluation"])
    named = {key: value for key, value in line.items() if key in known}
    return words.Contrast(**named, level=arms[0], reference_level=arms[1], flags=flags)


def _made_of(lines: pd.DataFrame) -> str:
    parts = dict(zip(lines["part"], lines["value"], strict=True))
    total = parts.pop("total")
    return words.made_of(parts, total, lines["metric"].iloc[0])
