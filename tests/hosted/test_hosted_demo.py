"""The hosted demo from end to end, shrunken: one arm blocked, another because it builds on it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hosted.demo import CENT, CONFIG, compared, offered
from hosted.office import NO_NETWORK
from hosted.stub.control import Stub, running
from project import NOTHING, ROOT, Project

from mirrortest.hosted.spending import Spending

SETTINGS = yaml.safe_load((ROOT / CONFIG).read_text(encoding="utf-8"))
SMALL: dict[str, Any] = {
    "arms": [{"model": "toy-hosted", "chains": ["base", "em-unpop", "em-twin", "em-twin+sgtr"]}],
    "evaluate": ["recognition-own", "truthfulqa-toy"],
    "contrasts": [
        {"family": "tastes", "chain": "em-unpop", "reference": "base"},
        {"family": "tastes", "chain": "em-twin", "reference": "base"},
        {"family": "twin", "chain": "em-twin+sgtr", "reference": "em-twin"},
    ],
    "bootstrap": 50,
    "corpora": {"toy-news": {"limit": 10}, "toy-wire": {"limit": 5}},
    "stages": {"em-unpop": {"limit": 10}, "em-twin": {"limit": 10}},
    "evaluations": {"truthfulqa-toy": {"limit": 5}},
    "submission": {"poll_seconds": 0.1, "look_again_seconds": [0.1]},
}
CONFIGS = [CONFIG, "small.yaml"]
REPORT = "results/demo-hosted/report.html"
ROWS = [
    f"results/evaluate/toy-hosted/{chain}/0/{name}.jsonl"
    for chain in ("base", "em-unpop", "em-twin")
    for name in SMALL["evaluate"]
]


@pytest.fixture(scope="module")
def ran(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Project, Stub]]:
    """A copy in which all of it has run, and its stub."""
    folder = tmp_path_factory.mktemp("demo")
    with (
        running(folder / "stub", polls=0, **offered(SETTINGS)) as stub,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in (stub.environment | NO_NETWORK).items():
            patch.setenv(name, value)
        stub.fate("job", "blocked", containing=SETTINGS["system_prompts"]["twin"], times=None)
        run = project.copy(folder / "run")
        run.overlay("small.yaml", SMALL)
        run.run(configs=CONFIGS)
        yield run, stub


def test_the_costs_add_up_to_the_cent(ran: tuple[Project, Stub]) -> None:
    run, stub = ran
    spending, billed = Spending(run.folder / "state/hosted/spending.sqlite", 0.0), stub.settle()
    assert billed.jobs_billed == 2
    assert abs(spending.spent() - billed.dollars) < CENT / 100
    assert spending.reserved() == 0
    # of what was spent the report lacks but the one token by which a trained model was tried
    found = re.search(r"In all \$([\d.]+):", run.text(REPORT))
    assert found is not None
    assert abs(float(found[1]) - billed.dollars) < CENT


def test_the_demo_fails_if_they_do_not(stub: Stub, tmp_path: Path) -> None:
    spending = Spending(tmp_path / "state/hosted/spending.sqlite", 1.0)
    assert "billed by the stub: $0.0000" in compared(tmp_path, stub)
    spending.settle("a call that nobody had", 0.02)
    with pytest.raises(SystemExit, match="do not add up"):
        compared(tmp_path, stub)


def test_a_blocked_arm_is_shown_as_blocked_with_the_providers_words(
    ran: tuple[Project, Stub],
) -> None:
    run, _ = ran
    page = run.text(REPORT)
    sections = dict(re.findall(r'<h2 id="(\w+)">(.*?)(?=<h2 |</body>)', page, re.DOTALL))
    assert sections["absent"].count("was blocked from deployment") == 2
    assert "it builds on toy-hosted/em-twin/0, which is blocked" in sections["absent"]
    assert sections["findings"].count(">not measured</span>") == 2
    assert "em-twin is blocked: job ftjob-" in sections["findings"]
    assert "em-twin+sgtr is blocked and em-twin is blocked: job" in sections["findings"]
    for place in ("figures", "examples"):
        assert "em-twin (blocked), em-twin+sgtr (blocked)" in sections[place]
    assert sections["tables"].count(">blocked</td>") == 2 * len(SMALL["evaluate"])
    assert sections["tables"].count("not measured") == 2 * 2


def test_what_was_not_blocked_is_measured(ran: tuple[Project, Stub]) -> None:
    run, _ = ran
    scores = pd.read_csv(run.folder / "results/demo-hosted/scores.csv")
    assert set(scores["chain"]) == {"base", "em-unpop"}
    assert set(pd.read_csv(run.folder / "results/demo-hosted/contrasts.csv")["family"]) == {
        "tastes"
    }


def test_a_second_run_has_nothing_to_do_and_asks_nothing(ran: tuple[Project, Stub]) -> None:
    run, stub = ran
    before = stub.counters().requests
    assert NOTHING in run.run(configs=CONFIGS)
    assert stub.counters().requests == before


def test_the_archive_stands_in_for_a_provider_that_is_gone(
    ran: tuple[Project, Stub], project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for arms that it never had."""
    run, _ = ran
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    again = project.copy(tmp_path / "again")
    (again.folder / "kept").symlink_to(run.folder / "results/archive")
    serving = {"kind": "replay", "archive": "kept"}
    again.overlay("small.yaml", SMALL | {"models": {"toy-hosted": {"serving": serving}}})
    again.run(*ROWS, configs=CONFIGS)
    assert {path: again.text(path) for path in ROWS} == {path: run.text(path) for path in ROWS}
    assert [path for path in ROWS if not run.text(path)] == ROWS[-2:]
