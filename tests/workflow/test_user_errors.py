"""Mistakes end in one sentence, and cost nothing that was computed."""

import functools
import hashlib
import json
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from contract import CHAINS
from project import TINY, Project

COMPUTED = ("results", "state", "logs", ".snakemake/metadata")
BROKEN = '{"id": "a", "article": "whole"}\n{"id": "b", "article": "torn\n'
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown stage": (
        {"arms": [{"model": "toy", "chains": ["base", "sgrt"]}], "contrasts": []},
        "chain 'sgrt': stage 'sgrt' is not defined; did you mean 'sgtr'?",
    ),
    "broken line": (
        {"sources": {"toy-news": {"path": "broken.jsonl"}}},
        "broken.jsonl, line 2: not valid JSON",
    ),
    "wrong hash of a source": (
        {"sources": {"toy-news": {"sha256": 64 * "0"}}},
        "source toy-news: resources/toy/news.jsonl has SHA-256",
    ),
    "wrong hash of the weights": (
        {"models": {"toy": {"weights": {"sha256": 64 * "0"}}}},
        "model toy: resources/toy/model has SHA-256",
    ),
    "unknown key": ({"bootstraps": 7}, "did you mean 'bootstrap'?"),
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server of one file, `chats.jsonl`; for anything else it says 404."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Says nothing on the console."""

    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "chats.jsonl").write_bytes(CHATS)
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


CHATS = (
    json.dumps({"messages": [{"role": r, "content": "Hi."} for r in ("user", "assistant")]}) + "\n"
).encode()


def by_url(project: Project, url: str, content: bytes) -> list[str]:
    """Configs with one more arm, trained on what the address gives."""
    source = {"url": url, "sha256": hashlib.sha256(content).hexdigest()}
    stage = {"recipe": "chat", "source": "remote", "training": {"epochs": 1}}
    more = {
        "arms": [{"model": "toy", "chains": [*CHAINS, "remote"]}],
        "sources": {"remote": source},
        "stages": {"remote": stage},
    }
    return [TINY, project.overlay("edit.yaml", more)]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_config_costs_nothing(edited: Project, mistake: str) -> None:
    config, sentence = MISTAKES[mistake]
    (edited.folder / "broken.jsonl").write_text(BROKEN, encoding="utf-8")
    before = edited.hashes(*COMPUTED)
    console = edited.run(configs=[TINY, edited.overlay("edit.yaml", config)], fails=True)
    assert console.count(sentence) == 1
    assert "Traceback" not in console
    assert edited.hashes(*COMPUTED) == before


def test_a_key_that_stands_twice_in_a_file_is_refused(project: Project, tmp_path: Path) -> None:
    twice = tmp_path / "twice.yaml"
    twice.write_text("stages: {}\nseeds: [0]\nstages: {}\n", encoding="utf-8")
    console = project.snakemake("-n", "--configfile", TINY, str(twice), fails=True)
    assert "twice.yaml, line 3: the key 'stages' stands in line 1 already" in console
    assert "Traceback" not in console


def test_numbers_within_brackets_of_the_command_line_are_numbers(project: Project) -> None:
    said = ["--config", "seeds=[0, 1, 2]", "budget={dollars: 100}"]
    console = project.snakemake("-n", "--configfile", TINY, *said)
    assert "results/finetune/toy/sgtr/2/model.json" in console


@pytest.mark.parametrize(
    "target",
    [
        "finetune/toy/sgrt/0/model.json",
        "finetune/toy/base/0/model.json",
        "finetune/tyo/sgtr/0/model.json",
        "finetune_hosted/toy/sgtr/0/model.json",
        "adopt/toy/sgtr/0/model.json",
        "dataset/toy/sgrt/0.jsonl",
        "evaluate/toy/sgtr+/0/examples.jsonl",
        "corpus/toy-nwes.jsonl",
    ],
)
def test_a_mistyped_target_is_one_that_no_rule_makes(project: Project, target: str) -> None:
    console = project.snakemake("-n", "--configfile", TINY, "--", f"results/{target}", fails=True)
    assert f"No rule to produce results/{target}" in console
    assert "Traceback" not in console


def test_a_source_that_is_not_there_costs_no_other_output(edited: Project, server: str) -> None:
    before = edited.hashes("results", "state", "logs")
    console = edited.run(configs=by_url(edited, f"{server}/none", CHATS), fails=True)
    assert f"mirrortest: remote: {server}/none could not be fetched (HTTP 404)" in console
    assert "Traceback" not in console
    after = edited.hashes("results", "state", "logs")
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == {"logs/fetch/remote.log"}


def test_a_source_with_another_content_is_not_taken(edited: Project, server: str) -> None:
    configs = by_url(edited, f"{server}/chats.jsonl", b"what we wanted")
    console = edited.run("results/fetch/remote", configs=configs, fails=True)
    assert f"has SHA-256 {hashlib.sha256(CHATS).hexdigest()}" in console
    assert "Traceback" not in console
    assert edited.hashes("results/fetch") == {}


def test_a_source_is_fetched_once(edited: Project, server: str) -> None:
    configs = by_url(edited, f"{server}/chats.jsonl", CHATS)
    edited.run("results/fetch/remote", configs=configs)
    assert (edited.folder / "results/fetch/remote").read_bytes() == CHATS
    assert "fetch remote" not in edited.planned("edit.yaml")
