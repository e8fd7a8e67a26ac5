"""A stub that runs, and folders from which it is asked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosted.office import NO_NETWORK, Office
from hosted.stub.control import Stub, running


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A stub whose jobs end at the first look, and to which this process's clients go."""
    with running(tmp_path / "stub", polls=0) as started:
        for name, value in started.environment.items():
            monkeypatch.setenv(name, value)
        yield started


@pytest.fixture
def open_office(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Office]:
    """open_office(name): a new working folder whose jobs go to the stub."""
    for name, value in (stub.environment | NO_NETWORK).items():
        monkeypatch.setenv(name, value)
    return lambda name: Office.opened(tmp_path / name, stub)


@pytest.fixture
def office(open_office: Callable[[str], Office]) -> Office:
    """A working folder."""
    return open_office("office")
