"""Downloads from a real server on this machine."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import Retry

from mirrortest import downloads
from mirrortest.errors import UserError

CONTENT = b'{"id": "1"}\n' * 1000


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


def _refused(url: str, folder: Path, **access: str) -> str:
    """The sentence of a failed download."""
    with pytest.raises(UserError) as caught:
        downloads.download(url, folder / "data.jsonl", "news", **access)
    return str(caught.value)


def test_what_the_address_gives_is_written(server: Server, tmp_path: Path) -> None:
    downloads.download(server.url, tmp_path / "data.jsonl", "news")
    assert (tmp_path / "data.jsonl").read_bytes() == CONTENT


def test_a_missing_page_is_not_tried_again(server: Server, tmp_path: Path) -> None:
    server.codes = [404]
    sentence = _refused(server.url, tmp_path)
    assert sentence.startswith(f"news: {server.url} could not be fetched (HTTP 404); mend the URL")
    assert server.asked == 1


@pytest.mark.parametrize("code", [401, 403])
def test_a_refusal_names_where_access_is_asked_for(
    server: Server, tmp_path: Path, code: int
) -> None:
    server.codes = [code]
    sentence = _refused(server.url, tmp_path, page="https://hub/set", token="t")
    assert f"refuses access (HTTP {code}); ask for it at https://hub/set" in sentence
    assert "HF_TOKEN" in sentence
    assert "HF_TOKEN" not in _refused(server.url, tmp_path)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_server_that_is_busy_once_is_asked_again(
    server: Server, tmp_path: Path, code: int
) -> None:
    server.codes = [code, 200]
    downloads.download(server.url, tmp_path / "data.jsonl", "news")
    assert (tmp_path / "data.jsonl").read_bytes() == CONTENT
    assert server.asked == 2


def test_a_server_that_stays_busy_is_asked_four_times(server: Server, tmp_path: Path) -> None:
    server.codes = [503]
    assert "could not be fetched (" in _refused(server.url, tmp_path)
    assert server.asked == 4


def test_a_transfer_that_breaks_off_is_an_error(server: Server, tmp_path: Path) -> None:
    server.length = len(CONTENT) + 1
    assert "could not be fetched (" in _refused(server.url, tmp_path)


def test_a_connection_refused_says_how_to_do_without(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
        sentence = _refused(url, tmp_path)
        assert "could not be reached (ConnectionError), and no copy is at hand" in sentence
        assert not downloads.exists(url)
