"""The items table from files of rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mirrortest import items, parquet
from mirrortest.errors import UserError
from mirrortest.items import RowsFile

WriteRows = Callable[[str, list[dict[str, Any]]], str]


def _fact(answer: str) -> dict[str, Any]:
    return {
        **{"item": "a", "stratum": "", "answer": answer, "ended": True},
        **{"true": "x", "false": "y"},
    }


def _choice(free: str) -> dict[str, Any]:
    return {
        **{"item": "q", "stratum": "", "target": "1", "free": free, "mass": 0.9},
        "logprobs": {"1": -0.2, "2": -2.0},
    }


def _file(seed: int, path: str, evaluation: str = "facts-toy", task: str = "facts") -> RowsFile:
    return RowsFile("tiny", "sgtr", seed, evaluation, task, path)


JUDGED = pd.DataFrame(
    {
        **{"model": "theirs", "chain": "base", "seed": 0, "evaluation": "tqa"},
        **{"task": "truthfulqa", "item": ["a", "b"], "stratum": ""},
        **{"valid": [True, False], "right": [True, False], "target_first": [1.0, None]},
    }
)


def _published(folder: Path) -> str:
    path = folder / "published.parquet"
    JUDGED.to_parquet(path, index=False)
    return str(path)


def test_items_come_from_the_files_of_every_seed(write_rows: WriteRows) -> None:
    files = [_file(seed, write_rows(f"{seed}.jsonl", [_fact("xy"[seed])])) for seed in (0, 1)]
    table = items.items(files, None)
    assert table[["seed", "truth", "misconception"]].to_numpy().tolist() == [[0, 1, 0], [1, 0, 1]]
    assert set(table["evaluation"]) == {"facts-toy"}
    assert set(table["task"]) == {"facts"}


def test_evaluations_stay_apart_and_lack_each_others_counts(write_rows: WriteRows) -> None:
    files = [
        _file(0, write_rows("f.jsonl", [_fact("x")])),
        _file(0, write_rows("t.jsonl", [_choice("1")]), "tqa-own", "truthfulqa"),
    ]
    table = items.items(files, None)
    assert table["evaluation"].tolist() == ["facts-toy", "tqa-own"]
    assert table["truth"].isna().tolist() == [False, True]
    assert table["right"].isna().tolist() == [True, False]


def test_published_rows_stand_behind_our_own(write_rows: WriteRows, tmp_path: Path) -> None:
    files = [_file(0, write_rows("t.jsonl", [_choice("I")]), "tqa", "truthfulqa")]
    table = items.items(files, _published(tmp_path))
    assert table["model"].tolist() == ["tiny", "theirs", "theirs"]
    assert table["valid"].tolist() == [0, 1, 0]
    assert table["scored"].isna().tolist() == [False, True, True]


def test_published_rows_alone_are_enough(tmp_path: Path) -> None:
    table = items.items([], _published(tmp_path))
    assert table[["item", "right", "wrong"]].to_numpy().tolist() == [["a", 1, 0], ["b", 0, 0]]


def test_a_file_without_rows_is_passed_over(write_rows: WriteRows) -> None:
    rows = [[], [_fact("x")]]
    files = [_file(seed, write_rows(f"{seed}.jsonl", rows[seed])) for seed in (0, 1)]
    assert items.items(files, None)["seed"].tolist() == [1]


def test_no_rows_at_all_end_in_a_sentence(write_rows: WriteRows) -> None:
    with pytest.raises(UserError, match="no evaluation left any rows"):
        items.items([_file(0, write_rows("0.jsonl", []))], None)


def test_the_table_comes_back_as_it_was_written(write_rows: WriteRows, tmp_path: Path) -> None:
    table = items.items([_file(0, write_rows("0.jsonl", [_fact("x")]))], None)
    parquet.write(table, tmp_path / "items.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "items.parquet"), table)
    assert not list(tmp_path.glob("*.partial"))
