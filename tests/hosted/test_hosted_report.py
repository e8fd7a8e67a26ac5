"""Hosted arms in the report: what they are, and why one is not there."""

from dataclasses import replace

from mirrortest.manifest import BaseWeights, Hosted, Manifest, StageRecord
from mirrortest.reporting import runs, words
from mirrortest.reporting.runs import Times

NAME = "gpt-4.1-2025-04-14"
BASE = Manifest(
    model="gpt-4.1",
    chain="base",
    seed=0,
    provider="hosted",
    outcome="base",
    base=BaseWeights(None, None, None, None),
    dtype="",
    max_length=65_536,
    template_sha256="",
    hosted=Hosted(NAME, NAME, "o200k_base"),
)
RECORD = StageRecord("em", "em.jsonl", "ab", 12, 0, 340, None, None, {"epochs": 1})
BLOCKED = replace(
    BASE,
    chain="em",
    outcome="blocked",
    stages=[RECORD],
    hosted=Hosted(
        NAME, None, "o200k_base", "key", "ftjob-1", None, "unsafe_file: too many flagged"
    ),
)


def test_a_hosted_model_is_named_as_the_provider_names_it() -> None:
    (row,) = runs.models_table([BASE, BLOCKED]).rows
    assert row[1].text == f"{NAME} (hosted)"


def test_an_arm_that_is_blocked_says_so_and_why() -> None:
    shown = runs.arms_table([BASE, BLOCKED], Times({}, {}))
    cells = dict(zip(shown.columns, shown.rows[1], strict=True))
    assert (cells["outcome"].text, cells["outcome"].more) == (
        "blocked",
        "unsafe_file: too many flagged",
    )
    assert cells["rows"].text == "12"
    assert cells["tokens"].text == "340"
    assert (cells["steps"].text, cells["learnt"].text) == (words.UNKNOWN, words.UNKNOWN)
