"""`make bench`: every comparison, as a table, a csv and a plot in benchmarks/results.

Ends with an error where two sides did not compute the same.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import plotnine as p9
import torch

from benchmarks import chains, evaluation, material, overheads, shapes, training
from benchmarks.comparison import Comparison, DifferentError

PACKAGES = ("torch", "transformers", "peft", "trl", "lm-eval", "snakemake")
PARTS = ("evaluation", "training", "chains", "overheads")
RESULTS = Path("benchmarks/results")
MEASURES = {"seconds": "seconds", "peak_mb": "peak memory", "written_mb": "bytes written"}


def main() -> None:
    """The parts that are named, by default all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--shape", default="0.5B", choices=list(shapes.SHAPES))
    parser.add_argument("--repetitions", type=int, default=5)
    told = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = shapes.write(told.shape, folder / "model")
        files = material.write(folder / "material")
        for part in told.parts:
            _run(part, model, files, folder, told.repetitions)
    _describe(told.shape)


def _run(part: str, model: Path, files: Path, folder: Path, repetitions: int) -> None:
    if part == "overheads":
        _overheads(folder)
        return
    manifest = evaluation.arm(model)
    lines = {
        "evaluation": lambda: evaluation.compared(manifest, files, repetitions),
        "training": lambda: training.compared(model, files, repetitions),
        "chains": lambda: chains.compared(manifest, folder, repetitions),
    }[part]()
    table = pd.DataFrame([line.line() for line in lines])
    table.to_csv(RESULTS / f"{part}.csv", index=False)
    print(table.to_string(index=False), flush=True)
    _plot(lines).save(RESULTS / f"{part}.png", width=8, height=1 + 0.6 * len(lines), verbose=False)


def _plot(lines: list[Comparison]) -> p9.ggplot:
    """The ratio of every repetition, and the goal as a stroke."""
    named = [
        (line, f"{line.work}, {MEASURES[line.measure]}\nagainst {line.against}") for line in lines
    ]
    ratios = [(name, ratio) for line, name in named for ratio in line.ratios]
    goals = [(name, line.goal) for line, name in named if line.goal is not None]
    shown = pd.DataFrame(ratios, columns=["work", "ratio"])
    order = [name for _, name in reversed(named)]
    shown["work"] = pd.Categorical(shown["work"], order)
    return (
        p9.ggplot(shown, p9.aes("ratio", "work"))
        + p9.geom_vline(xintercept=1, color="#999999")
        + p9.geom_point(alpha=0.6, size=2.5, color="#0072B2")
        + p9.geom_point(
            data=pd.DataFrame(goals, columns=["work", "ratio"]), shape="|", size=7, color="#D55E00"
        )
        + p9.scale_x_log10()
        + p9.labs(x="theirs over ours (dots: repetitions; strokes: goals)", y="")
        + p9.theme_minimal()
        + p9.theme(panel_grid_minor=p9.element_blank())
    )


def _overheads(folder: Path) -> None:
    growth = overheads.growth(folder / "plans")
    share, starts = overheads.demo(folder / "demo")
    starts.to_csv(RESULTS / "starts.csv", index=False)
    growth.to_csv(RESULTS / "growth.csv", index=False)
    (RESULTS / "demo.json").write_text(json.dumps(share, indent=2) + "\n", encoding="utf-8")
    print(starts.to_string(index=False), growth.to_string(index=False), share, sep="\n", flush=True)
    plot = (
        p9.ggplot(growth, p9.aes("times", "jobs", color="what"))
        + p9.geom_line()
        + p9.geom_point(size=2.5)
        + p9.scale_x_continuous(breaks=overheads.TIMES)
        + p9.scale_color_manual(["#0072B2", "#D55E00", "#009E73"])
        + p9.expand_limits(y=0)
        + p9.labs(x="times as many as in the demo", y="jobs of the plan", color="")
        + p9.theme_minimal()
    )
    plot.save(RESULTS / "growth.png", width=5, height=3, verbose=False)


def _describe(shape: str) -> None:
    """The machine, the day and the versions."""
    told = {
        "date": date.today().isoformat(),
        "shape": shape,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "processor": platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }
    (RESULTS / "machine.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except DifferentError as error:
        sys.exit(str(error))
