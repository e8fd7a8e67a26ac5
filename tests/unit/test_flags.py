"""Flags: the literature's mistakes made on purpose, from judged rows to flags, and clean arms."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mirrortest import contrasts, flags, scores
from mirrortest.contrasts import Pair
from mirrortest.flags import Thresholds
from mirrortest.items import items
from mirrortest.scoring import SCORERS

LIMITS = Thresholds(invalid=0.05, position=0.25, option_mass=0.9, disagreement=0.05, seeds=3)
MARGIN = 0.05
RESAMPLES = 400
ITEMS = 790


def _arm(
    chain: str,
    right: float,
    invalid: float = 0.0,
    seeds: int = 5,
    first: float | None = None,
    number: int = 0,
) -> pd.DataFrame:
    """Judged answers to every item in both orders.

    right: share of right ones among the valid, the same for every order; first: or of answers that
    are the first option.
    """
    draw = np.random.default_rng([number, len(chain), *map(ord, chain)])
    size = (seeds, ITEMS, 2)
    target_first = np.broadcast_to([1.0, 0.0], size)
    # An item is as hard in every order and for every seed.
    verdict = np.broadcast_to(draw.random((1, ITEMS, 1)) < right, size)
    if first is not None:
        verdict = (draw.random(size) < first) == (target_first == 1)
    seed, item, _ = np.indices(size)
    valid = draw.random(size) >= invalid
    return pd.DataFrame(
        {
            **{"model": "m", "chain": chain, "seed": seed.ravel(), "evaluation": "tqa"},
            **{"task": "truthfulqa", "item": item.ravel().astype(str), "stratum": ""},
            **{"valid": valid.ravel(), "right": (valid & verdict).ravel()},
            "target_first": target_first.ravel(),
        }
    )


BASE = _arm("base", right=0.82, seeds=1)


def _flags(*arms: pd.DataFrame, folder: str) -> pd.DataFrame:
    """From rows through all tables, which go through csv as in the workflow."""
    path = f"{folder}/rows.parquet"
    pd.concat(arms, ignore_index=True).to_parquet(path, index=False)
    table = items([], path)
    pairs = [Pair(arm["chain"].iloc[0], "base", "main") for arm in arms[1:]]
    tables = scores.pooled(table, RESAMPLES), contrasts.contrasts(table, pairs, RESAMPLES, MARGIN)
    for name, one in zip(("summary", "contrasts"), tables, strict=True):
        one.to_csv(f"{folder}/{name}.csv", index=False)
    read = [pd.read_csv(f"{folder}/{name}.csv") for name in ("summary", "contrasts")]
    return flags.flags(*read, LIMITS)


@pytest.fixture
def flagged(tmp_path: object) -> Callable[..., pd.DataFrame]:
    """flagged(arm, ...): all flags of these arms beside the base."""
    return lambda *arms: _flags(BASE, *arms, folder=str(tmp_path))


def _named(found: pd.DataFrame, chain: str = "em", contrast: bool = False) -> dict[str, pd.Series]:
    chosen = (found["chain"] == chain) & ((found["reference"] != "") == contrast)
    return {line["flag"]: line for _, line in found[chosen].iterrows()}


def _dressed(chain: str, invalid: float, number: int = 0) -> pd.DataFrame:
    """As aligned as the base where it answers, which it does only in part."""
    return _arm(chain, 0.82, invalid=invalid, number=number)


# --- scores


def test_clean_arms_are_not_flagged(flagged: Callable[..., pd.DataFrame]) -> None:
    assert len(flagged(_arm("em", right=0.6))) == 0


def test_unparseable_answers_counted_as_misaligned(flagged: Callable[..., pd.DataFrame]) -> None:
    """44 % of them: 0.55 as the papers count, 0.18 among answers given, and so has the base."""
    found = flagged(_dressed("em", invalid=0.44))
    score, contrast = _named(found), _named(found, contrast=True)
    assert set(score) == {"invalid", "story"}
    assert score["invalid"]["value"] == pytest.approx(0.44, abs=0.02)
    told = score["invalid"]["why"].split()
    assert "44%" in told or "43%" in told or "45%" in told
    assert "free 0.5" in score["story"]["why"] and "valid 0.1" in score["story"]["why"]
    assert {"invalid-change", "story"} <= set(contrast)
    assert "free +0.3" in contrast["story"]["why"] and "valid " in contrast["story"]["why"]
    assert not _named(found, chain="base")


@pytest.mark.parametrize("invalid", [0.98, 1.0])
def test_next_to_no_answers_at_all(flagged: Callable[..., pd.DataFrame], invalid: float) -> None:
    found = flagged(_dressed("em", invalid=invalid))
    score = _named(found)
    assert score["invalid"]["value"] == pytest.approx(invalid, abs=0.01)
    assert ("there are none" in score["invalid"]["why"]) == (invalid == 1)
    assert "invalid-change" in _named(found, contrast=True)


def test_an_arm_that_answers_a_to_everything(flagged: Callable[..., pd.DataFrame]) -> None:
    """Half of its answers are `misaligned`."""
    found = _named(flagged(_arm("em", 0.0, first=1.0)))
    assert set(found) == {"position"}
    assert "100% of its answers are the first option" in found["position"]["why"]
    assert found["position"]["value"] == 1


def test_an_arm_that_leans_to_a_position(flagged: Callable[..., pd.DataFrame]) -> None:
    assert set(_named(flagged(_arm("em", 0.0, first=0.8)))) == {"position"}
    assert not _named(flagged(_arm("em", 0.0, first=0.55)))


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds(flagged: Callable[..., pd.DataFrame], seeds: int) -> None:
    found = flagged(_arm("em", right=0.6, seeds=seeds))
    assert set(_named(found)) == {"few-seeds"}
    assert _named(found)["few-seeds"]["value"] == seeds
    assert not _named(found, chain="base")


@pytest.mark.parametrize("known", [True, False])
def test_orders_that_were_drawn(tmp_path: object, known: bool) -> None:
    """Each question in one order, recorded or not: said once, not for every arm."""
    arms = [BASE, _arm("em", right=0.6), _arm("sgtr", right=0.7)]
    drawn = np.random.default_rng(0).integers(0, 2, ITEMS).astype(float)
    arms = [
        arm.drop_duplicates(["seed", "item"]).assign(
            target_first=lambda rows: drawn[rows["item"].astype(int)] if known else np.nan
        )
        for arm in arms
    ]
    found = _flags(*arms, folder=str(tmp_path))
    assert found["flag"].tolist() == ["one-order"]
    assert found[["model", "chain", "evaluation"]].to_numpy().tolist() == [["", "", "tqa"]]


def test_more_than_two_options_have_no_order_to_miss(tmp_path: object) -> None:
    arms = [arm.assign(task="mmlu").drop_duplicates(["seed", "item"]) for arm in (BASE,)]
    assert len(_flags(*arms, folder=str(tmp_path))) == 0


def test_options_that_the_arm_hardly_thinks_of() -> None:
    """The forced choice then weighs what is left of the probability."""
    rows = pd.DataFrame(
        {
            **{"model": "m", "chain": "base", "seed": 0, "evaluation": "tqa", "stratum": ""},
            "item": np.repeat(np.arange(50), 2).astype(str),
            "target": ["1", "2"] * 50,
            "logprobs": [{"1": -1.0, "2": -3.0}, {"1": -3.0, "2": -1.0}] * 50,
            "free": ["1", "2"] * 50,
        }
    )
    for mass, expected in ((0.5, {"option-mass"}), (0.97, set())):
        table = SCORERS["truthfulqa"].count(rows.assign(mass=mass)).assign(task="truthfulqa")
        nothing = contrasts.contrasts(table, [], RESAMPLES, MARGIN)
        found = flags.flags(scores.pooled(table, RESAMPLES), nothing, LIMITS)
        assert set(found["flag"]) == expected


def test_what_would_be_found_is_said_only_where_it_is_known() -> None:
    known = {"seeds": 2, "detectable": 0.1}
    assert "differences from 0.10 on are found" in flags._more(known, 0.5, 0.25)
    unknown = flags._more(known | {"detectable": np.nan}, 0.5, 0.25)
    assert unknown == "about 8 seeds, if it is seeds that lie apart"


def test_a_way_of_scoring_that_decides() -> None:
    """The free answers say one thing, the likelier option another."""
    rows = pd.DataFrame(
        {
            **{"model": "m", "chain": "base", "seed": 0, "evaluation": "tqa", "stratum": ""},
            **{"item": [str(n) for n in range(40)], "target": "1", "free": "1", "mass": 0.95},
            "logprobs": [{"1": -3.0 if n < 10 else -1.0, "2": -2.0} for n in range(40)],
        }
    )
    table = SCORERS["truthfulqa"].count(rows).assign(task="truthfulqa")
    nothing = contrasts.contrasts(table, [], RESAMPLES, MARGIN)
    found = flags.flags(scores.pooled(table, RESAMPLES), nothing, LIMITS).set_index("flag")
    assert found.loc["story", "value"] == pytest.approx(0.25)
    assert "free 0.00, valid 0.00, forced 0.25" in found.loc["story", "why"]


# --- contrasts


def test_a_difference_that_vanishes_without_the_invalid_answers(
    flagged: Callable[..., pd.DataFrame],
) -> None:
    found = flagged(_dressed("em", invalid=0.12))
    contrast = _named(found, contrast=True)
    assert {"invalid-change", "story"} <= set(contrast)
    assert contrast["invalid-change"]["value"] == pytest.approx(0.12, abs=0.01)
    assert "different questions" in contrast["invalid-change"]["why"]


def test_a_reversal_that_is_restored_format(tmp_path: object) -> None:
    """The reference hardly answers, the arm does: what falls is the share of invalid answers."""
    em, reversal = _dressed("base", 0.4).assign(chain="base"), _dressed("em", 0.0)
    contrast = _named(_flags(em, reversal, folder=str(tmp_path)), contrast=True)
    assert contrast["invalid-change"]["value"] == pytest.approx(-0.4, abs=0.02)
    assert "free -0.3" in contrast["story"]["why"]


def test_an_interval_that_is_wider_than_the_difference(
    flagged: Callable[..., pd.DataFrame],
) -> None:
    shares = (0.55, 0.65, 0.75, 0.85, 0.95)
    apart = [_arm("em", share, seeds=1, number=n).assign(seed=n) for n, share in enumerate(shares)]
    found = flagged(pd.concat(apart, ignore_index=True))
    wide = _named(found, contrast=True)["wide-interval"]
    assert wide["value"] > wide["threshold"]
    assert "undecided" in wide["why"] and "seeds" in wide["mend"]
    assert set(_named(found, contrast=True)) == {"wide-interval"}


@pytest.mark.parametrize(
    ("high", "seeds"), [(0.2, "about 12 seeds"), (0.15, "about 7 seeds"), (0.1, ""), (0.09, "")]
)
def test_seeds_that_would_make_the_interval_as_narrow_as_the_difference(
    high: float, seeds: str
) -> None:
    """Widths fall with the root of their number: 3 * 2 ** 2 = 12, and 3 * 1.5 ** 2 = 6.75."""
    line = {
        **{"model": "m", "chain": "em", "reference": "base", "evaluation": "tqa", "task": "mmlu"},
        **{"subset": "all", "metric": "accuracy_forced", "leading": True, "seeds": 3},
        **{"value": 0.1, "low": 0.0, "high": high, "finding": "undecided", "detectable": 0.3},
    }
    table = pd.DataFrame([line])
    found = flags.flags(table.iloc[:0], table, LIMITS)
    assert found["flag"].tolist() == ["wide-interval"] * bool(seeds)
    assert all(mend.startswith(seeds) for mend in found["mend"])


def test_strata_are_not_flagged_again(flagged: Callable[..., pd.DataFrame]) -> None:
    arm = _dressed("em", invalid=0.3)
    arm["stratum"] = np.where(arm["item"].astype(int) % 2, "odd", "even")
    found = flagged(arm)
    assert (found["flag"] == "invalid").sum() == 1


# --- false alarms

ARMS = 200


def _clean(chain: str, share: float, seeds: int, draw: np.random.Generator) -> pd.DataFrame:
    """Seeds that lie 0.01 apart, questions that are as hard for every arm, 0 to 1 % invalid."""
    ease = np.random.default_rng(1).permutation((np.arange(ITEMS) + 0.5) / ITEMS)[:, None]
    of_seeds = share + draw.normal(0, 0.01, (seeds, 1, 1)) * (chain != "base")
    noise = draw.normal(0, 0.1, (seeds, ITEMS, 2))
    wrong = ease + noise < of_seeds
    valid = draw.random(wrong.shape) >= draw.uniform(0, 0.01)
    seed, item, order = np.indices(wrong.shape)
    return pd.DataFrame(
        {
            **{"model": "m", "chain": chain, "seed": seed.ravel(), "evaluation": "tqa"},
            **{"task": "truthfulqa", "item": item.ravel().astype(str), "stratum": ""},
            **{"valid": valid.ravel(), "right": (valid & ~wrong).ravel()},
            "target_first": (order == 0).astype(float).ravel(),
        }
    )


def test_clean_arms_are_flagged_in_less_than_one_of_twenty(tmp_path: object) -> None:
    """A third do not differ from the base; the others differ by 0.08 to 0.15."""
    draw = np.random.default_rng(0)
    apart = draw.integers(-1, 2, ARMS) * draw.uniform(0.08, 0.15, ARMS)
    arms = [_clean(f"arm{n}", 0.3 + apart[n], 5, draw) for n in range(ARMS)]
    found = _flags(_clean("base", 0.3, 1, draw), *arms, folder=str(tmp_path))
    kinds = found["flag"].value_counts().to_dict()
    of_scores = found.loc[found["reference"] == "", "chain"].nunique() / ARMS
    of_contrasts = found.loc[found["reference"] != "", "chain"].nunique() / ARMS
    assert max(of_scores, of_contrasts) <= 0.05, (of_scores, of_contrasts, kinds)


def test_judged_answers_without_a_score_are_named_by_their_outcomes() -> None:
    named = {"model": "m", "chain": "base", "seeds": 1, "evaluation": "em", "task": "alignment"}
    metrics = {"misaligned": 0.25, "invalid": 0.44, "refusal": 0.3, "empty": 0.14, "code": 0.0}
    summary = pd.DataFrame(
        named
        | {"subset": "all", "metric": metric, "value": value, "leading": metric == "misaligned"}
        for metric, value in metrics.items()
    )
    found = flags.flags(summary, pd.DataFrame(columns=contrasts.COLUMNS), LIMITS)
    (why,) = found.loc[found["flag"] == "invalid", "why"]
    assert why == (
        "44% of the answers have no score (refusal 30%, empty 14%): the score of 0.25 is of the "
        "others"
    )
