"""`python -m hosted.stub --state FOLDER`: starts the stub; see README.md."""

import argparse
import hashlib
import json
import os
from pathlib import Path

from hosted.stub import fates, faults, settings
from hosted.stub.backends.backend import Backend
from hosted.stub.backends.fake import FakeBackend
from hosted.stub.backends.scripted import Scripted
from hosted.stub.fates import Fate
from hosted.stub.faults import Fault
from hosted.stub.server import StubServer
from hosted.stub.store import Store
from hosted.stub.world import World

KEY = "sk-stub-0123456789abcdef"


def main() -> None:
    """Serves until it is killed. The URL stands in the state folder's `url` once it does."""
    arguments = _arguments()
    store = Store(arguments.state)
    if arguments.scenario and not store.fact("scenario", False):
        _play(store, json.loads(arguments.scenario.read_text(encoding="utf-8")))
    world = World(store, Scripted(store, _backend(arguments.backend, arguments.state)))
    # Taken from the environment, as a client takes it: no key stands in a process list.
    key = os.environ.get("STUB_API_KEY", KEY)
    server = StubServer(arguments.port, world, hashlib.sha256(key.encode()).hexdigest())
    url = f"http://127.0.0.1:{server.server_port}/v1"
    partial = arguments.state / ".url"
    partial.write_text(url, encoding="utf-8")
    partial.replace(arguments.state / "url")
    print(url, flush=True)
    server.serve_forever()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hosted.stub", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--state", type=Path, required=True, help="its folder; it is taken up")
    parser.add_argument("--backend", choices=("fake", "toy"), default="fake")
    parser.add_argument("--scenario", type=Path, help="JSON: settings, faults, fates; read once")
    return parser.parse_args()


def _backend(name: str, folder: Path) -> Backend:
    if name == "fake":
        return FakeBackend()
    # Before torch is there: its threads, waiting busily for each other, cost ten times the work.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from hosted.stub.backends.toy import ToyBackend

    return ToyBackend(folder)


def _play(store: Store, scenario: dict[str, object]) -> None:
    settings.change(store, **scenario.get("settings", {}))  # type: ignore[arg-type]
    for fault in scenario.get("faults", []):  # type: ignore[attr-defined]
        faults.script(store, Fault(**fault))
    for fate in scenario.get("fates", []):  # type: ignore[attr-defined]
        fates.script(store, Fate(**fate))
    store.state("scenario", True)


if __name__ == "__main__":
    main()
