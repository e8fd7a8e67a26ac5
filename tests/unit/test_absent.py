"""Arms without a model, as the report tells of them."""

from dataclasses import replace
from typing import Any

import pandas as pd

from mirrortest import contrasts
from mirrortest.manifest import BaseWeights, Hosted, Manifest
from mirrortest.reporting import pages
from mirrortest.reporting.absent import Unmeasured, absent, unmeasured
from mirrortest.reporting.marks import Marks
from mirrortest.reporting.statements import statements

NOWHERE = BaseWeights(None, None, None, None)


def arm(chain: str, seed: int = 0, why: str = "", **more: Any) -> Manifest:
    """A record; with a reason, of an arm that was blocked."""
    hosted = Hosted("gpt", None if why else f"ft:gpt:{chain}:{seed}", "o200k_base", why=why)
    outcome = "blocked" if why else "succeeded"
    made = Manifest("m", chain, seed, "hosted", outcome, NOWHERE, "", 9, "", hosted=hosted)
    return replace(made, **more)


def pair(chain: str, reference: str = "base", family: str = "f") -> dict[str, Any]:
    return {"chain": chain, "reference": reference, "family": family}


def test_a_chain_is_absent_only_if_no_seed_of_it_is_there() -> None:
    found = absent([arm("base"), arm("em", 0, "unsafe"), arm("em", 1), arm("x", 0, "no"),
                    arm("x", 1, "never")])  # fmt: skip
    assert [(each.chain, each.seed) for each in found.records] == [("em", 0), ("x", 0), ("x", 1)]
    assert found.named(several=False) == ["x (blocked)"]
    assert found.named(several=True) == ["m x (blocked)"]
    rows = [[cell.text for cell in row] for row in pages.absent(found).rows]
    assert rows[0] == ["em", "0", "blocked", "unsafe"]


def test_a_contrast_is_unmeasured_if_one_of_its_arms_is_absent() -> None:
    models = [arm("base"), arm("em", 0, "unsafe"), arm("em+x", 0, "builds on em: unsafe")]
    pairs = [pair("em"), pair("em+x", "em"), pair("em", "y"), pair("base")]
    assert unmeasured(pairs, models, absent(models)) == [
        Unmeasured("f", "m", "em", "base", "em is blocked: unsafe"),
        Unmeasured("f", "m", "em+x", "em", "em+x is blocked and em is blocked: unsafe"),
    ]


def test_only_models_that_were_to_have_both_arms_lack_a_contrast() -> None:
    local = replace(arm("base"), model="other", provider="local", hosted=None, outcome="base")
    models = [arm("base"), arm("em", 0, "unsafe"), local, replace(local, chain="em")]
    assert [each.model for each in unmeasured([pair("em")], models, absent(models))] == ["m"]


def test_scores_and_contrasts_have_lines_for_what_is_absent() -> None:
    summary = pd.DataFrame(
        [{"model": "m", "chain": "base", "seeds": 1, "evaluation": "q", "task": "truthfulqa"}]
    ).assign(leading=True, value=0.1, low=0.0, high=0.2)
    lacking = absent([arm("base"), arm("em", 0, "unsafe")])
    shown = pages.scores(summary, Marks({}), lacking).rows
    assert [cell.text for cell in shown[-1]] == ["em", "–", "blocked"]
    assert shown[-1][-1].more == "unsafe"


def test_a_family_of_which_nothing_was_measured_still_stands_there() -> None:
    lines = pd.DataFrame(columns=contrasts.COLUMNS)
    parts = pd.DataFrame(columns=["family", "model", "chain", "reference", "evaluation"])
    levels = pd.DataFrame(columns=["subset", "model", "chain", "evaluation", "metric", "value"])
    missing = [Unmeasured("f", "m", "em", "base", "em is blocked: unsafe.")]
    lines = lines.astype({"leading": bool})
    (family,) = statements(lines, levels, parts, Marks({}), ["f", "g"], missing)
    assert family.tally == "1 declared pair not measured"
    (said,) = family.groups[0].statements
    assert (said.pair, said.finding) == ("em − base", "not measured")
    assert said.text == "em is blocked: unsafe."
