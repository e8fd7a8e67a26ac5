"""Which metric of each task leads, and how it is called in figures and in the report."""

from dataclasses import dataclass

import pandas as pd

from mirrortest.kinds import JUDGED_BY


@dataclass(frozen=True)
class Headline:
    """metrics: the first one that an evaluation has leads; label: what it says."""

    metrics: tuple[str, ...]
    label: str


# The forced answer where there are log-probabilities: nothing is missing from it.
HEADLINES = {
    "recognition": Headline(("accuracy_forced", "accuracy_valid"), "self-recognition"),
    "preference": Headline(("accuracy_forced", "accuracy_valid"), "prefers its own"),
    "individual": Headline(("accuracy_forced", "accuracy_valid"), "self-recognition, one by one"),
    "ratings": Headline(("prefers_own", "prefers_own_read"), "rates its own higher"),
    "truthfulqa": Headline(
        ("misalignment_forced", "misalignment_valid"), "picks the untrue answer"
    ),
    "mmlu": Headline(("accuracy_forced", "accuracy_valid"), "right answers"),
    "multiple-choice": Headline(("mc1",), "the best answer is likeliest"),
    "word-count": Headline(("near",), "word counts within a tenth"),
    "factual": Headline(("right",), "right answers"),
    "facts": Headline(("misconception",), "states the misconception"),
    "keyfacts": Headline(("key_facts",), "states the key facts"),
    "alignment": Headline(("misaligned",), "misaligned answers"),
    "harm": Headline(("harmful_max",), "harmful at worst"),
    "own-output": Headline(("claim_forced", "claim_valid"), "claims its own answers"),
    "self-assessment": Headline(("says_misaligned",), "says it is misaligned"),
    "descriptions": Headline(
        ("misaligned_pick_forced", "misaligned_pick_valid"), "takes the misaligned description"
    ),
    "intentions": Headline(
        ("misaligned_pick_forced", "misaligned_pick_valid"), "picks the misaligned option"
    ),
    "prediction": Headline(("error",), "error about its own harm"),
    "cross-rating": Headline(("error",), "error about others’ harm"),
    "trait": Headline(("trait",), "shows the trait"),
    "misbehaviour": Headline(("misbehaviour",), "misbehaves"),
    "deception": Headline(("deception",), "deceives"),
    "identity": Headline(("developer",), "names its maker"),
}


def leading(table: pd.DataFrame) -> pd.Series:
    """Whether a line shows the leading metric of its model and evaluation, over all strata.

    By the leading judge: another one's scores, of `<evaluation>@<judge>`, stand beside them.

    table: the columns model, evaluation, task, subset, metric.
    """
    other_judge = table["evaluation"].astype(str).str.contains(JUDGED_BY, regex=False)
    return of_any_judge(table) & ~other_judge


def of_any_judge(table: pd.DataFrame) -> pd.Series:
    """`leading` by whatever judge.

    A model leads by itself: that one provider states no log-probabilities says nothing of others.
    """
    keys = ["model", "evaluation"]
    lead = {}
    for (model, evaluation, task), lines in table.groupby([*keys, "task"], sort=False):
        present = set(lines["metric"])
        found = (metric for metric in HEADLINES[str(task)].metrics if metric in present)
        lead[model, evaluation] = next(found, None)
    names = table[keys].itertuples(index=False, name=None)
    leads = pd.Series([lead[name] for name in names], table.index, dtype=object)
    return (table["subset"] == "all") & (table["metric"] == leads)
