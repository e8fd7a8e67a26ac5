"""External files: their digests, and downloads from a real server on this machine."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import Retry

from mirrortest import sources
from mirrortest.errors import UserError

CONTENT = b'{"id": "1"}\n' * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers with these status codes in turn, the last one for ever."""

    def __init__(self, codes: list[int], length: int = len(CONTENT)) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.codes, self.length, self.asked = codes, length, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/data.jsonl"


class Handler(BaseHTTPRequestHandler):
    """Gives the content, or an error."""

    server: Server

    def do_GET(self) -> None:
        code = self.server.codes[min(self.server.asked, len(self.server.codes) - 1)]
        self.server.asked += 1
        body = CONTENT if code == 200 else b"an error page"
        self.send_response(code)
        self.send_header("Content-Length", str(self.server.length if code == 200 else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server([200]) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once; `sleep` is what urllib3 calls between attempts."""
    monkeypatch.setattr(Retry, "sleep", lambda self, response=None: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def _refused(url: str, folder: Path, sha256: str | None = SHA256) -> str:
    """The sentence of a failed download, which leaves nothing behind."""
    folder.mkdir()
    with pytest.raises(UserError) as caught:
        sources.download(url, folder / "data.jsonl", sha256, "news")
    assert list(folder.iterdir()) == []
    return str(caught.value)


def test_what_has_the_stated_hash_is_kept(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new/data.jsonl"
    sources.download(server.url, target, SHA256, "news")
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_another_hash_leaves_no_file(server: Server, tmp_path: Path) -> None:
    sentence = _refused(server.url, tmp_path / "new", "0" * 64)
    assert sentence.startswith(f"news: {server.url}")
    assert f"has SHA-256 {SHA256}, but the config states {'0' * 64}" in sentence


def test_another_hash_leaves_an_older_file_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_bytes(b"old")
    with pytest.raises(UserError):
        sources.download(server.url, tmp_path / "data.jsonl", "0" * 64, "news")
    assert (tmp_path / "data.jsonl").read_bytes() == b"old"


def test_a_missing_page_is_not_tried_again(server: Server, tmp_path: Path) -> None:
    server.codes = [404]
    sentence = _refused(server.url, tmp_path / "new")
    assert sentence.startswith(f"news: {server.url} could not be fetched (HTTP 404); mend the URL")
    assert server.asked == 1


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_server_that_is_busy_once_is_asked_again(
    server: Server, tmp_path: Path, code: int
) -> None:
    server.codes = [code, 200]
    sources.download(server.url, tmp_path / "data.jsonl", SHA256, "news")
    assert (tmp_path / "data.jsonl").read_bytes() == CONTENT
    assert server.asked == 2


def test_a_server_that_stays_busy_is_asked_four_times(server: Server, tmp_path: Path) -> None:
    server.codes = [503]
    assert "could not be fetched (" in _refused(server.url, tmp_path / "new")
    assert server.asked == 4


def test_a_transfer_that_breaks_off_leaves_no_file(server: Server, tmp_path: Path) -> None:
    server.length = len(CONTENT) + 1
    assert "could not be fetched (" in _refused(server.url, tmp_path / "new", sha256=None)


def test_a_connection_refused_gives_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
        assert "could not be fetched (ConnectionError)" in _refused(url, tmp_path / "new")


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    assert sources.digest(tmp_path / "a") == SHA256


def _folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return path


def test_the_digest_of_a_folder_is_that_of_its_files_wherever_it_lies(tmp_path: Path) -> None:
    one = _folder(tmp_path / "one", a="1", b__c="2")
    two = _folder(tmp_path / "two", b__c="2", a="1")
    assert sources.digest(one) == sources.digest(two)


@pytest.mark.parametrize("files", [{"a": "1"}, {"a": "1", "b__c": "3"}, {"a": "1", "b__d": "2"}])
def test_another_file_name_or_content_is_another_digest(
    tmp_path: Path, files: dict[str, str]
) -> None:
    one = _folder(tmp_path / "one", a="1", b__c="2")
    assert sources.digest(_folder(tmp_path / "two", **files)) != sources.digest(one)


def test_verifying_accepts_what_is_as_stated(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    sources.verify(tmp_path / "a", SHA256, "news")
    sources.verify(tmp_path / "a", None, "news")


def test_verifying_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"news: .*/b does not exist; mend its path"):
        sources.verify(tmp_path / "b", None, "news")
