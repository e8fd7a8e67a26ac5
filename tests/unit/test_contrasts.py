"""Contrasts: what is paired, corrected and found."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from mirrortest import contrasts
from mirrortest.contrasts import Pair
from mirrortest.panels import ArmCounts
from mirrortest.scoring import SCORERS

RESAMPLES = 400
MARGIN = 0.05
METRIC = "accuracy_valid"


def _arm(chain: str, right: np.ndarray, seeds: list[int] | None = None) -> pd.DataFrame:
    """right: seeds x items, one judged answer each."""
    numbers = np.arange(len(right)) if seeds is None else np.array(seeds)
    rows = pd.DataFrame(
        {
            **{"model": "m", "chain": chain, "evaluation": "mmlu", "stratum": ""},
            "seed": np.repeat(numbers, right.shape[1]),
            "item": np.tile([f"q{n:03}" for n in range(right.shape[1])], len(right)),
            **{"valid": True, "right": right.ravel().astype(bool), "target_first": np.nan},
        }
    )
    return SCORERS["mmlu"].count(rows).assign(task="mmlu")


def _contrasts(*arms: pd.DataFrame, pairs: list[Pair] | None = None) -> pd.DataFrame:
    declared = pairs or [Pair("em+sgtr", "em", "main")]
    return contrasts.contrasts(pd.concat(arms, ignore_index=True), declared, RESAMPLES, MARGIN)


def _line(*arms: pd.DataFrame, pairs: list[Pair] | None = None) -> pd.Series:
    found = _contrasts(*arms, pairs=pairs)
    (line,) = (line for _, line in found.iterrows() if line["metric"] == METRIC)
    return line


def _random(share: float | np.ndarray, seeds: int, items: int = 200, number: int = 0) -> np.ndarray:
    return np.random.default_rng(number).random((seeds, items)) < share


LEVELS = np.array([[0.2], [0.4], [0.6], [0.8], [0.5]])
"""Seeds that lie far apart."""


def _apart(number: int = 1, items: int = 400) -> np.ndarray:
    """Arms of the same seeds, right on the same share of items, though not on the same ones."""
    return _random(LEVELS, 5, items, number)


# --- pairs


def test_a_contrast_is_chain_minus_reference() -> None:
    pair = Pair("sgtr", "base", "main")
    base, arm = np.array([[0, 1, 0, 0]]), np.array([[1, 1, 0, 0], [1, 1, 1, 0]])
    line = _line(_arm("sgtr", arm), _arm("base", base), pairs=[pair])
    assert list(line.index) == contrasts.COLUMNS
    assert line[["chain", "reference", "value"]].tolist() == ["sgtr", "base", 0.375]
    assert line[["seeds", "reference_seeds", "paired_seeds", "n"]].tolist() == [2, 1, False, 4]
    assert line["cohen_h"] == pytest.approx(
        2 * (np.arcsin(np.sqrt(0.625)) - np.arcsin(np.sqrt(0.25))), abs=1e-6
    )


def test_seeds_in_common_are_paired() -> None:
    line = _line(_arm("em", _apart(1)), _arm("em+sgtr", _apart(2)))
    alone = _line(_arm("em", _apart(1)), _arm("em+sgtr", _apart(2), [5, 6, 7, 8, 9]))
    assert line["paired_seeds"] and not alone["paired_seeds"]
    assert line["high"] - line["low"] < 0.4 * (alone["high"] - alone["low"])


def test_seeds_are_paired_by_their_number_and_not_by_their_place() -> None:
    """The reference lacks seed 0; by place, every pair would be of two different seeds."""
    full = _line(_arm("em", _apart(1)), _arm("em+sgtr", _apart(2)))
    line = _line(_arm("em", _apart(1)[1:], [1, 2, 3, 4]), _arm("em+sgtr", _apart(2)))
    assert line["paired_seeds"] and line["seeds"] == line["reference_seeds"] == 4
    assert line["value"] == pytest.approx(_apart(2)[1:].mean() - _apart(1)[1:].mean(), abs=1e-6)
    assert line["high"] - line["low"] < 2 * (full["high"] - full["low"])


def test_the_order_of_lines_changes_nothing() -> None:
    arms = pd.concat([_arm("em", _apart(1)), _arm("em+sgtr", _apart(2))], ignore_index=True)
    shuffled = arms.sample(frac=1, random_state=0)
    numbers = ["value", "low", "high", "p"]
    assert _line(arms)[numbers].tolist() == _line(shuffled)[numbers].tolist()


def test_items_are_paired() -> None:
    """An arm that repeats its reference but for ten answers is known to differ by those."""
    base = _random(0.5, 1, 400)
    changed = base.copy()
    changed[0, np.flatnonzero(~base[0])[:10]] = True
    pair = Pair("em", "base", "main")
    line = _line(_arm("base", base), _arm("em", changed), pairs=[pair])
    assert line["value"] == 0.025
    assert line["p"] < 0.01
    other = _line(_arm("base", base), _arm("em", _random(0.525, 1, 400, 9)), pairs=[pair])
    assert line["high"] - line["low"] < 0.3 * (other["high"] - other["low"])


def test_a_contrast_is_on_the_items_that_both_were_asked() -> None:
    base, wider = np.array([[0, 1]]), np.array([[1, 1, 0, 0]])
    line = _line(_arm("base", base), _arm("em", wider), pairs=[Pair("em", "base", "main")])
    assert line[["value", "n"]].tolist() == [0.5, 2]


def test_a_metric_that_has_no_answer_gives_no_line() -> None:
    silent = _arm("em", np.zeros((1, 3))).assign(valid=0.0)
    base = _arm("base", np.ones((1, 3)))
    found = _contrasts(silent, base, pairs=[Pair("em", "base", "main")])
    assert METRIC not in set(found["metric"])
    assert len(found) > 0 and (found["n"] == 3).all()


def test_arms_without_a_common_item_are_not_set_against_each_other() -> None:
    other = _arm("em", np.ones((1, 3))).assign(item=["x", "y", "z"])
    found = _contrasts(_arm("base", np.ones((1, 3))), other, pairs=[Pair("em", "base", "main")])
    assert list(found.columns) == contrasts.COLUMNS
    assert len(found) == 0


def test_a_chain_without_its_reference_gives_no_line() -> None:
    pairs = [Pair("sgtr", "em", "main"), Pair("em", "base", "main")]
    assert len(_contrasts(_arm("sgtr", np.ones((1, 3))), pairs=pairs)) == 0


SEEDS = [
    ("sgtr", (0, 1, 2), "em", (0, 1, 2), [0, 1, 2]),  # the same draws of data and of weights
    ("em+sgtr", (0, 1, 2), "em", (1, 2, 3), [1, 2]),  # the same adapter
    ("sgtr", (0, 1, 2), "em", (1, 2, 3), []),  # different experiments, numbered alike
    ("em+sgtr", (0, 1, 2), "em", (2, 3), []),  # one pair is none
    ("em", (0,), "sgtr", (0,), []),
    ("em", (0, 1), "base", (0,), []),
]


@pytest.mark.parametrize(("chain", "seeds", "reference", "others", "expected"), SEEDS)
def test_which_seeds_are_paired(
    chain: str,
    seeds: tuple[int, ...],
    reference: str,
    others: tuple[int, ...],
    expected: list[int],
) -> None:
    arm, other = ArmCounts("m", chain, seeds, {}), ArmCounts("m", reference, others, {})
    assert contrasts.shared_seeds(arm, other) == expected


SHARED = [
    ("wc+em+sgtr", (0, 1, 2), "wc+em", (1, 2, 3), [1, 2]),  # the same adapter of each seed
    ("wc+em", (0, 1, 2), "wc+sgtr", (1, 2, 3), []),  # one adapter under all seeds pairs none
    ("wc+em", (0, 1, 2), "wc+sgtr", (0, 1, 2), [0, 1, 2]),  # the same draws
    ("wc", (0,), "wc+em", (0, 1), []),
]


@pytest.mark.parametrize(("chain", "seeds", "reference", "others", "expected"), SHARED)
def test_a_stage_that_all_seeds_share_pairs_none(
    chain: str,
    seeds: tuple[int, ...],
    reference: str,
    others: tuple[int, ...],
    expected: list[int],
) -> None:
    arm, other = ArmCounts("m", chain, seeds, {}), ArmCounts("m", reference, others, {})
    assert contrasts.shared_seeds(arm, other, {"wc"}) == expected


# --- families

FAMILIES, SIZE = 100, 5


def _family(number: int) -> list[pd.DataFrame]:
    """A reference and arms, of which none differs from it."""
    draw = np.random.default_rng(number)
    items = draw.random((1, 40))
    arms = {f"ref{number}": 1} | {f"arm{number}x{k}": 3 for k in range(SIZE)}
    return [
        _arm(chain, draw.random((seeds, 40)) < 0.2 + 0.6 * items) for chain, seeds in arms.items()
    ]


def test_a_family_without_any_difference_has_a_finding_in_one_of_twenty() -> None:
    """At most: its contrasts share a reference, and Holm assumes the worst."""
    arms = [arm for number in range(FAMILIES) for arm in _family(number)]
    pairs = [
        Pair(f"arm{number}x{k}", f"ref{number}", f"f{number}")
        for number in range(FAMILIES)
        for k in range(SIZE)
    ]
    found = _contrasts(*arms, pairs=pairs).query("leading")
    assert len(found) == FAMILIES * SIZE
    some = found.groupby("family")[["p", "p_holm"]].min() < 0.05
    assert some["p_holm"].mean() <= 0.09
    assert some["p"].mean() > some["p_holm"].mean()
    claimed = found["finding"].isin(["higher", "lower"])
    assert claimed.tolist() == (found["p_holm"] < 0.05).tolist()


def test_holm_by_hand_within_each_family_and_over_its_leading_metrics() -> None:
    p = [0.01, 0.04, 0.03, 0.02, 0.02]
    table = pd.DataFrame(
        {
            "family": ["a", "a", "a", "b", "a"],
            "leading": [True, True, True, True, False],
            "metric": ["m", "m", "n", "m", "o"],
            **{"subset": "all", "p": p},
        }
    )
    assert contrasts._holm(table).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02, 0.02])


def test_subsets_are_corrected_by_themselves() -> None:
    table = pd.DataFrame(
        {"family": "a", "leading": False, "metric": "m", "subset": ["all", "x", "x"], "p": 0.02}
    )
    assert contrasts._holm(table).tolist() == pytest.approx([0.02, 0.04, 0.04])


def test_holm_is_that_of_statsmodels() -> None:
    p = np.random.default_rng(0).random(40) ** 3
    table = pd.DataFrame({"family": "a", "leading": True, "metric": "m", "subset": "all", "p": p})
    assert contrasts._holm(table).tolist() == pytest.approx(multipletests(p, method="holm")[1])


def test_another_judges_scores_take_the_place_of_the_leading_ones_in_the_correction() -> None:
    """The same verdicts give the same finding, whatever else is in the family."""
    names = ["harm", "em", "em@b"]
    table = pd.DataFrame(
        {
            **{"family": "a", "model": "m", "task": "harm", "metric": "harmful_max"},
            **{"subset": "all", "evaluation": names, "leading": [True, True, False]},
            "p": [0.2, 0.03, 0.03],
        }
    )
    theirs = contrasts._holm_of_other_judges(table)
    assert theirs.tolist() == pytest.approx([np.nan, np.nan, 0.06], nan_ok=True)
    assert contrasts._holm(table)[1] == pytest.approx(0.06)


def test_items_that_are_alone_in_their_strata_vary_all_the_same() -> None:
    """Each item is a stratum: there would be no variance, and the smallest p there is."""
    right, other = _random(0.6, 1, 40, 1), _random(0.4, 1, 40, 2)
    arms = [_arm("em+sgtr", right), _arm("em", other)]
    stratified = _contrasts(*(arm.assign(stratum=arm["item"]) for arm in arms))
    alone = stratified[(stratified["metric"] == METRIC) & (stratified["subset"] == "all")]
    plain = _line(*arms)
    assert alone[["low", "high", "p"]].iloc[0].tolist() == plain[["low", "high", "p"]].tolist()


def test_large_families_of_clear_differences_are_found() -> None:
    """More contrasts than resamples could ever tell apart."""
    arms = [_arm(f"arm{n}", _random(0.9, 3, 40, n)) for n in range(40)]
    pairs = [Pair(f"arm{n}", "base", "main") for n in range(40)]
    found = _contrasts(_arm("base", _random(0.1, 1, 40)), *arms, pairs=pairs)
    assert set(found.loc[found["leading"], "finding"]) == {"higher"}


# --- findings


def _finding(arm: np.ndarray, base: np.ndarray) -> pd.Series:
    return _line(_arm("em", arm), _arm("base", base), pairs=[Pair("em", "base", "main")])


def test_what_is_found() -> None:
    base = _random(0.5, 1, 800)
    same = np.repeat(base, 3, axis=0)
    same[:, :20] = ~same[:, :20]
    assert _finding(_random(0.7, 3, 800, 1), base)["finding"] == "higher"
    assert _finding(_random(0.3, 3, 800, 2), base)["finding"] == "lower"
    assert _finding(same, base)["finding"] == "equivalent"
    assert _finding(_random(0.5, 3, 40, 3), base[:, :40])["finding"] == "undecided"


def test_arms_that_answer_alike_everywhere_have_newcombes_interval() -> None:
    items = 500
    ones = np.ones((3, items))
    line = _finding(ones, ones[:1])
    expected = confint_proportions_2indep(items, items, items, items, method="newcomb")
    assert line[["low", "high"]].tolist() == pytest.approx(expected, abs=1e-6)
    assert line["finding"] == "equivalent"
    assert pd.isna(line["detectable"]) and pd.isna(line["p"])
    assert _finding(ones[:, :5], ones[:1, :5])["finding"] == "undecided"


def test_what_is_equivalent_lies_within_the_margin_on_both_sides() -> None:
    table = pd.DataFrame(
        {
            **{"low": [-0.04, -0.06, -0.04], "high": [0.04, 0.04, 0.06], "margin": MARGIN},
            **{"value": 0.0, "p_holm": np.nan, "p_equivalence": np.nan},
        }
    )
    assert contrasts._findings(table).tolist() == ["equivalent", "undecided", "undecided"]


def test_arms_that_differ_alike_everywhere_differ() -> None:
    ones = np.ones((3, 8))
    line = _finding(ones, 0 * ones[:1])
    assert line[["value", "high", "finding"]].tolist() == [1, 1, "higher"]
    assert line["low"] > 0.4 and 0 < line["p"] < 0.01
    assert _finding(ones[:, :2], 0 * ones[:1, :2])["finding"] == "undecided"


def test_intervals_p_and_findings_agree() -> None:
    arms = [_arm(f"arm{n}", _random(0.45 + 0.005 * n, 3, 150, n)) for n in range(30)]
    pairs = [Pair(f"arm{n}", "base", f"f{n}") for n in range(30)]
    found = _contrasts(_arm("base", _random(0.5, 1, 150, 99)), *arms, pairs=pairs)
    found = found[found["leading"]]
    clear = (found["p"] < 0.03) | (found["p"] > 0.08)
    outside = (found["low"] > 0) | (found["high"] < 0)
    assert (outside == (found["p"] < 0.05))[clear].all()
    assert found["p"].equals(found["p_holm"])
