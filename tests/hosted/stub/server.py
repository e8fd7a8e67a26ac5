"""Reads a request, lets it act, and delivers the answer, or what a fault makes of it."""

import hashlib
import os
import socket
import struct
import sys
import time
import traceback
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hosted.stub import batches, errors, faults, job_states, money, progress
from hosted.stub.errors import ApiError, Reply
from hosted.stub.faults import DELIVERIES, Fault
from hosted.stub.routes import Act, route
from hosted.stub.traffic import Traffic
from hosted.stub.world import Request, World

NOT_FOUND = ApiError(404, "Unknown request URL.", None)


class StubServer(ThreadingHTTPServer):
    """Holds the world for its handlers. key: the SHA-256 of the one key that is accepted."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, world: World, key: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.world = world
        self.key = key
        self.traffic = Traffic(world.store)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: StubServer

    def log_message(self, *_: object) -> None:
        """Says nothing: the store has the log."""

    def handle_one_request(self) -> None:
        """Any method goes the same way."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/stub/"):
            self._send(control(self.server.world, self.path))
            return
        kind = self.headers.get("Content-Type") or ""
        found = route(self.command, self.path, kind, body)
        operation = found[0].operation if found else "unknown"
        text = body.decode() if "json" in kind else ""
        number = self.server.traffic.begin(
            operation, self.command, self.path, errors.masked(self._key), text
        )
        reply, fault = self._reply(found, text)
        name = f"{fault.kind} {fault.when}" if fault else None

        def over() -> None:
            self.server.traffic.end(number, operation, reply.status, name)

        if fault is None or fault.kind not in DELIVERIES:
            over()  # before the client knows: its next request must not fly beside this one
            self._send(reply)
            return
        try:
            self._deliver(reply, fault)
        finally:
            over()

    @property
    def _key(self) -> str:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _reply(self, found: tuple[Request, Act] | None, text: str) -> tuple[Reply, Fault | None]:
        if hashlib.sha256(self._key.encode()).hexdigest() != self.server.key:
            return errors.wrong_key(self._key).reply(), None
        if found is None:
            return NOT_FOUND.reply(), None
        request, act = found
        fault = faults.take(self.server.world.store, request.operation, text)
        if fault is not None and fault.is_before:
            return fault.spoil(errors.named("server_error").reply()), fault
        reply = acted(self.server.world, request, act)
        return (fault.spoil(reply) if fault else reply), fault

    # --- delivery

    def _deliver(self, reply: Reply, fault: Fault) -> None:
        self.close_connection = True
        match fault.kind:
            case "hang":
                time.sleep(fault.seconds)
            case "rst":
                self._reset()
            case "partial":
                self.wfile.write(self._head(reply) + reply.body[: len(reply.body) // 2])
            case "slow":
                self._drip(reply, fault.seconds)

    def _send(self, reply: Reply) -> None:
        self.wfile.write(self._head(reply) + reply.body)

    def _head(self, reply: Reply) -> bytes:
        headers = {
            "content-length": str(len(reply.body)),
            "x-request-id": f"req_{os.urandom(12).hex()}",
            "openai-organization": "stub-org",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
        } | reply.headers
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('-',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()

    def _drip(self, reply: Reply, seconds: float) -> None:
        self.wfile.write(self._head(reply))
        size = max(1, -(-len(reply.body) // 10))
        for at in range(0, len(reply.body), size):
            time.sleep(seconds / 10)
            self.wfile.write(reply.body[at : at + size])

    def _reset(self) -> None:
        """Closes so that the client gets RST, not an orderly end."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())


def acted(world: World, request: Request, act: Act) -> Reply:
    """What the operation answers; its refusals are answers too."""
    try:
        answer = act(world, request)
    except ApiError as error:
        return error.reply()
    except Exception:
        traceback.print_exc()
        return errors.named("server_error").reply()
    return answer if isinstance(answer, Reply) else Reply.json(answer)


def control(world: World, path: str) -> Reply:
    """What is no part of the API: `/stub/counters`, and `/stub/settle`, which lets time pass."""
    if path == "/stub/settle":
        settle(world)
    elif path != "/stub/counters":
        return NOT_FOUND.reply()
    counters = money.counters(world.store)
    return Reply.json(asdict(counters) | {"dollars": counters.dollars})


def settle(world: World) -> None:
    """Until all jobs and batches have ended that will, also those that nobody asks after."""
    for kind, advanced in (("job", job_states.advanced), ("batch", batches.advanced)):
        for doc in world.store.all(kind):
            while not progress.is_final(doc) and doc["_at"] + 1 < len(doc["_path"]):
                if doc["status"] == "paused":
                    break
                doc = advanced(world, doc)
                time.sleep(0.01)
