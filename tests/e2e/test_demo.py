"""What a finished run leaves behind. No test asks for a particular outcome."""

import base64
import itertools
import json
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml
from project import NOTHING, TINY, Project

DEMO = "results/demo"
NUMBERS = ["value", "low", "high", "n"]
METRIC = ["evaluation", "task", "subset", "metric", "leading"]
SCORES = ["model", "chain", "seed", *METRIC, *NUMBERS, "p_chance"]
SUMMARY = ["model", "chain", "seeds", *METRIC, *NUMBERS, "p_chance"]
CONTRASTS = [
    *("family", "model", "chain", "reference", *METRIC),
    *("seeds", "reference_seeds", "paired_seeds", *NUMBERS),
    *("p", "p_holm", "cohen_h", "detectable", "margin", "p_equivalence", "finding"),
]
DECOMPOSITION = [
    *("family", "model", "chain", "reference", "evaluation", "task", "metric", "part"),
    *("value", "low", "high"),
]
FLAGS = ["flag", "model", "chain", "reference", "evaluation", "value", "threshold", "why", "mend"]
FIGURES = (
    *("recognition", "misalignment", "recognition_misalignment"),
    *("family-identity", "family-before-and-after", "contrasts", "decomposition", "training"),
)
ROUNDING = 1e-6


class Addresses(HTMLParser):
    """Collects what a page loads or links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "data")]


@pytest.fixture(scope="module")
def settings(finished: Project) -> dict:
    return yaml.safe_load(finished.text(TINY))


def table(run: Project, name: str) -> pd.DataFrame:
    return pd.read_csv(run.folder / DEMO / name)


def rows(run: Project, arm: str, evaluation: str) -> pd.DataFrame:
    return pd.read_json(
        run.folder / f"results/evaluate/toy/{arm}/{evaluation}.jsonl",
        lines=True,
        dtype={"free": str, "target": str},
    )


def test_the_report_needs_nothing_but_itself(finished: Project) -> None:
    page = finished.text(f"{DEMO}/report.html")
    addresses = Addresses(page).found
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "@import" not in page and "url(http" not in page


def test_the_report_shows_every_figure(finished: Project) -> None:
    addresses = Addresses(finished.text(f"{DEMO}/report.html")).found
    shown = {address.partition(",")[2] for address in addresses if address.startswith("data:")}
    drawn = [finished.folder / DEMO / f"figures/{name}.svg" for name in FIGURES]
    assert {base64.b64encode(path.read_bytes()).decode() for path in drawn} <= shown


def test_every_figure_has_its_table(finished: Project) -> None:
    found = {Path(name).name for name in finished.hashes(f"{DEMO}/figures")}
    wanted = itertools.product(FIGURES, ("png", "svg", "csv"))
    assert found == {f"{name}.{kind}" for name, kind in wanted}
    for name in FIGURES:
        assert len(table(finished, f"figures/{name}.csv")) > 0


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("scores.csv", SCORES),
        ("summary.csv", SUMMARY),
        ("contrasts.csv", CONTRASTS),
        ("decomposition.csv", DECOMPOSITION),
        ("flags.csv", FLAGS),
    ],
)
def test_tables_have_the_documented_columns(
    finished: Project, name: str, columns: list[str]
) -> None:
    assert list(table(finished, name).columns) == columns


def test_every_arm_and_seed_has_scores_of_every_evaluation(
    finished: Project, settings: dict
) -> None:
    chains = settings["arms"][0]["chains"]
    seeds = {chain: [0] if chain == "base" else settings["seeds"] for chain in chains}
    wanted = {
        (chain, seed, name)
        for chain in chains
        for seed in seeds[chain]
        for name in settings["evaluate"]
    }
    scores = table(finished, "scores.csv")
    assert set(zip(scores["chain"], scores["seed"], scores["evaluation"], strict=True)) == wanted
    pooled = table(finished, "summary.csv")
    assert (pooled["seeds"] == pooled["chain"].map(lambda chain: len(seeds[chain]))).all()


def test_contrasts_are_those_of_the_config(finished: Project, settings: dict) -> None:
    found = table(finished, "contrasts.csv")
    wanted = {(pair["chain"], pair["reference"]) for pair in settings["contrasts"]}
    assert set(zip(found["chain"], found["reference"], strict=True)) == wanted


@pytest.mark.parametrize(
    ("name", "least"), [("scores.csv", 0), ("summary.csv", 0), ("contrasts.csv", -1)]
)
def test_values_lie_in_their_intervals_and_ranges(
    finished: Project, name: str, least: float
) -> None:
    found = table(finished, name)
    some = found[found["n"] > 0]
    assert len(some) > 50
    assert (some["low"] <= some["value"] + ROUNDING).all()
    assert (some["value"] <= some["high"] + ROUNDING).all()
    assert some["low"].min() >= least and some["high"].max() <= 1


@pytest.mark.parametrize("arm", ["base/0", "sgtr+em-unpop/1"])
@pytest.mark.parametrize("evaluation", ["recognition-own", "truthfulqa-toy"])
def test_every_choice_is_asked_in_both_orders(finished: Project, arm: str, evaluation: str) -> None:
    found = rows(finished, arm, evaluation).groupby(["item", "stratum"])
    assert (found["order"].nunique() == 2).all()
    assert (found["target"].nunique() == 2).all()
    assert (found.size() == 2).all()


def test_the_base_is_asked_once_whatever_the_seeds(finished: Project) -> None:
    for folder in ("results/evaluate/toy/base", "results/summarise/toy-wire/toy/base"):
        assert {Path(name).stem for name in (finished.folder / folder).iterdir()} == {"0"}


def test_a_score_is_what_the_rows_say(finished: Project) -> None:
    raw = rows(finished, "sgtr+em-unpop/1", "recognition-own")
    right = raw[raw["stratum"] == "story"].eval("free == target")
    scores = table(finished, "scores.csv").query(
        "chain == 'sgtr+em-unpop' and seed == 1 and evaluation == 'recognition-own' "
        "and subset == 'story' and metric == 'accuracy_free'"
    )
    assert scores["value"].tolist() == [round(right.mean(), 6)]
    assert scores["n"].tolist() == [len(right)]


def test_a_trained_arm_says_what_it_was_trained_on(finished: Project) -> None:
    folder = "results/finetune/toy/sgtr+em-unpop/1"
    arm = json.loads(finished.text(f"{folder}/model.json"))
    assert [stage["stage"] for stage in arm["stages"]] == ["sgtr", "em-unpop"]
    for stage in arm["stages"]:
        assert finished.hashes(stage["dataset"]) == {stage["dataset"]: stage["dataset_sha256"]}
    assert len(pd.read_csv(finished.folder / folder / "training.csv")) == arm["stages"][1]["steps"]


def test_a_second_run_does_nothing(edited: Project) -> None:
    before = edited.hashes("results", "state", "logs")
    assert NOTHING in edited.run()
    assert edited.hashes("results", "state", "logs") == before


def test_snakemakes_own_report_is_made(edited: Project) -> None:
    edited.snakemake("--report", "workflow.html", "--configfile", TINY)
    assert "Self-recognition" in edited.text("workflow.html")
