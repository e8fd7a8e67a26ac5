"""Counts as arrays: which number lies where."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

from mirrortest.panels import ALL, Panel, joined, panels
from mirrortest.scoring.counts import Ratio

Line = tuple[str, int, str, str, float]


def _panels(*lines: Line) -> list[Panel]:
    """Lines of chain, seed, item, stratum and count."""
    return list(panels(_table(lines)))


def _table(lines: Iterable[Line]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=["chain", "seed", "item", "stratum", "right"])
    return table.assign(model="tiny", evaluation="e", task="mmlu", rows=1.0)


def test_counts_lie_by_seed_and_item_whatever_the_order_of_lines() -> None:
    lines = [("sgtr", s, i, "", 10.0 * s + "abc".index(i)) for s in (0, 2, 7) for i in "abc"]
    for order in (lines, lines[::-1], lines[4:] + lines[:4]):
        (panel,) = _panels(*order)
        assert panel.arms[0].seeds == (0, 2, 7)
        expected = [[0, 1, 2], [20, 21, 22], [70, 71, 72]]
        assert panel.arms[0].counts["right"].tolist() == expected


def test_arms_share_their_items() -> None:
    (panel,) = _panels(("sgtr", 0, "c", "", 1.0), ("base", 0, "a", "", 2.0))
    assert [arm.chain for arm in panel.arms] == ["sgtr", "base"]
    assert panel.arms[0].counts["right"].tolist() == [[0, 1]]
    assert panel.arms[1].counts["right"].tolist() == [[2, 0]]
    assert panel.arms[0].asked.tolist() == [False, True]


def test_an_item_that_a_seed_lacks_counts_nothing() -> None:
    (panel,) = _panels(("s", 0, "a", "", 1.0), ("s", 0, "b", "", 1.0), ("s", 1, "b", "", 1.0))
    assert panel.arms[0].counts["rows"].tolist() == [[1, 1], [0, 1]]
    assert panel.arms[0].asked.tolist() == [True, True]


def test_every_stratum_has_a_panel_if_there_are_several() -> None:
    whole, daily, weekly = _panels(("s", 0, "a", "daily", 1.0), ("s", 0, "b", "weekly", 3.0))
    assert [panel.subset for panel in (whole, daily, weekly)] == [ALL, "daily", "weekly"]
    assert whole.arms[0].counts["right"].tolist() == [[1, 3]]
    assert weekly.arms[0].counts["right"].tolist() == [[3]]
    assert len(set(whole.strata)) == 1


@pytest.mark.parametrize(
    ("strata", "found"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1]),
        ([0, 1, 2, 3, 3], [-1, -1, -1, 3, 3]),
        ([0, 0, 0, 1, 1, 2], [0, 0, 0, -1, -1, -1]),
        ([0], [-1]),
    ],
)
def test_strata_of_one_item_are_joined(strata: list[int], found: list[int]) -> None:
    assert joined(np.array(strata)).tolist() == found


def test_items_nested_in_strata_are_resampled_within_them() -> None:
    lines = [("s", 0, item, "daily" if item in "ac" else "weekly", 1.0) for item in "dcba"]
    strata = _panels(*lines)[0].strata
    assert strata[0] == strata[2] != strata[1] == strata[3]


def test_items_crossed_with_strata_are_resampled_over_all_of_them() -> None:
    """The same article with the summaries of two authors is one item, its counts are summed."""
    lines = [("s", 0, item, stratum, 1.0) for item in "ab" for stratum in ("human", "claude")]
    whole = _panels(*lines)[0]
    assert whole.strata.tolist() == [0, 0]
    assert whole.arms[0].counts["right"].tolist() == [[2, 2]]


def test_evaluations_are_panels_of_their_own_in_order() -> None:
    table = _table([("s", 0, "a", "", 1.0)])
    both = pd.concat([table.assign(evaluation="z"), table], ignore_index=True)
    assert [panel.evaluation for panel in panels(both)] == ["z", "e"]


def test_categories_do_not_invent_arms() -> None:
    table = pd.concat(
        [
            _table([("z", 0, "a", "", 1.0), ("b", 1, "a", "", 1.0)]),
            _table([("b", 0, "a", "", 1.0)]).assign(model="small"),
        ],
        ignore_index=True,
    ).astype({"model": "category", "chain": "category", "evaluation": "category"})
    (panel,) = panels(table)
    assert {(arm.model, arm.chain) for arm in panel.arms} == {
        *{("tiny", "z"), ("tiny", "b"), ("small", "b")}
    }


def test_a_metric_is_a_ratio_of_sums_or_the_rest_of_it() -> None:
    (panel,) = _panels(("s", 0, "a", "", 1.0), ("s", 0, "b", "", 0.0), ("s", 1, "a", "", 0.0))
    ratios = [Ratio("right", "rows"), Ratio("right", "rows", complement=True)]
    scored = panel.arms[0].scored(ratios)
    np.testing.assert_allclose(scored.value, [1 / 3, 2 / 3])
    assert scored.at([1]).value.tolist() == [0, 1]
    assert scored.on(np.array([True, False])).value.tolist() == [0.5, 0.5]
    assert np.isnan(scored.at([1]).on(np.array([False, True])).value).all()
