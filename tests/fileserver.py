"""A real file server on this machine, for what is fetched in tests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer(ThreadingHTTPServer):
    """Serves `files`: path -> content. `asked` lists the paths of GET requests.

    token: what the header must bear, if anything; another one is refused with 403, none with 401.
    slow: seconds to wait before the last byte of each file.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.authorization: list[str | None] = []
        self.token: str | None = None
        self.slow = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.authorization.append(self.headers["Authorization"])
        content = self._answer()
        self.wfile.write(content[:-1])
        self.wfile.flush()
        time.sleep(self.server.slow)
        self.wfile.write(content[-1:])

    def _answer(self) -> bytes:
        given, token = self.headers["Authorization"], self.server.token
        content = self.server.files.get(self.path)
        code = 404 if content is None else 200
        if token is not None and given != f"Bearer {token}":
            code = 401 if given is None else 403
        self.send_response(code)
        body = (content or b"") if code == 200 else b"no"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return body

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing on the console."""


@contextmanager
def serving(port: int = 0) -> Iterator[FileServer]:
    """A running server, on a port of its own unless one is named."""
    with FileServer(port) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()
