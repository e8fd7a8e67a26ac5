"""Each edit of a finished run causes exactly the jobs that the contract names."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from contract import ALL_EVALUATIONS, CASES, Case
from project import TINY, Project

NEW, ROWS = "truthfulqa-bare", "results/evaluate"
ADDED = next(case for case in CASES if NEW in case.config.get("evaluate", []))


@pytest.fixture(scope="module")
def kept(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished run that each case edits and restores."""
    return finished.copy(tmp_path_factory.mktemp("contract") / "run")


@contextmanager
def edit(project: Project, case: Case) -> Iterator[list[str]]:
    """The overlays to plan with; the files are as they were when the block ends."""
    before = {name: project.text(name) for name in case.files}
    for name, (old, new) in case.files.items():
        assert old in before[name]
        (project.folder / name).write_text(before[name].replace(old, new, 1), encoding="utf-8")
    yield [project.overlay("edit.yaml", case.config)] if case.config else []
    for name, text in before.items():
        (project.folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.edit)
def test_an_edit_rebuilds_exactly(kept: Project, case: Case) -> None:
    with edit(kept, case) as overlays:
        found = set(kept.planned(*overlays))
    assert {"too many": found - case.jobs, "missing": case.jobs - found} == {
        "too many": set(),
        "missing": set(),
    }


def test_a_stage_defined_anew_has_none_of_the_old_hyperparameters(kept: Project) -> None:
    """The toy's learning rate is not the default, and is no part of the new definition."""
    stage = {"recipe": "chat", "source": "toy-em-unpop", "system": "identity", "limit": 48}
    overlay = kept.overlay("edit.yaml", {"stages": {"em-unpop": stage}})
    learning_rate = next(case for case in CASES if case.edit == "a stage's learning rate")
    assert set(kept.planned(overlay)) == learning_rate.jobs


def test_touching_every_file_rebuilds_nothing(edited: Project) -> None:
    for path in edited.folder.rglob("*"):
        if ".snakemake" not in path.parts:
            path.touch()
    assert edited.planned() == []


def test_visiting_another_branch_rebuilds_nothing(edited: Project) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(
            ["git", *identity, *arguments], cwd=edited.folder, check=True, capture_output=True
        )

    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "as it was")
    git("checkout", "-b", "other")
    for name in ("config.yaml", "workflow_scripts/finetune.py", "resources/toy/news.jsonl"):
        (edited.folder / name).write_text("other\n", encoding="utf-8")
    git("commit", "-am", "all different")
    git("checkout", "main")
    assert edited.planned() == []


def test_replaced_weights_are_not_taken_for_the_old_ones(edited: Project) -> None:
    with (edited.folder / "resources/toy/model/config.json").open("a") as file:
        file.write("\n")
    assert "resources/toy/model has SHA-256" in edited.run("-n", fails=True)


def test_an_added_evaluation_asks_no_old_question_and_keeps_old_rows(edited: Project) -> None:
    arms = ("toy/base/0", "toy/sgtr+em-unpop/1")
    folders = [f"{place}/{arm}" for place in ("state/journal/evaluate", ROWS) for arm in arms]
    before = edited.hashes(*folders)
    configs = [TINY, edited.overlay("edit.yaml", ADDED.config)]
    edited.run(*(f"{ROWS}/{arm}/{NEW}.jsonl" for arm in arms), configs=configs)
    after = edited.hashes(*folders)
    examples = {f"{ROWS}/{arm}/examples.jsonl" for arm in arms}
    kept = before.keys() - examples
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}
    assert sum(path.startswith(ROWS) for path in kept) == len(arms) * len(ALL_EVALUATIONS)
    assert set(after) - set(before) == {f"{folder}/{NEW}.jsonl" for folder in folders}
    left = ADDED.jobs - {f"evaluate {arm}" for arm in arms}
    assert set(edited.planned("edit.yaml")) == left
