"""The further tables of an experiment, each with a sentence on how to read it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mirrortest.persona import POOLED
from mirrortest.reporting import pages, probed, tables, words
from mirrortest.reporting.pages import Table

Shown = tuple[str, Callable[[Any], object]]
"""A column of the page: its head, and what stands in a line of it."""


@dataclass(frozen=True)
class Kind:
    """What a table is called and says; its first `labels` columns name its lines."""

    title: str
    meaning: str
    labels: int
    columns: list[Shown]
    kept: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table


@dataclass(frozen=True)
class Analysis:
    """A table of the page."""

    name: str
    title: str
    meaning: str
    table: Table


def analyses(files: list[str]) -> list[Analysis]:
    """Those tables that have lines to show."""
    found = [_analysis(Path(path).stem, tables.read(path)) for path in files]
    return [analysis for analysis in found if analysis.table.rows]


def _analysis(name: str, found: pd.DataFrame) -> Analysis:
    kind = KINDS[name]
    rows = [[cell(line) for _, cell in kind.columns] for line in tables.lines(kind.kept(found))]
    table = pages.table([head for head, _ in kind.columns], rows, kind.labels)
    return Analysis(name, kind.title, kind.meaning, pages.lean(table))


def _text(*names: str) -> list[Shown]:
    return [(name, lambda line, name=name: getattr(line, name)) for name in names]  # type: ignore[misc]


def _count(head: str, name: str) -> Shown:
    return head, lambda line: f"{getattr(line, name):,}"


def _number(head: str, name: str, signed: bool = False) -> Shown:
    return head, lambda line: words.number(getattr(line, name), signed)


def _p(head: str, name: str) -> Shown:
    return head, lambda line: pages.p_cell(getattr(line, name))


def _ends(line: Any) -> str:
    if pd.isna(line.low):
        return words.UNKNOWN
    return f"[{words.number(line.low)}, {words.number(line.high)}] over {line.resampled}"


def _layer(line: Any) -> str:
    return words.UNKNOWN if pd.isna(line.layer) else f"{line.layer:.0f}"


def _turned(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["leading"]]


def _pooled(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["seed"].astype(str) == POOLED]


def _of_all_arms(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["chain"] == ""]


KINDS = {
    "agreement": Kind(
        "Agreement of judges",
        "Two judges on the same answers of all arms: kappa is of the decision that the rubric "
        "serves, 0 is chance and 1 full agreement; there is none where a judge says the same of "
        "every answer.",
        4,
        [
            *_text("evaluation", "rubric", "judge", "other"),
            _count("answers", "n"),
            _number("same outcome", "outcome_agreement"),
            _count("scored by both", "both_scored"),
            _number("same decision", "agreement"),
            _number("kappa", "kappa"),
            _number("weighted kappa", "weighted_kappa"),
            _number("Spearman", "spearman"),
            _number("other minus judge", "mean_difference", signed=True),
        ],
        _of_all_arms,
    ),
    "swaps": Kind(
        "Contrasts by another judge",
        "A finding that turns with the judge is one of the judge, not of the arms.",
        6,
        [
            *_text("family", "model", "chain", "reference", "evaluation", "judge"),
            _number("difference", "value", signed=True),
            _number("by the other judge", "other_value", signed=True),
            *_text("finding"),
            ("the other judge's", lambda line: line.other_finding),
            ("turns", lambda line: "yes" if line.turned else "no"),
        ],
        _turned,
    ),
    "persona": Kind(
        "Personas",
        "Coherent: harmful, and says so; inverted: harmful, and denies it; aligned: neither; "
        "mixed: anything else. A persona that holds by few other cut-offs is owed to ours of one "
        "half; a description that is taken on one side only is owed to the side.",
        3,
        [
            *_text("model", "chain", "evaluation"),
            _number("harmful at worst", "harm"),
            _number("takes the misaligned description", "misaligned_pick"),
            _number("where it stands first", "pick_first"),
            _number("second", "pick_second"),
            _number("says it is misaligned", "says_misaligned"),
            _number("claims its high-harm outputs", "claims_high"),
            *_text("persona"),
            _number("holds", "holds"),
        ],
        _pooled,
    ),
    "correlations": Kind(
        "Correlations over arms",
        "Arms that share a model or a stage are not independent: an interval over arms is too "
        "narrow, one over models is not, and few of either have none.",
        2,
        [
            *_text("measure", "other"),
            _count("arms", "arms"),
            _count("models", "models"),
            _number("Spearman", "spearman", signed=True),
            ("95 % interval", _ends),
            _number("Kendall", "kendall", signed=True),
        ],
    ),
    "prediction": Kind(
        "Predicted harm",
        "Predictions that know nothing over-rate the harmless and under-rate the harmful too: that "
        "is the null, and only what is found beyond it is a bias.",
        6,
        [
            *_text("model", "chain", "evaluation"),
            ("variant", lambda line: line.subset),
            *_text("measure", "bucket"),
            _count("answers", "n"),
            _number("value", "value", signed=True),
            _number("null", "null", signed=True),
            _p("p", "p"),
            _p("p (Holm)", "p_holm"),
            *_text("finding"),
        ],
    ),
    "stages": Kind(
        "What every stage changed",
        "Signed-rank tests over items, with the arms as they are; what a stage does whatever the "
        "seed is for the contrasts to say.",
        4,
        [
            *_text("model", "chain", "reference", "evaluation"),
            _count("items", "n"),
            _count("changed", "changed"),
            _number("mean change", "value", signed=True),
            _number("rank-biserial", "rank_biserial", signed=True),
            _p("p", "p"),
            _p("p (Holm)", "p_holm"),
        ],
    ),
    "probes": Kind(
        "Probes",
        "Each arm where its probe, trained and measured on different prompts, tells yes from no "
        "best: the best of many places, and so flattered. What folds that share prompts make of "
        "it, what labels dealt out by chance give there, and what the answers' length or the order "
        "of the options tells alone, stand beside it.",
        4,
        [
            *_text("model", "chain", "label", "position"),
            ("layer", _layer),
            _number("AUC", "grouped"),
            _number("with shared prompts", "stratified"),
            _number("labels shuffled", "shuffled_labels"),
            _number("length alone", "answer_length"),
            _number("order alone", "order"),
            ("answers", lambda line: f"{line.n:,.0f}"),
            ("of them yes", lambda line: f"{line.positives:,.0f}"),
            *_text("outcome"),
        ],
        probed.best,
    ),
    "transfer": Kind(
        "Probes on other arms",
        "An arm's probe on what the others answered to prompts that it was not trained on, where "
        "it does best on average; 0.5 is chance.",
        4,
        [
            *_text("model", "chain", "label", "position"),
            ("layer", _layer),
            _number("mean AUC", "mean"),
            _number("least", "min"),
            _number("most", "max"),
            ("of arms", lambda line: f"{line.count:.0f}"),
            *_text("outcome"),
        ],
        probed.furthest,
    ),
    "directions": Kind(
        "Harm and self-assessment as directions",
        "The cosine between the directions of an arm's two probes, where it is farthest from 0. "
        "Of cosines by chance 95 % are nearer to 0 than the last two numbers: of directions at "
        "random, and of probes of shuffled labels.",
        3,
        [
            *_text("model", "chain", "position"),
            ("layer", _layer),
            _number("cosine", "cosine", signed=True),
            _number("random directions", "random_95"),
            _number("shuffled labels", "shuffled_95"),
            *_text("outcome"),
        ],
        probed.nearest,
    ),
}
"""By the name of the file."""
