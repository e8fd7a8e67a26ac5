"""docs/evaluations: every task has its row, and what a row says is so."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from mirrortest.evaluations import module, tasks
from mirrortest.headlines import HEADLINES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "evaluations"


class Row(NamedTuple):
    task: str
    scoring: str
    sets: list[str]
    leading: str
    page: str


def index() -> list[Row]:
    text = (DOCS / "README.md").read_text(encoding="utf-8").split("\n\n## ")[0]
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [_row(line) for line in lines]


def _row(cells: list[str]) -> Row:
    task, _, scoring = cells[0].strip("| `").partition("`, `scoring: ")
    known = scoring or module(task).ENTRY.scoring
    page = re.findall(r"\]\(([^)]+)\)", cells[6])
    return Row(task, known, re.findall(r"`([^`]+)`", cells[3]), cells[5].strip("`"), *page)


def paths(pattern: str) -> list[str]:
    return [f"docs/evaluations/{path.name}" for path in sorted(DOCS.glob(pattern))]


def test_every_task_is_in_the_index() -> None:
    assert {row.task for row in index()} == set(tasks())


def test_every_task_has_a_page_that_names_it() -> None:
    for row in index():
        page = (DOCS / row.page).read_text(encoding="utf-8")
        names = (row.task, f"task: {row.task}") if row.task != "free-form" else (row.scoring,)
        assert any(f"`{name}`" in page or f"`scoring: {name}`" in page for name in names), row


def test_the_leading_score_is_the_one_of_the_report() -> None:
    rows = index()
    assert len(rows) == 23
    for row in rows:
        assert row.leading == HEADLINES[row.scoring].metrics[0], row.task


def test_question_sets_of_the_index_are_those_that_ship() -> None:
    shipped = {path.stem for path in (ROOT / "resources" / "questions").iterdir()}
    named = {name for row in index() for name in row.sets if name != "trait-*"}
    assert named | {name for name in shipped if name.startswith("trait-")} == shipped


@pytest.mark.parametrize("page", paths("*.md"))
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", text):
        assert not target or ((ROOT / page).parent / target).exists(), target


def test_counts_on_the_pages_are_those_of_the_files() -> None:
    stated = {
        name: int(number)
        for page in paths("*.md")
        for name, number in re.findall(
            r"^\| `([a-z0-9-]+)` \| (\d+) \|", (ROOT / page).read_text(encoding="utf-8"), re.M
        )
    }
    files = {path.stem: path for path in (ROOT / "resources" / "questions").iterdir()}
    counted = {name: number for name, number in stated.items() if name in files}
    assert len(counted) == 11
    for name, number in counted.items():
        assert len(yaml.safe_load(files[name].read_text(encoding="utf-8"))) == number, name


def test_every_experiment_is_in_the_table_of_papers(root: Path) -> None:
    table = (root / "docs/papers.md").read_text(encoding="utf-8")
    experiments = sorted(path.name for path in root.glob("resources/experiments/*.yaml"))
    assert len(experiments) >= 14
    assert [name for name in experiments if f"`{name}`" not in table] == []
