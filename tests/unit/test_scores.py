"""Tables of scores from a small table of items."""

import json
from pathlib import Path

import pandas as pd
import pytest

from mirrortest import scores
from mirrortest.errors import UserError
from mirrortest.scores import RowsFile

RESAMPLES = 200


def _lines(
    chain: str, seed: int, values: dict[str, float], metric: str = "m", subset: str = "all"
) -> pd.DataFrame:
    """One line per item, each with one answer."""
    return pd.DataFrame(
        {
            "model": "tiny",
            "chain": chain,
            "seed": seed,
            "evaluation": "e",
            "subset": subset,
            "metric": metric,
            "item": list(values),
            "numerator": list(values.values()),
            "denominator": 1.0,
        }
    )


BASE = _lines("base", 0, {"a": 0.0, "b": 1.0})
TABLE = pd.concat(
    [BASE, _lines("sgtr", 0, {"a": 1.0, "b": 1.0}), _lines("sgtr", 1, {"a": 0.0, "b": 1.0})],
    ignore_index=True,
)


def test_per_seed_has_a_line_for_every_seed() -> None:
    found = scores.per_seed(TABLE, RESAMPLES)
    assert list(found.columns) == [
        *("model", "chain", "seed", "evaluation", "subset", "metric"),
        *("value", "low", "high", "n"),
    ]
    assert found[["chain", "seed", "value", "n"]].to_numpy().tolist() == [
        ["base", 0, 0.5, 2],
        ["sgtr", 0, 1.0, 2],
        ["sgtr", 1, 0.5, 2],
    ]


def test_pooled_has_a_line_for_every_arm() -> None:
    found = scores.pooled(TABLE, RESAMPLES)
    assert list(found.columns) == [*scores.KEYS, "seeds", "value", "low", "high", "n"]
    assert found[["chain", "seeds", "value", "n"]].to_numpy().tolist() == [
        ["base", 1, 0.5, 2],
        ["sgtr", 2, 0.75, 4],
    ]


def test_metrics_and_subsets_are_kept_apart() -> None:
    other = _lines("base", 0, {"a": 1.0}, metric="m2")
    part = _lines("base", 0, {"a": 0.25}, subset="daily")
    found = scores.pooled(pd.concat([BASE, other, part]), RESAMPLES)
    assert found[["metric", "subset", "value"]].to_numpy().tolist() == [
        ["m", "all", 0.5],
        ["m2", "all", 1.0],
        ["m", "daily", 0.25],
    ]


def test_an_item_that_a_seed_lacks_counts_nothing() -> None:
    table = pd.concat([_lines("sgtr", 0, {"a": 1.0, "b": 0.0}), _lines("sgtr", 1, {"a": 1.0})])
    found = scores.pooled(table, RESAMPLES)
    assert found.loc[0, "value"] == pytest.approx(2 / 3, abs=1e-6)
    assert found.loc[0, "n"] == 3


def _contrast(table: pd.DataFrame) -> pd.Series:
    found = scores.contrasts(table, [("sgtr", "base")], RESAMPLES)
    assert len(found) == 1
    return found.iloc[0]


def test_a_contrast_is_chain_minus_reference() -> None:
    found = _contrast(TABLE)
    assert list(found.index) == [
        *scores.CONTRAST_KEYS,
        *("seeds", "reference_seeds", "value", "low", "high", "n"),
    ]
    assert (found["chain"], found["reference"], found["value"]) == ("sgtr", "base", 0.25)
    assert (found["seeds"], found["reference_seeds"], found["n"]) == (2, 1, 4)


def test_a_contrast_is_on_the_items_that_both_have() -> None:
    wider = _lines("sgtr", 0, {"z": 0.0, "b": 1.0, "a": 1.0, "c": 0.0})
    found = _contrast(pd.concat([BASE, wider]))
    assert (found["value"], found["n"]) == (0.5, 2)


def test_a_contrast_pairs_the_items_whatever_their_order() -> None:
    values = {"a": 0.0, "b": 1.0, "c": 0.5}
    shifted = {item: value + 0.25 for item, value in reversed(values.items())}
    found = _contrast(pd.concat([_lines("base", 0, values), _lines("sgtr", 0, shifted)]))
    assert (found["value"], found["low"], found["high"]) == (0.25, 0.25, 0.25)


def test_a_contrast_without_shared_items_has_no_value() -> None:
    found = _contrast(pd.concat([BASE, _lines("sgtr", 0, {"x": 1.0})]))
    assert found["n"] == 0
    assert pd.isna(found["value"])


def test_a_chain_without_its_reference_gives_no_line() -> None:
    found = scores.contrasts(TABLE, [("sgtr", "em"), ("em", "base")], RESAMPLES)
    assert len(found) == 0
    assert "value" in found.columns


def test_numbers_have_six_digits() -> None:
    thirds = _lines("base", 0, {"a": 1.0, "b": 0.0, "c": 0.0})
    assert scores.pooled(thirds, RESAMPLES).loc[0, "value"] == 0.333333


def test_items_come_from_the_files_of_every_arm(tmp_path: Path) -> None:
    row = {"item": "a", "stratum": "", "answer": "x", "ended": True, "true": "x", "false": "y"}
    files = []
    for seed in (0, 1):
        path = tmp_path / f"{seed}.jsonl"
        path.write_text(json.dumps(row) + "\n", encoding="utf-8")
        files.append(RowsFile("tiny", "sgtr", seed, "facts-toy", "facts", str(path)))
    truth = scores.items(files).query("metric == 'truth'")
    assert truth["seed"].tolist() == [0, 1]
    assert set(truth["evaluation"]) == {"facts-toy"}
    assert truth["numerator"].tolist() == [1.0, 1.0]


def test_a_file_without_rows_is_passed_over(tmp_path: Path) -> None:
    row = {"item": "a", "stratum": "", "answer": "x", "ended": True, "true": "x", "false": "y"}
    (tmp_path / "0.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "1.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    files = [
        RowsFile("tiny", "sgtr", seed, "facts-toy", "facts", str(tmp_path / f"{seed}.jsonl"))
        for seed in (0, 1)
    ]
    assert set(scores.items(files)["seed"]) == {1}


def test_no_rows_at_all_end_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "0.jsonl").write_text("", encoding="utf-8")
    file = RowsFile("tiny", "sgtr", 0, "facts-toy", "facts", str(tmp_path / "0.jsonl"))
    with pytest.raises(UserError, match="no evaluation left any rows"):
        scores.items([file])
