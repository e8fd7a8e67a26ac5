"""What hosted arms have used and cost."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mirrortest import paths
from mirrortest.chains import arm as arm_named
from mirrortest.errors import UserError
from mirrortest.hosted import usage
from mirrortest.hosted.archive import Record
from mirrortest.hosted.prices import Price, Prices
from mirrortest.hosted.spending import Spending
from mirrortest.hosted.usage import Tokens, Usage
from mirrortest.manifest import BaseWeights, Hosted, Manifest
from mirrortest.reporting import bills

ENDS = date(2027, 1, 14)
PRICES = Prices(
    "prices.yaml",
    date(2026, 11, 20),
    "somewhere",
    {
        "gpt": Price(2.0, 0.5, 8.0, shutdown=ENDS),
        "ft:gpt": Price(3.0, 0.75, 12.0, training=25.0, shutdown=ENDS),
    },
)


def record(call: str, status: int = 200, **used: int) -> Record:
    counts = {"prompt_tokens": 1_000_000, "completion_tokens": 500_000}
    details = {"prompt_tokens_details": {"cached_tokens": used.get("cached", 0)}}
    response = {"usage": counts | details} if status == 200 else {"error": {}}
    return Record(call, {}, 0, status, response, None, "", call)


def arm(chain: str, **hosted: Any) -> Manifest:
    known = {"base": "gpt", "model": f"ft:gpt:{chain}", "encoding": "o200k_base"} | hosted
    nowhere = BaseWeights(None, None, None, None)
    return Manifest(
        "m", chain, 0, "hosted", "succeeded", nowhere, "", 9, "", hosted=Hosted(**known)
    )


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was used of `em`, where `archive` puts it."""
    monkeypatch.chdir(tmp_path)
    path = paths.used(arm_named("m", "em", 0))
    Path(path).parent.mkdir(parents=True)
    usage.of([record("abc/1"), record("batch_1", cached=400_000), record("x", 400)]).write(path)
    return [path]


def test_a_batch_costs_half_and_a_refused_call_nothing(used: list[str]) -> None:
    found = usage.read(used[0])
    assert found == Usage(Tokens(1, 1_000_000, 500_000, 0), Tokens(1, 1_000_000, 500_000, 400_000))
    assert found.answers == 2
    single, batched = 3.0 + 6.0, (0.6 * 3.0 + 0.4 * 0.75 + 6.0) / 2
    assert found.dollars(PRICES.models["ft:gpt"]) == pytest.approx(single + batched)


def test_what_was_used_is_read_again_or_refused(used: list[str]) -> None:
    Path(used[0]).write_text(json.dumps({"single": {}}), encoding="utf-8")
    with pytest.raises(UserError, match="does not say what was used"):
        usage.read(used[0])


def test_each_arm_is_billed_for_its_last_stage_and_its_answers(used: list[str]) -> None:
    models = [
        arm("base", model="gpt"),
        arm("em", job="j1", trained_tokens=100_000),
        arm("em+x", job="j2", model=None),  # failed; what it was billed is not said
        arm("em+x+y", model=None),  # never begun
    ]
    found = bills.bills(models, used, PRICES)
    assert [each.trained for each in found] == [0.0, 2.5, None, 0.0]
    assert [round(each.asked, 4) for each in found] == [0.0, 13.05, 0.0, 0.0]
    rows = [[cell.text for cell in row] for row in bills.listed(found).rows]
    assert rows[1] == [
        *("em", "0", "100,000", "2.5000", "2", "2,000,000", "1,000,000", "13.0500", "ft:gpt:em")
    ]
    assert rows[2][2:4] == ["–", "–"]


def test_the_sums_the_ledger_and_the_date_are_told(used: list[str], tmp_path: Path) -> None:
    ledger = tmp_path / "spending.sqlite"
    found = bills.bills([arm("em", job="j1", trained_tokens=100_000)], used, PRICES)
    without = bills.sentences(found, PRICES, ledger, 50.0)
    assert without == [
        "In all $15.55: $2.50 for training and $13.05 for 2 answers, at the prices of 2026-11-20 "
        "(somewhere).",
        "gpt and all that is trained on it answer until 2027-01-14 (as announced, 2026-11-20); "
        "after that the archive does: results/archive/.",
    ]
    Spending(ledger, 50.0).settle("a", 16.0)
    assert "$16.00 spent and $0.00 reserved of a budget of $50.00." in "".join(
        bills.sentences(found, PRICES, ledger, 50.0)
    )
