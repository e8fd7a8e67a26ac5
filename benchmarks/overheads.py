"""What of a run is no work: planning, and starting Python with what a job imports.

Measured on a finished demo: how long its jobs took in all, what a job of each rule takes until its
first line of work, and how the plan grows with arms, seeds and evaluations.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

SCRIPTS = Path("workflow_scripts")
TIMES = (1, 2, 4, 8)
LATER = {"evaluate": ["mirrortest.engines.local"], "summarise": ["mirrortest.engines.local"]}
"""What these scripts import once there is something to ask, and not at their beginning."""


def imports(script: str) -> float:
    """Seconds that a Python takes to start and import what a script does."""
    names = [script, *LATER.get(script, [])]
    module = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); import {', '.join(names)}"
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", module], check=True, capture_output=True)
    return time.perf_counter() - begun


def planning(*configs: str) -> tuple[int, float]:
    """Jobs of a plan, and the seconds that Snakemake takes for it."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--quiet", "rules"]
    command += ["--cores", "2", *(["--configfile", *configs] if configs else [])]
    begun = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    counted = (line.split() for line in (done.stdout + done.stderr).splitlines())
    return next((int(c[1]) for c in counted if len(c) == 2 and c[0] == "total"), 0), seconds


def growth(folder: Path) -> pd.DataFrame:
    """Jobs and seconds of plans with once, twice, four and eight times as much of the demo."""
    folder.mkdir(parents=True, exist_ok=True)
    demo = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))
    found = []
    for what, grown in GROWN.items():
        for times in TIMES:
            path = folder / f"{what}-{times}.yaml"
            path.write_text(yaml.safe_dump(grown(demo, times)), encoding="utf-8")
            jobs, seconds = planning(str(path))
            found.append({"what": what, "times": times, "jobs": jobs, "seconds": round(seconds, 2)})
    return pd.DataFrame(found)


def _seeds(demo: dict[str, Any], times: int) -> dict[str, Any]:
    return {"seeds": list(range(len(demo["seeds"]) * times))}


def _arms(demo: dict[str, Any], times: int) -> dict[str, Any]:
    """The same chains on so many copies of the model."""
    names = [f"toy-{number}" for number in range(times)]
    return {
        "models": dict.fromkeys(names, demo["models"]["toy"]),
        "arms": [arm | {"model": name} for name in names for arm in demo["arms"]],
    }


def _evaluations(demo: dict[str, Any], times: int) -> dict[str, Any]:
    """So many copies of each evaluation."""
    asked = {
        f"{name}-{n}": demo["evaluations"][name] for name in demo["evaluate"] for n in range(times)
    }
    return {"evaluations": asked, "evaluate": list(asked)}


GROWN: dict[str, Callable[[dict[str, Any], int], dict[str, Any]]] = {
    "arms": _arms,
    "seeds": _seeds,
    "evaluations": _evaluations,
}


def starts(scripts: Iterable[str]) -> pd.DataFrame:
    """Seconds until a job of each script begins its work, the slowest first."""
    found = [{"script": script, "seconds": round(imports(script), 2)} for script in sorted(scripts)]
    return pd.DataFrame(found).sort_values("seconds", ascending=False)


def demo(folder: Path) -> tuple[dict[str, float], pd.DataFrame]:
    """A fresh demo in a folder: wall seconds, those of start-up and planning, and their share.

    Two jobs at a time share the cores, so the starts of all jobs count half. With it what each
    script that it ran takes to start.
    """
    subprocess.run(["git", "clone", "--quiet", ".", str(folder)], check=True)
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    jobs, planned = planning()
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - begun
    ran = _started(done.stdout + done.stderr)
    scripts = starts(rule for rule in ran if (SCRIPTS / f"{rule}.py").exists())
    first: dict[str, float] = dict(scripts.itertuples(index=False))
    waiting = sum(count * first.get(rule, 0.0) for rule, count in ran.items()) / 2
    share = {
        "wall": round(wall, 1),
        "jobs": jobs,
        "planning": round(planned, 1),
        "starts": round(waiting, 1),
        "share": round((planned + waiting) / wall, 3),
    }
    return share, scripts


def _started(console: str) -> dict[str, int]:
    """How many jobs of each rule a run began, from the table that Snakemake prints."""
    found: dict[str, int] = {}
    for line in console.splitlines():
        words = line.removeprefix("local").split()
        if len(words) == 2 and words[0] == "rule":
            name = words[1].rstrip(":")
            found[name] = found.get(name, 0) + 1
    return found
