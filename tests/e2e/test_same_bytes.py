"""A run that grew by a seed holds the same bytes as one that had both seeds from the start.

The finished run has more arms and evaluations; what else an experiment holds changes nothing.
"""

from pathlib import Path

import pytest
from project import TINY, Project, without_seconds

EVALUATIONS = ["recognition-own", "facts-toy"]
TABLES = ("results/grown/scores.csv", "results/grown/summary.csv")
EXAMPLES = "examples.jsonl"
"""They are of all evaluations of an experiment."""
SHARED = ("corpus", "author_summaries", "base", "summarise", "dataset", "finetune", "evaluate")


def config(seeds: list[int]) -> dict:
    arms = [{"model": "toy", "chains": ["sgtr"]}]
    return {
        "experiment": "grown",
        "arms": arms,
        "seeds": seeds,
        "evaluate": EVALUATIONS,
        "contrasts": [],
    }


@pytest.fixture(scope="module")
def grown(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Run with one seed, then with a second one."""
    run = project.copy(tmp_path_factory.mktemp("grown") / "run")
    for seeds in ([0], [0, 1]):
        run.run(*TABLES, configs=[TINY, run.overlay("edit.yaml", config(seeds))])
    return run


def test_artefacts_are_the_same(grown: Project, finished: Project) -> None:
    ours = without_seconds(grown, *(f"results/{name}" for name in SHARED))
    ours = {path: value for path, value in ours.items() if Path(path).name != EXAMPLES}
    theirs = without_seconds(finished, *(f"results/{name}" for name in SHARED))
    assert len([path for path in ours if path.endswith("adapter_model.safetensors")]) == 2
    assert len([path for path in ours if path.startswith("results/evaluate")]) == 4
    assert ours == {path: theirs[path] for path in ours}


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_the_same(grown: Project, finished: Project, table: str) -> None:
    ours = grown.text(table).splitlines()
    whole = finished.text(f"results/demo/{Path(table).name}").splitlines()
    ours_in_whole = [
        line
        for line in whole[1:]
        if line.startswith("toy,sgtr,") and any(f",{name}," in line for name in EVALUATIONS)
    ]
    assert len(ours) > 20
    assert ours == [whole[0], *ours_in_whole]
