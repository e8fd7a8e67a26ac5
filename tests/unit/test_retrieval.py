"""The file of a source, from a real server, a mirror, or what was fetched before."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fileserver import FileServer, serving
from urllib3.util import Retry

from mirrortest import pins
from mirrortest.errors import UserError
from mirrortest.retrieval import Remote, retrieve

CONTENT, NEWER = b'{"id": "1"}\n' * 100, b'{"id": "2"}\n'
SHA256, NEWER_SHA256 = (hashlib.sha256(text).hexdigest() for text in (CONTENT, NEWER))
TOKEN = "hf_secret"


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, a checkout in which nothing was fetched. No waiting between attempts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Retry, "sleep", lambda self, response=None: None)
    return tmp_path


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        running.files["/set.jsonl"] = CONTENT
        running.files["/datasets/own/set/resolve/main/set.jsonl"] = CONTENT
        yield running


@pytest.fixture
def remote(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Remote]:
    """remote(): a file at an address; remote(hub=...): on the hub, which is the same server."""
    monkeypatch.setenv("HF_ENDPOINT", server.url)

    def make(**stated: str | bool) -> Remote:
        where = {"file": "set.jsonl", "revision": "main"} if "hub" in stated else {}
        address = where or {"url": f"{server.url}/set.jsonl"}
        return Remote(name="set", **address, **stated)  # type: ignore[arg-type]

    return make


def _refused(remote: Remote, mirror: str | None = None) -> str:
    """The sentence of a retrieval that fails."""
    with pytest.raises(UserError) as caught:
        retrieve(remote, mirror)
    return str(caught.value)


def _cached(cache: Path) -> list[str]:
    """What was kept, and what was begun."""
    whole = [path.name for path in cache.iterdir() if path.is_file()]
    return sorted(whole + [path.name for path in cache.rglob("*.partial")])


def _another_checkout(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "other").mkdir()
    monkeypatch.chdir(checkout / "other")


@pytest.mark.parametrize("stated", [{"sha256": SHA256}, {}])
def test_a_file_is_fetched_once_for_all_checkouts(
    server: FileServer,
    remote: Callable[..., Remote],
    stated: dict[str, str],
    cache: Path,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):
        assert retrieve(remote(**stated), None).read_bytes() == CONTENT
    _another_checkout(checkout, monkeypatch)
    server.files.clear()
    assert retrieve(remote(**stated), None).read_bytes() == CONTENT
    assert server.asked == ["/set.jsonl"]
    assert _cached(cache) == [f"{SHA256}.jsonl"]


def test_a_stated_hash_is_not_written_down_again(remote: Callable[..., Remote]) -> None:
    retrieve(remote(sha256=SHA256), None)
    assert not pins.LOCK.exists()


def test_the_first_fetch_writes_the_lock(remote: Callable[..., Remote]) -> None:
    retrieve(remote(), None)
    assert pins.read() == {remote().origin: SHA256}


def test_the_lock_is_sorted_and_keeps_what_others_wrote() -> None:
    for origin in ("https://b/" + "long" * 100, "a/b/c@main", "https://a"):
        pins.add(origin, SHA256)
    lines = [line for line in pins.LOCK.read_text().splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert len(pins.read()) == 3


def test_a_broken_lock_is_told() -> None:
    pins.LOCK.write_text("<<<<<<< HEAD\n")
    with pytest.raises(UserError, match=r"sources\.lock is not a list of addresses"):
        pins.read()


def test_another_hash_than_stated_is_no_file(remote: Callable[..., Remote], cache: Path) -> None:
    sentence = _refused(remote(sha256=NEWER_SHA256))
    assert f"/set.jsonl has SHA-256 {SHA256}, but the config states {NEWER_SHA256}" in sentence
    assert _cached(cache) == []


def test_a_file_that_is_not_there_leaves_nothing(
    server: FileServer, remote: Callable[..., Remote], cache: Path
) -> None:
    server.files.clear()
    assert "could not be fetched (HTTP 404)" in _refused(remote())
    assert _cached(cache) == []
    assert not pins.LOCK.exists()


def test_a_file_that_changed_upstream_is_not_taken(
    server: FileServer, remote: Callable[..., Remote], cache: Path
) -> None:
    retrieve(remote(), None).unlink()
    server.files["/set.jsonl"] = NEWER
    sentence = _refused(remote())
    assert f"changed upstream: its SHA-256 is {NEWER_SHA256}, but sources.lock says {SHA256}" in (
        sentence
    )
    assert _cached(cache) == []
    pins.LOCK.unlink()
    assert retrieve(remote(), None).read_bytes() == NEWER


def test_a_damaged_file_in_the_cache_is_fetched_anew(
    server: FileServer, remote: Callable[..., Remote]
) -> None:
    retrieve(remote(), None).write_bytes(CONTENT[:9])
    assert retrieve(remote(), None).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_gated_set_needs_a_token_and_says_where_from(
    server: FileServer, remote: Callable[..., Remote]
) -> None:
    sentence = _refused(remote(hub="own/set", gated=True))
    assert "set: own/set is gated and HF_TOKEN is not set" in sentence
    assert f"{server.url}/datasets/own/set" in sentence
    assert server.asked == []


@pytest.mark.parametrize("gated", [True, False])
def test_the_token_goes_to_gated_sets_alone(
    server: FileServer,
    remote: Callable[..., Remote],
    gated: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    retrieve(remote(hub="own/set", gated=gated), None)
    assert server.authorization == [f"Bearer {TOKEN}" if gated else None]


@pytest.mark.parametrize(("token", "code"), [("wrong", 403), (TOKEN, None)])
def test_a_hub_lets_in_whom_it_knows(
    server: FileServer,
    remote: Callable[..., Remote],
    token: str,
    code: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.token = TOKEN
    monkeypatch.setenv("HF_TOKEN", token)
    wanted = remote(hub="own/set", gated=True)
    if code is None:
        assert retrieve(wanted, None).read_bytes() == CONTENT
    else:
        sentence = _refused(wanted)
        assert f"refuses access (HTTP {code}); ask for it at {server.url}/datasets" in sentence
        assert token not in sentence


def test_a_set_that_is_gated_unknown_to_the_config_says_so(
    server: FileServer, remote: Callable[..., Remote]
) -> None:
    server.token = TOKEN
    assert "refuses access (HTTP 401)" in _refused(remote(hub="own/set"))


def test_two_jobs_ask_once(server: FileServer, remote: Callable[..., Remote]) -> None:
    server.slow = 0.3
    found: list[bytes] = []
    jobs = [
        threading.Thread(target=lambda: found.append(retrieve(remote(), None).read_bytes()))
        for _ in range(2)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert found == [CONTENT] * 2
    assert server.asked == ["/set.jsonl"]


# --- mirrors


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    (tmp_path / "mirror").mkdir()
    return tmp_path / "mirror"


@pytest.mark.parametrize("name", [f"{SHA256}.jsonl", SHA256, "set.jsonl", "set"])
def test_a_folder_is_looked_in_first(
    server: FileServer, remote: Callable[..., Remote], mirror: Path, name: str
) -> None:
    (mirror / name).write_bytes(CONTENT)
    assert retrieve(remote(sha256=SHA256), str(mirror)).read_bytes() == CONTENT
    assert server.asked == []


def test_the_cache_of_one_machine_is_a_mirror_for_another(
    server: FileServer, remote: Callable[..., Remote], cache: Path, mirror: Path
) -> None:
    retrieve(remote(), None).rename(mirror / f"{SHA256}.jsonl")
    server.files.clear()
    assert retrieve(remote(), str(mirror)).read_bytes() == CONTENT


def test_of_two_copies_the_one_in_the_published_form_is_taken(
    remote: Callable[..., Remote], mirror: Path
) -> None:
    for suffix, content in ((".csv", NEWER), (".jsonl", CONTENT), (".txt", NEWER)):
        (mirror / f"set{suffix}").write_bytes(content)
    assert retrieve(remote(), str(mirror)).read_bytes() == CONTENT


def test_an_address_can_be_a_mirror(server: FileServer, remote: Callable[..., Remote]) -> None:
    server.files = {f"/m/{SHA256}.jsonl": CONTENT, "/m/set.jsonl": NEWER}
    found = retrieve(remote(sha256=SHA256), f"{server.url}/m/")
    assert found.read_bytes() == CONTENT
    assert retrieve(remote(), f"{server.url}/m").read_bytes() == NEWER


def test_what_a_mirror_lacks_is_fetched(
    server: FileServer, remote: Callable[..., Remote], mirror: Path
) -> None:
    assert retrieve(remote(), str(mirror)).read_bytes() == CONTENT
    assert server.asked == ["/set.jsonl"]


def test_a_copy_with_another_hash_is_not_taken(
    remote: Callable[..., Remote], mirror: Path, cache: Path
) -> None:
    (mirror / "set.jsonl").write_bytes(NEWER)
    sentence = _refused(remote(sha256=SHA256), str(mirror))
    assert f"{mirror}/set.jsonl has SHA-256 {NEWER_SHA256}" in sentence
    assert _cached(cache) == []


def test_a_copy_of_unknown_hash_is_pinned_by_its_name_and_not_by_the_address(
    remote: Callable[..., Remote], mirror: Path
) -> None:
    (mirror / "set.jsonl").write_bytes(NEWER)
    retrieve(remote(), str(mirror))
    assert pins.read() == {"mirror:set.jsonl": NEWER_SHA256}
    (mirror / "set.jsonl").write_bytes(CONTENT)
    assert "has changed upstream" in _refused(remote(), str(mirror))
    assert retrieve(remote(), None).read_bytes() == CONTENT


def test_a_mirror_that_is_not_there_is_told(remote: Callable[..., Remote]) -> None:
    assert "mirror nowhere is not a folder" in _refused(remote(), "nowhere")


@pytest.mark.parametrize("name", ["taken", "taken/below"])
def test_a_cache_that_cannot_be_made_gives_a_sentence(
    remote: Callable[..., Remote], checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (checkout / "taken").write_text("a file", encoding="utf-8")
    monkeypatch.setenv("MIRRORTEST_CACHE", str(checkout / name))
    sentence = _refused(remote())
    assert f"the cache {checkout / name} cannot be made (" in sentence
    assert sentence.endswith("; set MIRRORTEST_CACHE to a folder that you may write.")
