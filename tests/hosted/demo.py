"""`make demo-hosted`: the tiny model trained and asked through a provider's API, on this machine.

The stub's state and everything that the workflow makes lie in one folder, begun anew each time.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from hosted.stub.control import TESTS, Stub, running

from mirrortest.hosted.spending import Spending

ROOT = TESTS.parent
CONFIG = "tests/hosted/demo.yaml"
READ = ("config.yaml", "resources", "tests")
"""What the workflow reads where it runs."""
REPORT = "results/demo-hosted/report.html"
CENT = 0.01


def demo(folder: Path, cores: str) -> str:
    """Runs the experiment against a stub of its own; what there is to say of it.

    Raises SystemExit if the run fails, or if client and stub do not agree on the costs.
    """
    if (folder / "stub").is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in READ:
        (folder / name).symlink_to(ROOT / name)
    settings = yaml.safe_load((ROOT / CONFIG).read_text(encoding="utf-8"))
    with running(folder / "stub", "toy", **offered(settings)) as stub:
        twin = settings["system_prompts"]["twin"]
        stub.fate("job", "blocked", containing=twin, times=None)
        _run(folder, cores, stub)
        return f"{compared(folder, stub)}\nThe report: {folder / REPORT}"


def offered(settings: dict[str, Any]) -> dict[str, Any]:
    """The stub's model and its prices: those of the config's table."""
    path = ROOT / settings["prices"]
    table = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    models = {
        name: {"finetunable": True, "shutdown": str(entry["shutdown"])}
        for name, entry in table.items()
        if not name.startswith("ft:")
    }
    kinds = ("training", "input", "cached", "output")
    prices = {n: {k: e[k] for k in kinds if k in e} for n, e in table.items()}
    return {"models": models, "prices": prices}


def _run(folder: Path, cores: str, stub: Stub) -> None:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", CONFIG, "--cores", cores]
    here = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    status = subprocess.run(command, cwd=ROOT, env=os.environ | stub.environment | here).returncode
    if status:
        raise SystemExit(status)


def compared(folder: Path, stub: Stub) -> str:
    """What the client says it spent, and what it was billed. Raises SystemExit if they differ."""
    spending, billed = Spending(folder / "state/hosted/spending.sqlite", 0.0), stub.settle()
    said = (
        f"Spent by the client's ledger: ${spending.spent():.4f}, still reserved "
        f"${spending.reserved():.4f}; billed by the stub: ${billed.dollars:.4f} "
        f"(${billed.training_dollars:.4f} for {billed.jobs_billed} jobs, "
        f"${billed.chat_dollars:.4f} for {billed.chat_calls:,} calls)."
    )
    if abs(spending.spent() - billed.dollars) >= CENT or spending.reserved() > 0:
        raise SystemExit(f"The costs do not add up. {said}")
    return said


if __name__ == "__main__":
    print(demo(Path(sys.argv[1]).resolve(), sys.argv[2]), flush=True)
