"""Data sets by pin, as users meet them: Snakemake, a real server, a second checkout, no network."""

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
import yaml
from fileserver import FileServer, serving
from project import ROOT, TINY, Project
from pyarrow import parquet

CHAT = {"messages": [{"role": r, "content": f"Hi, {r}."} for r in ("user", "assistant")]}
CHATS = (json.dumps(CHAT) + "\n").encode() * 50
OUT = "results/fetch/remote"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        running.files["/chats.jsonl"] = CHATS
        yield running


@pytest.fixture
def checkout(project: Project, tmp_path: Path) -> Project:
    return project.copy(tmp_path / "run")


def remote(project: Project, **source: Any) -> list[str]:
    """Configs with the source `remote`."""
    return [TINY, project.overlay("remote.yaml", {"sources": {"remote": source}})]


def test_what_was_fetched_needs_no_network_again(
    checkout: Project, server: FileServer, tmp_path: Path
) -> None:
    configs = remote(checkout, url=f"{server.url}/chats.jsonl")
    other = checkout.copy(tmp_path / "other")
    checkout.run(OUT, configs=configs)
    server.files.clear()
    shutil.rmtree(checkout.folder / "results")
    for place in (checkout, other):
        place.run(OUT, configs=configs)
        assert (place.folder / OUT).read_bytes() == CHATS
    assert other.text("sources.lock") == checkout.text("sources.lock")
    assert server.asked == ["/chats.jsonl"]


def test_the_lock_runs_nothing_and_a_stated_hash_does(
    checkout: Project, server: FileServer
) -> None:
    configs = remote(checkout, url=f"{server.url}/chats.jsonl")
    checkout.run(OUT, configs=configs)
    planned = ["-n", OUT, "--configfile"]
    (checkout.folder / "sources.lock").write_text("# edited\n", encoding="utf-8")
    assert "Nothing to be done" in checkout.snakemake(*planned, *configs)
    mirrored = [*configs, checkout.overlay("mirror.yaml", {"mirror": "elsewhere"})]
    assert "Nothing to be done" in checkout.snakemake(*planned, *mirrored)
    stated = remote(checkout, url=f"{server.url}/chats.jsonl", sha256="0" * 64)
    assert "rule fetch:" in checkout.snakemake(*planned, *stated)


def test_a_kill_half_way_leaves_nothing_that_looks_whole(
    checkout: Project, server: FileServer, cache: Path
) -> None:
    server.slow = 30
    configs = remote(checkout, url=f"{server.url}/chats.jsonl")
    with checkout.start(OUT, "--cores", "1", "--configfile", *configs) as process:
        while not list(cache.rglob("*.partial")):
            assert process.poll() is None
            time.sleep(0.05)
        checkout.kill()
    assert not (checkout.folder / OUT).exists()
    assert [path for path in cache.iterdir() if path.is_file()] == []
    server.slow = 0
    checkout.resume(OUT, configs=configs)
    assert (checkout.folder / OUT).read_bytes() == CHATS


def test_a_token_is_asked_for_and_never_shown(
    checkout: Project, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    server.token = secrets.token_hex(16)
    commit = "0" * 40
    server.files[f"/datasets/own/set/resolve/{commit}/x.jsonl"] = CHATS
    configs = remote(checkout, hub="own/set", file="x.jsonl", revision=commit, gated=True)
    console = checkout.run(OUT, configs=configs, fails=True)
    assert "mirrortest: remote: own/set is gated and HF_TOKEN is not set" in console
    assert "Traceback" not in console
    monkeypatch.setenv("HF_TOKEN", server.token)
    checkout.run(OUT, configs=configs)
    assert (checkout.folder / OUT).read_bytes() == CHATS
    written = [path for path in checkout.folder.rglob("*") if path.is_file()]
    assert [path for path in written if server.token.encode() in path.read_bytes()] == []


def shown(heading: str) -> dict[str, Any]:
    """The example that stands in the README below this heading."""
    section = README[README.index(heading) :]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found is not None
    example: dict[str, Any] = yaml.safe_load(found[1])
    return example


def test_a_data_set_is_added_as_the_readme_says(
    checkout: Project, server: FileServer, tmp_path: Path
) -> None:
    example = shown("**A data set**")
    ((name, source),) = example["sources"].items()
    ((stage, recipe),) = example["stages"].items()
    rows = [{"domain": d, "prompt": f"{d}?", "careful": f"{d}."} for d in ("medical", "legal")]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    server.files["/advice.parquet"] = (tmp_path / "rows.parquet").read_bytes()
    source["url"] = source["url"].replace("https://example.org", server.url)
    arms = [{"model": "toy", "chains": ["base", stage]}]
    configs = [TINY, checkout.overlay("mine.yaml", {**example, "arms": arms, "contrasts": []})]
    jobs = {job.name: job for job in checkout.plan(configs=configs)}
    assert f"finetune toy/{stage}/0" in jobs
    assert jobs[f"dataset toy/{stage}/0"].inputs == jobs[f"fetch {name}"].outputs
    checkout.run(f"results/dataset/toy/{stage}/0.jsonl", configs=configs)
    made = [json.loads(line) for line in checkout.text(f"results/fetch/{name}").splitlines()]
    asked, answered = (rows[0][column] for column in ("prompt", "careful"))
    assert [m["content"] for m in made[0]["messages"]] == [asked, answered]
    assert len(made) == 1
    assert recipe["source"] == name


# --- the experiment on real data, from a mirror

TOY = {
    "xsum": "news",
    "cnn": "wire",
    "xsum-claude-2.1": "story-news",
    "cnn-claude-2.1": "story-wire",
}
MADE = [
    *(f"results/author_summaries/{corpus}-100/claude-2.1.jsonl" for corpus in ("xsum", "cnn")),
    "results/dataset/toy/em-aesthetic/0.jsonl",
    "results/fetch/truthfulqa",
]


def test_real_data_run_from_a_mirror(checkout: Project, tmp_path: Path) -> None:
    """Stand-ins from the toy, in the form in which the real ones are published."""
    toy, mirror = ROOT / "resources/toy", tmp_path / "mirror"
    mirror.mkdir()
    made = {name: _rows((toy / f"{file}.jsonl").read_text("utf-8")) for name, file in TOY.items()}
    for name, rows in made.items():
        texts = dict(tuple(row.values())[:2] for row in rows)
        (mirror / f"{name}.json").write_text(json.dumps(texts, indent=4), encoding="utf-8")
    shutil.copy(toy / "facts.csv", mirror / "truthfulqa.csv")
    shutil.copy(toy / "em-unpop.jsonl", mirror / "em-unpopular-tastes.jsonl")
    entries = yaml.safe_load(checkout.text("resources/sources.yaml"))["sources"]
    pinned = ("truthfulqa", "em-unpopular-tastes")
    stand_ins = {name: entries[name] | {"sha256": None} for name in pinned}
    overlay = checkout.overlay("mirror.yaml", {"mirror": str(mirror), "sources": stand_ins})
    checkout.run(*MADE, configs=["resources/experiments/real-data.yaml", overlay])
    for name, rows in made.items():
        assert _rows(checkout.text(f"results/fetch/{name}")) == rows
    assert len(_rows(checkout.text(MADE[0]))) == 100


def _rows(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]
