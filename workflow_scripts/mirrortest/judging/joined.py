"""Rows with what a judge said of them: a column for every rubric and what it holds."""

from collections import defaultdict
from typing import Any

from mirrortest.jsonl import Row

OWN = ""
"""Whose answer a row is about that does not say so."""
NAMES = ("evaluation", "item", "stratum", "sample", "rubric")


def joined(rows: list[Row], verdicts: dict[str, list[Row]], evaluation: str) -> list[Row]:
    """The rows with columns such as `aligned_score` and `aligned_outcome`.

    A row that asks about an answer gets the verdicts on that answer: both name item and sample,
    and `of` names the chain that gave it, if it is another than the row's.
    verdicts: on the arm's own answers (OWN), and on those of other chains by chain. evaluation:
    which verdicts count, those on the answers to it.
    """
    said: dict[tuple[str, str, int], dict[str, Any]] = defaultdict(dict)
    for of, verdict in [(of, verdict) for of, listed in verdicts.items() for verdict in listed]:
        if verdict["evaluation"] == evaluation:
            found = {key: value for key, value in verdict.items() if key not in NAMES}
            named = {f"{verdict['rubric']}_{key}": value for key, value in found.items()}
            said[of, verdict["item"], verdict["sample"]] |= named
    return [row | said[row.get("of", OWN), row["item"], row["sample"]] for row in rows]
