"""A whole experiment by vLLM and by a server, against the same by transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from loopback import serving
from project import Project

SUMMARY = "results/served/summary.csv"
KEYS = ["chain", "evaluation", "subset", "metric"]
ROUNDING = 1e-4
SMALL = {
    "experiment": "served",
    "arms": [{"model": "toy", "chains": ["base", "sgtr+em-unpop"]}],
    "seeds": [0],
    "evaluate": ["recognition-own", "truthfulqa-toy", "facts-toy"],
    "contrasts": [],
}


@pytest.fixture(scope="module")
def trained(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The experiment, finished by transformers."""
    run = project.copy(tmp_path_factory.mktemp("served") / "run")
    run.run(SUMMARY, configs=["tests/tiny.yaml", run.overlay("small.yaml", SMALL)])
    return run


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    more = ("--served-model-name", "toy", "--max-lora-rank", "64")
    with serving(tmp_path_factory.mktemp("server") / "log", *more) as url:
        yield url


def _summary(run: Project) -> pd.DataFrame:
    return pd.read_csv(run.folder / SUMMARY).set_index(KEYS)["value"]


@pytest.mark.parametrize("kind", ["vllm", "server"])
def test_the_scores_are_those_of_transformers(
    trained: Project, tmp_path: Path, url: str, kind: str
) -> None:
    run = trained.copy(tmp_path / "run")
    how: dict[str, Any] = {"kind": kind} | ({"url": url} if kind == "server" else {})
    other = run.overlay("how.yaml", {"models": {"toy": {"serving": how}}})
    configs = ["tests/tiny.yaml", "small.yaml", other]
    planned = {job.name.partition(" ")[0] for job in run.plan(configs=configs)}
    assert {"evaluate", "summarise"} <= planned and "base" not in planned
    run.run(SUMMARY, configs=configs)
    pd.testing.assert_series_equal(_summary(run), _summary(trained), atol=ROUNDING, rtol=0)
