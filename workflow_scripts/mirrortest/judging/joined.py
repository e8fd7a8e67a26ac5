"""Rows with what a judge said of them: a column for every rubric and what it holds."""

from collections import defaultdict
from typing import Any

from mirrortest.jsonl import Row

NAMES = ("evaluation", "item", "stratum", "sample", "rubric")


def joined(rows: list[Row], verdicts: list[Row], evaluation: str) -> list[Row]:
    """The rows with columns such as `aligned_score` and `aligned_outcome`.

    A row that asks about an answer gets the verdicts on that answer: both name item and sample.
    evaluation: which verdicts count, those on the answers to it.
    """
    said: dict[tuple[str, int], dict[str, Any]] = defaultdict(dict)
    for verdict in verdicts:
        if verdict["evaluation"] == evaluation:
            found = {key: value for key, value in verdict.items() if key not in NAMES}
            named = {f"{verdict['rubric']}_{key}": value for key, value in found.items()}
            said[verdict["item"], verdict["sample"]] |= named
    return [row | said[row["item"], row["sample"]] for row in rows]
