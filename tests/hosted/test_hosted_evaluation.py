"""Hosted arms under Snakemake: asked once, archived, and answered again from the archive."""

import gzip
import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosted.office import NO_NETWORK
from hosted.stub.control import Stub, running
from project import NOTHING, TINY, Project

CANARY = f"sk-canary-{secrets.token_hex(16)}"
"""Drawn, because the run's folder holds this file too."""
EVALUATIONS = ["recognition-own", "truthfulqa-toy", "facts-toy"]
CHAINS = ["base", "em-unpop"]
ARCHIVES = [f"results/archive/gpt-4.1/{chain}/0.jsonl.gz" for chain in CHAINS]
ROWS = [
    f"results/evaluate/gpt-4.1/{chain}/0/{name}.jsonl" for chain in CHAINS for name in EVALUATIONS
]
HOSTED: dict[str, Any] = {
    "arms": [{"model": "gpt-4.1", "chains": CHAINS}],
    "seeds": [0],
    "contrasts": [],
    "evaluate": EVALUATIONS,
    "budget": {"dollars": 5.0},
    "prices": "tests/hosted/prices.yaml",
    "submission": {"poll_seconds": 0.1, "look_again_seconds": [0.1]},
}


@pytest.fixture(scope="module")
def asked(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Project, Stub]]:
    """A run that has asked and archived two arms, through some faults, and its stub."""
    folder = tmp_path_factory.mktemp("hosted")
    with (
        running(folder / "stub", key=CANARY, polls=0) as stub,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in (stub.environment | NO_NETWORK).items():
            patch.setenv(name, value)
        for fault in ("server_error", "close", "truncated", "html", "content_filter"):
            stub.script("chat.create", fault, skip=20)
        run = project.copy(folder / "run")
        run.overlay("hosted.yaml", HOSTED)
        run.run(*ARCHIVES, configs=[TINY, "hosted.yaml"])
        yield run, stub


def test_every_call_that_was_paid_for_is_archived(asked: tuple[Project, Stub]) -> None:
    run, stub = asked
    calls = [
        json.loads(line)
        for path in ARCHIVES
        for line in gzip.decompress((run.folder / path).read_bytes()).splitlines()
    ]
    assert len({call["key"] for call in calls}) == len(calls)
    filtered = [call for call in calls if call["status"] == 400]
    assert len(filtered) == 1
    # truncated and html were paid and were no answers; the trained model was probed once
    assert stub.counters().chat_calls == len(calls) - len(filtered) + 2 + 1


def test_the_hash_beside_it_is_that_of_the_archive(asked: tuple[Project, Stub]) -> None:
    run, _ = asked
    for path in ARCHIVES:
        place = run.folder / path
        subprocess.run(["sha256sum", "-c", f"{place.name}.sha256"], cwd=place.parent, check=True)


def test_packing_again_gives_the_same_bytes_and_asks_nothing(asked: tuple[Project, Stub]) -> None:
    run, stub = asked
    before, paid = run.hashes("results/archive"), stub.counters().chat_calls
    overlay = [TINY, "hosted.yaml"]
    run.run(*ARCHIVES, "--forcerun", "archive", "evaluate", configs=overlay)
    assert run.hashes("results/archive") == before
    assert stub.counters().chat_calls == paid


def test_a_larger_budget_runs_nothing_again(asked: tuple[Project, Stub]) -> None:
    run, _ = asked
    more = run.overlay("more.yaml", {"budget": {"dollars": 50.0}})
    assert NOTHING in run.run(*ARCHIVES, configs=[TINY, "hosted.yaml", more])


def test_the_key_is_nowhere_on_the_disk(asked: tuple[Project, Stub]) -> None:
    run, _ = asked
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    places = {path.relative_to(run.folder).parts[0] for path in files}
    assert {"results", "logs", "state", ".snakemake"} <= places
    for path in files:
        content = path.read_bytes()
        assert CANARY.encode() not in content, path
        assert CANARY.encode()[-24:] not in content, path


def test_the_archive_answers_without_provider_key_or_budget(
    asked: tuple[Project, Stub],
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, _ = asked
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    again = project.copy(tmp_path / "again")
    (again.folder / "kept").symlink_to(run.folder / "results/archive")
    serving = {"kind": "replay", "archive": "kept"}
    replay = HOSTED | {"models": {"gpt-4.1": {"serving": serving}}}
    again.overlay("replay.yaml", {key: replay[key] for key in replay if key != "budget"})
    again.run(*ROWS, configs=[TINY, "replay.yaml"])
    assert {again.text(path) for path in ROWS} == {run.text(path) for path in ROWS}
    more = again.overlay("more.yaml", {"evaluations": {"facts-toy": {"limit": 20}}})
    console = again.run(*ROWS, configs=[TINY, "replay.yaml", more], fails=True)
    assert "does not hold" in console
