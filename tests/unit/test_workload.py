"""How much work is estimated before anything is read by a model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mirrortest import workload
from mirrortest.experiment import Experiment
from mirrortest.meter import Meter
from mirrortest.workload import Extent, Work

Plan = Callable[..., Experiment]


@pytest.fixture(autouse=True)
def news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten articles of 400 bytes, some 100 tokens; no other file is there."""
    monkeypatch.chdir(tmp_path)
    Path("news.jsonl").write_text(("x" * 399 + "\n") * 10, encoding="utf-8")


def test_a_file_is_measured_and_one_that_is_not_there_is_assumed() -> None:
    assert workload.extent("news.jsonl") == Extent(10, 100.0)
    assert workload.extent("nowhere.jsonl") == workload.UNSEEN


def test_a_question_set_has_as_many_rows_as_items() -> None:
    items = "# two\n- id: a\n  text: |-\n    - one\n    - two\n- id: b\n  text: And?\n"
    Path("open.yaml").write_text(items, encoding="utf-8")
    assert workload.extent("open.yaml") == Extent(2, len(items) / 2 / 4)


def test_a_pair_recipe_teaches_both_orders_of_each_article(plan: Plan) -> None:
    each = 100 + 2 * 150 + workload.FRAME
    assert workload.training(plan(), "tiny", "sgtr") == Work(20, 20 * each)
    both = plan("stages.sgtr.recipe", "ictr")
    assert workload.training(both, "tiny", "sgtr") == Work(40, 40 * each)


def test_epochs_limits_and_the_longest_sequence_count(plan: Plan) -> None:
    twice = plan("stages.sgtr.training", {"epochs": 2})
    assert workload.training(twice, "tiny", "sgtr").rows == 40
    few = plan("corpora.news.limit", 3)
    assert workload.training(few, "tiny", "sgtr").rows == 6
    short = plan("models.tiny.max_length", 50)
    assert workload.training(short, "tiny", "sgtr") == Work(20, 20 * 50)
    cut = plan("corpora.news.max_words", 20)
    assert workload.summaries(cut, "tiny", "news").read == 10 * (30 + workload.FRAME)


def test_a_summary_of_each_article_is_written(plan: Plan) -> None:
    assert workload.summaries(plan(), "tiny", "news") == Work(10, 10 * 250, 10 * 150)


def test_all_evaluations_of_an_arm_are_one_work(plan: Plan) -> None:
    asked = workload.answers(plan(), "tiny", plan().settings.evaluate)
    assert asked.rows == 10 * 2 * 2 + 1000 * 2 + 1000
    assert asked.written == 1000 * 24
    assert workload.answers(plan(), "tiny", ["keyfacts"]) == workload.NOTHING


def test_only_what_was_done_is_kept(tmp_path: Path) -> None:
    Meter().write(tmp_path / "idle.json", 1)
    Meter(read=4, seconds=2).write(tmp_path / "busy.json", 0)
    assert [path.name for path in tmp_path.glob("*.json")] == ["busy.json"]
