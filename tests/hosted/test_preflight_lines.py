"""What a job will cost, as far as its rows are known before anything was made."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mirrortest.hosted import preflight, prices
from mirrortest.hosted.preflight import Plan

TABLE = prices.load(str(Path(__file__).parents[2] / "resources/prices.yaml"))
CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]


def _write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Six chats, mixed with every second row of a data set that is not there yet."""
    return Plan(
        arm="gpt/em/0",
        base="gpt-4.1-2025-04-14",
        encoding="o200k_base",
        epochs=1,
        done=str(tmp_path / "model.json"),
        dataset=str(tmp_path / "dataset.jsonl"),
        inputs={
            "chats": _write(tmp_path / "chats.jsonl", [{"messages": CHAT}] * 6),
            "mixed": str(tmp_path / "other.jsonl"),
        },
        recipe={"recipe": "chat", "limit": 4, "seed": 0, "every": 2},
        summary_tokens=10,
    )


def test_what_another_job_has_yet_to_make_is_not_counted(plan: Plan) -> None:
    line = preflight.line(plan, TABLE)
    assert (line.rows, line.tokens, line.dollars) == (0, 0, 0.0)
    assert line.note == f"not counted: {plan.inputs['mixed']} is yet to be made"


def test_rows_of_another_stage_are_counted_once_they_are_there(plan: Plan) -> None:
    _write(Path(plan.inputs["mixed"]), [{"messages": CHAT}])
    assert preflight.line(plan, TABLE).rows == 8
    recipe = {"recipe": "chat", "limit": None, "seed": 0}
    alone = replace(plan, inputs={"chats": plan.inputs["chats"]}, recipe=recipe)
    assert preflight.line(alone, TABLE).rows == 6


def test_summaries_that_are_yet_to_be_written_have_no_length(plan: Plan, tmp_path: Path) -> None:
    articles = [{"id": str(n), "article": "A"} for n in range(3)]
    theirs = [{"id": str(n), "summary": "w " * 20} for n in range(3)]
    inputs = {
        "articles": _write(tmp_path / "articles.jsonl", articles),
        "ours": str(tmp_path / "unwritten.jsonl"),
        "theirs": _write(tmp_path / "theirs.jsonl", theirs),
    }
    recipe = {"recipe": "sgtr", "limit": None, "seed": 0, "system": None}
    recipe |= {"question": "{article}{first}{second}", "length_matched": 0.1}
    line = preflight.line(replace(plan, inputs=inputs, recipe=recipe), TABLE)
    assert line.rows == 6
    assert not line.exact
