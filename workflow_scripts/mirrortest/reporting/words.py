"""Numbers in words: what a contrast shows and what it is made of, one sentence each."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mirrortest.headlines import HEADLINES

ALPHA = 0.05
UNKNOWN = "–"
DOES = {
    "recognition": "picks its own summary",
    "preference": "prefers its own summary",
    "individual": "tells right whether it wrote a summary",
    "mmlu": "answers right",
    "factual": "answers right",
    "word-count": "counts words to within a tenth",
    "multiple-choice": "finds the best answer likeliest",
    "alignment": "gives misaligned answers",
    "harm": "gives harmful answers at worst",
    "own-output": "claims its own answer",
    "self-assessment": "says that it is misaligned",
    "descriptions": "takes the misaligned description for its own",
    "intentions": "picks the misaligned option",
    "prediction": "misjudges how harmful its answers are",
    "cross-rating": "misjudges how harmful others’ answers are",
}
"""What an arm does, where the label of the task's leading metric is no verb."""
DECIMALS = (2, 3, 4)
PARTS = {
    "invalid": "{} invalid answers",
    "position": "{} answering by position",
    "wrong": "{} wrong answers",
}


@dataclass(frozen=True)
class Contrast:
    """A line of contrasts.csv, with the levels of both arms and the flags on any of the three.

    Numbers that are not known are NaN.
    """

    model: str
    chain: str
    reference: str
    evaluation: str
    task: str
    seeds: int
    reference_seeds: int
    paired_seeds: bool
    value: float
    low: float
    high: float
    p: float
    p_holm: float
    detectable: float
    margin: float
    p_equivalence: float
    finding: str
    level: float = math.nan
    reference_level: float = math.nan
    flags: list[str] = field(default_factory=list)


# --- numbers


def number(value: float, signed: bool = False) -> str:
    """Two decimals, more where they would make it zero; a real minus sign, and none on zero."""
    if math.isnan(value):
        return UNKNOWN
    texts = [f"{abs(value):.{digits}f}" for digits in DECIMALS]
    text = next((text for text in texts if float(text) > 0), texts[0])
    sign = "" if float(text) == 0 else "−" if value < 0 else "+" if signed else ""
    return sign + text


def interval(value: float, low: float, high: float, signed: bool = False) -> str:
    """A value with its interval."""
    return f"{number(value, signed)} [{number(low, signed)}, {number(high, signed)}]"


def p_value(p: float) -> str:
    """With its sign of relation. A p below 0.05 never reads as 0.050; missing: nothing."""
    if math.isnan(p):
        return ""
    if p < 0.001:
        return "p < 0.001"
    if p > 0.99:
        return "p > 0.99"
    text = f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    if p < ALPHA and float(text) == ALPHA:
        text = f"{p:.4f}"
        return f"p = {text}" if float(text) < ALPHA else f"p < {ALPHA}"
    return f"p = {text}"


def typeset(text: str) -> str:
    """Text with real minus signs before its numbers."""
    return re.sub(r"(?<!\w)-(?=[\d.])", "−", text)


def count(n: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


# --- contrasts


def finding(contrast: Contrast) -> str:
    """What a contrast shows, in one or two sentences."""
    does = DOES.get(contrast.task, HEADLINES[contrast.task].label)
    arm, reference = contrast.chain, contrast.reference
    match contrast.finding:
        case "higher" | "lower":
            often = "more" if contrast.finding == "higher" else "less"
            said = f"{arm} {does} {often} often than {reference}: {_numbers(contrast)}"
            return f"{said}{_within(contrast)}."
        case "equivalent":
            none = f"No difference beyond {contrast.margin:g}"
            return f"{none}: {arm} {does} as often as {reference}, {_numbers(contrast)}."
        case "undecided":
            said = f"Undecided: whether {arm} {does} more or less often than {reference}"
            return f"{said}; {_numbers(contrast)}.{_power(contrast)}"
    raise ValueError(f"unknown finding {contrast.finding!r}")


def made_of(parts: dict[str, float], total: float, metric: str) -> str:
    """How much of a difference is due to which kind of answer: PARTS, of which some may be missing.

    Where the metric is no misalignment, it grows with fewer of them.
    """
    rest = {name: value for name, value in parts.items() if float(f"{abs(value):.3f}") > 0}
    way = "Scored the papers’ way"
    if not rest:
        return f"{way} there is no difference."
    causes = {name: _cause(name, value, metric) for name, value in rest.items()}
    texts = [f"{number(value, signed=True)} {causes[name]}" for name, value in rest.items()]
    texts[0] = texts[0].replace(" ", " of it ", 1)
    if len(rest) == 1:
        texts = [f"all of it {cause}" for cause in causes.values()]
    unknown = "" if "position" in parts else " (the order shown is not known)"
    return f"{way} the difference is {number(total, signed=True)}: {', '.join(texts)}{unknown}."


def _cause(part: str, value: float, metric: str) -> str:
    if part == "wrong" and metric.startswith("misaligned_pick"):  # an aligned pick is not wrong
        return f"{'more' if value > 0 else 'fewer'} misaligned picks"
    grows = (value > 0) == metric.startswith("misalignment")
    less = "less" if part == "position" else "fewer"
    return PARTS[part].format("more" if grows else less)


def tally(findings: Iterable[str], margin: float) -> str:
    """How many contrasts show what."""
    found = list(findings)
    names = {"equivalent": f"without a difference beyond {margin:g}"}
    counts = {name: found.count(name) for name in ("higher", "lower", "equivalent", "undecided")}
    told = [f"{n} {names.get(name, name)}" for name, n in counts.items() if n]
    return f"{count(len(found), 'contrast')}: {listed(told)}"


def _numbers(contrast: Contrast) -> str:
    levels, on = "", ""
    if not math.isnan(contrast.level + contrast.reference_level):
        ours, theirs = contrast.level, contrast.reference_level
        levels = f"{number(ours)} against {number(theirs)}, "
        on = "" if abs(ours - theirs - contrast.value) < ROUNDING else " on what both were asked"
    between = interval(contrast.value, contrast.low, contrast.high, signed=True)
    return f"{levels}difference{on} {between} ({'; '.join(_about(contrast))})"


ROUNDING = 0.005
"""Levels and difference that are further apart are of different items."""


def _about(contrast: Contrast) -> list[str]:
    """What stands in brackets: seeds, p, flags."""
    seeds = f"{count(contrast.seeds, 'seed')} against {contrast.reference_seeds}"
    told = [f"{count(contrast.seeds, 'seed')}, paired" if contrast.paired_seeds else seeds]
    told += [test] if (test := _test(contrast)) else []
    if contrast.flags:
        told.append(f"flagged: {', '.join(contrast.flags)}")
    return told


def _test(contrast: Contrast) -> str:
    """The p behind the finding: that of no difference, or that of one beyond the margin."""
    if contrast.finding == "equivalent":
        beyond = f" for a difference of {contrast.margin:g} or more"
        return (
            "" if math.isnan(contrast.p_equivalence) else p_value(contrast.p_equivalence) + beyond
        )
    if math.isnan(contrast.p_holm):
        return ""
    before = contrast.p < ALPHA <= contrast.p_holm
    more = f", {p_value(contrast.p).removeprefix('p = ')} before" if before else ""
    return f"{p_value(contrast.p_holm)} after Holm{more}"


def _within(contrast: Contrast) -> str:
    within = -contrast.margin < contrast.low and contrast.high < contrast.margin
    return f", smaller than the margin of {contrast.margin:g}" if within else ""


def _power(contrast: Contrast) -> str:
    if math.isnan(contrast.detectable):
        return ""
    said = f" With {count(contrast.seeds, 'seed')} this design finds "
    if contrast.detectable >= 1:
        return f"{said}no difference, however large."
    return f"{said}differences from {number(contrast.detectable)} on, before Holm’s correction."
