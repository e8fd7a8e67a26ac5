"""The runs that tests share, and the option that renews what they compare with."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from project import Project


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden/ anew instead of comparing"
    )


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of fetched files for each test, in place of the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MIRRORTEST_CACHE", str(folder))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return folder


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project in which nothing was run. Do not edit it."""
    return Project.fresh(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def finished(project: Project, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """A copy in which the shrunken demo has run to the end. Do not edit it: take a copy.

    All processes of pytest share it; whoever needs it first runs it.
    """
    alone = worker_id == "master"
    shared = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent
    run = Project(shared / "finished")
    with FileLock(shared / "finished.lock"):
        if not (shared / "finished.done").exists():
            shutil.rmtree(run.folder, ignore_errors=True)
            project.copy(run.folder).run()
            (shared / "finished.done").touch()
    return run


@pytest.fixture
def edited(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished run, to do with as one likes."""
    return finished.copy(tmp_path / "run")
