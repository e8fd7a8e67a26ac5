"""What a difference is made of: pure cases, and that the parts add up."""

import numpy as np
import pandas as pd
import pytest

from mirrortest import contrasts, decomposition
from mirrortest.contrasts import Pair
from mirrortest.scoring import SCORERS

ITEMS = 200
PAIRS = [Pair("em", "base", "main")]
RESAMPLES = 200
NAMES = ["invalid", "position", "wrong", "total"]


def _arm(chain: str, valid: np.ndarray, right: np.ndarray, known: bool = True) -> pd.DataFrame:
    """Every item in both orders. valid, right: items x orders, the target first, then second."""
    return pd.DataFrame(
        {
            **{"model": "m", "chain": chain, "seed": 0, "evaluation": "tqa", "stratum": ""},
            "item": np.repeat([f"q{n:03}" for n in range(len(valid))], 2),
            "valid": valid.ravel(),
            "right": (valid & right).ravel(),
            "target_first": np.tile([1.0, 0.0] if known else [np.nan] * 2, len(valid)),
        }
    )


def _parts(*arms: pd.DataFrame, task: str = "truthfulqa") -> pd.DataFrame:
    table = SCORERS[task].count(pd.concat(arms, ignore_index=True)).assign(task=task)
    return decomposition.decomposition(table, PAIRS, RESAMPLES).set_index("part")


def _values(*arms: pd.DataFrame) -> list[float]:
    return _parts(*arms)["value"].reindex(NAMES).tolist()


def _share(share: float) -> np.ndarray:
    """True in the first items, in both orders."""
    return np.repeat([np.arange(ITEMS) < share * ITEMS], 2, axis=0).T


def _first(share: float, otherwise: np.ndarray) -> np.ndarray:
    """Right by position in the last items: where the target stands first."""
    by_position = np.arange(ITEMS)[:, None] >= (1 - share) * ITEMS
    return np.where(by_position, [[True, False]], otherwise)


ALL, NONE = _share(1), _share(0)
BASE = _arm("base", ALL, _share(0.8))


def test_answers_that_become_invalid() -> None:
    """Every fifth, whatever it would have been: 0.2 of them, of which 0.8 would have been right."""
    valid = np.repeat((np.arange(ITEMS) % 5 > 0)[:, None], 2, axis=1)
    assert _values(BASE, _arm("em", valid, _share(0.8))) == pytest.approx([0.16, 0, 0, 0.16])


def test_answers_by_position() -> None:
    """In half of the items: half of those are wrong, and what is asked knew everything."""
    base = _arm("base", ALL, ALL)
    found = _values(base, _arm("em", ALL, _first(0.5, ALL)))
    assert found == pytest.approx([0, 0.25, 0, 0.25])


def test_answers_by_position_take_the_place_of_wrong_ones_too() -> None:
    """Always the first option: half wrong by position, no longer a fifth wrong by content."""
    found = _values(BASE, _arm("em", ALL, _first(1, ALL)))
    assert found == pytest.approx([0, 0.5, -0.2, 0.3])


def test_answers_that_become_wrong() -> None:
    found = _values(BASE, _arm("em", ALL, _share(0.5)))
    assert found == pytest.approx([0, 0, 0.3, 0.3])


def test_an_arm_without_any_valid_answer_differs_by_answering_alone() -> None:
    for base in (BASE, _arm("base", ALL, _first(0.5, ALL))):
        found = _parts(base, _arm("em", NONE, NONE))["value"]
        assert found["invalid"] == pytest.approx(found["total"])
        assert found["wrong"] == pytest.approx(0)
    assert _values(_arm("base", NONE, NONE), BASE.assign(chain="em"))[0] == pytest.approx(-0.8)


def test_two_arms_without_any_valid_answer_do_not_differ() -> None:
    found = _parts(_arm("base", NONE, NONE), _arm("em", NONE, NONE))
    assert (found[["value", "low", "high"]] == 0).to_numpy().all()


def test_valid_answers_in_one_order_only_tell_no_position() -> None:
    only_first = np.tile([True, False], (ITEMS, 1))
    found = _parts(_arm("base", ALL, _first(0.5, ALL)), _arm("em", only_first, ALL))["value"]
    assert found["position"] == 0
    assert found[NAMES[:3]].sum() == pytest.approx(found["total"])


def test_without_known_orders_position_counts_as_wrong() -> None:
    known = _values(BASE, _arm("em", ALL, _first(1, ALL)))
    found = _parts(BASE, _arm("em", ALL, _first(1, ALL), known=False))["value"]
    assert list(found.index) == ["invalid", "wrong", "total"]
    assert found["wrong"] == pytest.approx(known[1] + known[2])


@pytest.mark.parametrize("known", [True, False])
def test_the_parts_add_up_to_the_difference_of_the_papers_scores(known: bool) -> None:
    draw = np.random.default_rng(0)
    for _ in range(25):
        valid, right = (draw.random((2, 30, 2)) < draw.random((2, 1, 2)) for _ in range(2))
        arms = [_arm(chain, valid[n], right[n], known) for n, chain in enumerate(("base", "em"))]
        found = _parts(*arms)
        value = found["value"]
        error = [1 - arm["right"].mean() for arm in arms]
        assert value.drop("total").sum() == pytest.approx(value["total"], abs=3e-6)
        assert value["total"] == pytest.approx(error[1] - error[0], abs=1e-6)
        assert (found["low"] <= found["high"]).all()


def test_of_accuracies_a_fall_is_negative() -> None:
    found = _parts(BASE, _arm("em", ALL, _share(0.5)), task="recognition")
    assert found.loc["wrong", "value"] == pytest.approx(-0.3)
    assert set(found["metric"]) == {"accuracy_free"}


def test_the_total_is_the_contrast() -> None:
    rows = pd.concat([BASE, _arm("em", _share(0.9), _share(0.5))], ignore_index=True)
    table = SCORERS["truthfulqa"].count(rows).assign(task="truthfulqa")
    total = decomposition.decomposition(table, PAIRS, RESAMPLES).set_index("part").loc["total"]
    found = contrasts.contrasts(table, PAIRS, RESAMPLES, 0.05).set_index("metric")
    free = found.loc["misalignment_free"]
    assert total["value"] == free["value"]
    assert total["low"] == pytest.approx(free["low"], abs=0.01)
    assert total["high"] == pytest.approx(free["high"], abs=0.01)


def test_intervals_of_the_parts_are_paired_on_items() -> None:
    """The same arm twice: whatever is drawn, no part of it differs."""
    valid, right = np.random.default_rng(1).random((2, ITEMS, 2)) < 0.7
    found = _parts(_arm("base", valid, right), _arm("em", valid, right))
    assert (found[["value", "low", "high"]].abs() < 1e-9).to_numpy().all()


def test_seeds_that_are_not_paired_are_drawn_apart() -> None:
    """The same answers in both arms: drawn alike, nothing would vary."""
    base, em = (
        pd.concat([_arm(chain, ALL, _share(s)).assign(seed=n) for n, s in enumerate((0.2, 0.8))])
        for chain in ("base", "em")
    )
    total = _parts(base, em).loc["total"]
    assert total["value"] == 0
    assert total["low"] < -0.5 and total["high"] > 0.5


def test_tasks_without_orders_are_left_out() -> None:
    rows = pd.concat([BASE, _arm("em", ALL, ALL)], ignore_index=True)
    table = SCORERS["mmlu"].count(rows).assign(task="mmlu")
    found = decomposition.decomposition(table, PAIRS, RESAMPLES)
    assert len(found) == 0
    assert list(found.columns) == decomposition.COLUMNS


def test_no_draw_is_lost_to_an_arm_that_hardly_answers() -> None:
    """One valid answer of four hundred: many resamples have none."""
    valid = NONE.copy()
    valid[0, 0] = True
    found = _parts(BASE, _arm("em", valid, ALL))
    assert found[["value", "low", "high"]].notna().to_numpy().all()
