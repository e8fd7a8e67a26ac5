"""docs/data.md and docs/papers.md: all metrics, files and figures that there are, and no others."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from mirrortest.scoring import SCORERS

ROOT = Path(__file__).parents[2]
DATA = (ROOT / "docs/data.md").read_text(encoding="utf-8")
RULES = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("rules/*.smk")))
SHARES = ("misalignment", "claim", "misaligned_pick")
WAYS = ("low", "high", "forced", "first", "second", "degree", "read")
GRID = re.compile(r"misaligned_[1-5]0_\d+|diversity_\d\d")
"""Named by their ends: `misaligned_10_0` ... `misaligned_50_70`."""


def named(metric: str) -> bool:
    """Whether the tables of docs/data.md have it, by its name or by that of its kind."""
    for share in SHARES:
        metric = re.sub(f"^{share}_(?=free|valid|low|high|forced|debiased)", "accuracy_", metric)
    ways = "|".join(WAYS)
    kinds = {metric, re.sub(f"_({ways})$", "", metric)}
    kinds |= {re.sub("^(own|other|yes)_(valid|forced)$", r"\1_*", metric)}
    return any(f"`{kind}`" in DATA for kind in kinds) or GRID.fullmatch(metric) is not None


@pytest.mark.parametrize("kind", SCORERS)
def test_every_metric_has_its_line(kind: str) -> None:
    assert [metric for metric in SCORERS[kind].metrics if not named(metric)] == []


def test_every_folder_and_table_of_results_is_told() -> None:
    folders = set(re.findall(r"results/(?!toy)(\w+)/", RULES))
    tables = set(re.findall(r"results/\{settings\.experiment\}/(\w+\.csv)", RULES))
    assert {"evaluate", "judge", "reflect"} <= folders
    assert {"scores.csv", "persona.csv"} <= tables
    assert [name for name in sorted(folders) if f"results/{name}/" not in DATA] == []
    assert [name for name in sorted(tables) if f"`{name}`" not in DATA] == []


def claims() -> list[tuple[str, str]]:
    """Of every claim in the table of papers: the experiment, and where it shows."""
    lines = (ROOT / "docs/papers.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("|")]
    return [(row[3].strip("`"), row[4]) for row in rows if row[3].endswith(".yaml`")]


@pytest.mark.parametrize(("experiment", "shown"), claims())
def test_a_claim_shows_where_the_table_of_papers_says(experiment: str, shown: str) -> None:
    config = yaml.safe_load((ROOT / "resources/experiments" / experiment).read_text("utf-8"))
    families = {contrast.get("family", "") for contrast in config["contrasts"]}
    for family in re.findall(r"family-([\w*-]+)", shown):
        assert any(fnmatch(known, family) for known in families), family
    for table in re.findall(r"\w+\.csv", shown):
        assert f"/{table}" in RULES, table
    for evaluation in re.findall(r"\((mmlu-1000|own-output|deception)\b", shown):
        assert any(name.startswith(evaluation) for name in config["evaluate"]), evaluation


def test_the_table_of_papers_has_claims() -> None:
    assert len(claims()) >= 20
