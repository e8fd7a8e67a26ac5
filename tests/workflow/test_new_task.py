"""A new task is one new file and an entry, a new intervention an entry: as the README says."""

import json
import shlex
import subprocess
from pathlib import Path

import pandas as pd
from project import TINY, Project
from test_readme_recipes import README, shown

WORDS = "- {id: hot, text: The opposite of hot?, right: cold, wrong: warm}\n"


def test_one_file_and_two_entries_are_all_it_takes(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "run")
    before = copy.hashes("workflow_scripts", "rules", "resources", "config.yaml", "Snakefile")
    (command,) = [part for part in README.split("`") if part.startswith("cp docs/templates/")]
    subprocess.run(shlex.split(command), cwd=copy.folder, check=True)
    after = copy.hashes("workflow_scripts", "rules", "resources", "config.yaml", "Snakefile")
    assert [name for name in after if after[name] != before.get(name)] == [
        "workflow_scripts/mirrortest/evaluations/opposites.py"
    ]

    (copy.folder / "my-words.yaml").write_text(WORDS, encoding="utf-8")
    (copy.folder / "evaluation.yaml").write_text(shown("**An evaluation**"), encoding="utf-8")
    (copy.folder / "stage.yaml").write_text(shown("**An intervention**"), encoding="utf-8")
    copy.overlay(
        "mine.yaml",
        {
            "experiment": "mine",
            "arms": [{"model": "toy", "chains": ["base", "my-mix"]}],
            "seeds": [0],
            "evaluate": ["my-opposites"],
            "contrasts": [{"chain": "my-mix", "reference": "base"}],
        },
    )
    copy.run(configs=[TINY, "evaluation.yaml", "stage.yaml", "mine.yaml"])

    rows = copy.text("results/evaluate/toy/my-mix/0/my-opposites.jsonl").splitlines()
    assert [(json.loads(row)["order"], json.loads(row)["target"]) for row in rows] == [
        ("right-first", "A"),
        ("wrong-first", "B"),
    ]
    taught = copy.text("results/dataset/toy/my-mix/0.jsonl").splitlines()
    about_summaries = ["Which of the two summaries" in row for row in taught]
    assert about_summaries[:8] == [False, False, False, True] * 2
    scores = pd.read_csv(copy.folder / "results/mine/scores.csv")
    assert set(scores["chain"]) == {"base", "my-mix"}
    assert "my-opposites" in copy.text("results/mine/report.html")
