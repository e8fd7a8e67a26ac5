"""A real Slurm on loopback for the tests of this folder, and for no longer."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _obstacle() -> str | None:
    """Why no Slurm can be brought up here."""
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    if shutil.which("apt-get") is None and shutil.which("slurmctld") is None:
        return "there is neither a Slurm nor Debian's packages"
    config = Path("/etc/slurm/slurm.conf")
    if config.exists() and "ClusterName=mirrortest\n" not in config.read_text(encoding="utf-8"):
        return "this machine has a Slurm of its own"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slurm)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cluster: partitions cpu and gpu, two GPUs that are device files and no more."""
    if (why := _obstacle()) is not None:
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("slurm")
    try:
        subprocess.run([HERE / "slurm.sh", "up", folder], check=True)
        yield
    finally:
        subprocess.run([HERE / "slurm.sh", "down", folder], check=True)
