"""What a run is about to take, in a few lines: jobs, GPU hours, disk.

Snakemake has no hook for dry runs, but lists in its log what it is about to run: the outlook goes
to stderr beside that list, and so is never part of what `--dag`, `--summary` and the like print.
"""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mirrortest import chains, needs, throughput
from mirrortest.needs import Need, Needs

ASSUMED = f"{throughput.FLOPS / 1e12:.0f} TFLOP/s"
ROW_BYTES = 300
"""ASSUME of an answer in a jsonl file."""
ALWAYS = ("finetune", "summarise", "evaluate")
"""Rules that are listed in every run; the others only where there are such jobs."""
LISTED = (*ALWAYS, "reflect", "judge", "activations")
ASKING = ("evaluate", "reflect", "judge")
SUMMARY_BYTES = 4
"""Of a token of a summary; each counts as if it were as long as allowed."""


@dataclass(frozen=True)
class Job:
    """A job of Snakemake's graph, and whether it is to run. need: of one that asks or trains."""

    rule: str
    wildcards: dict[str, str]
    due: bool
    need: Need | None


def announce(workflow: Any, of: Needs) -> None:
    """Has the outlook printed when Snakemake says what it is about to run, unless told --quiet."""
    if not workflow.is_main_process or workflow.output_settings.quiet:
        return
    from snakemake.logging import logger
    from snakemake_interface_logger_plugins.common import LogEvent

    lists = 0

    def look(record: logging.LogRecord) -> bool:
        nonlocal lists
        if getattr(record, "event", None) == LogEvent.RUN_INFO:
            lists += 1
            if lists == (2 if workflow.dryrun else 1):  # a dry run has a list before and after
                print(f"\n{outlook(_jobs(workflow.dag, of), of)}\n", file=sys.stderr)
        return True

    logger.addFilter(look)


def _jobs(dag: Any, of: Needs) -> list[Job]:
    due = set(dag.needrun_jobs(exclude_finished=False))  # a dry run finishes them all
    return [_job(job.rule.name, dict(job.wildcards_dict), job in due, of) for job in dag.jobs]


def _job(rule: str, named: dict[str, str], due: bool, of: Needs) -> Job:
    ask: dict[str, Callable[[], Need]] = {
        "finetune": lambda: of.finetune(named["model"], named["chain"]),
        "summarise": lambda: of.summarise(named["model"], named["corpus"]),
        "evaluate": lambda: of.evaluate(named["model"]),
        "reflect": lambda: of.reflect(named["model"]),
        "judge": lambda: of.judge(named["judge"]),
        "activations": lambda: of.activations(named["model"]),
    }
    return Job(rule, named, due, ask[rule]() if rule in ask else None)


def outlook(jobs: list[Job], of: Needs) -> str:
    """The lines; `jobs` are all of the graph, whether they are to run or not."""
    due = [job for job in jobs if job.due]
    lines = [
        f"{of.experiment.settings.experiment}: {len(jobs)} jobs, {len(due)} of them to run",
        f"{'':<14}{'jobs':>7}{'to run':>9}{'GPU hours to run':>19}",
    ]
    for rule in LISTED:
        found = [job for job in jobs if job.rule == rule]
        lines += [_row(rule, found)] if found or rule in ALWAYS else []
    lines.append(_row("others", [job for job in jobs if job.need is None]))
    needed = [(job, job.need) for job in due if job.need is not None]
    if needed:
        lines += [_basis([need for _, need in needed]), _largest(needed, of)]
    return "\n".join([*lines, *_disk(jobs, of)])


def _row(name: str, jobs: list[Job]) -> str:
    hours = [job.need.gpu_hours for job in jobs if job.due and job.need is not None]
    shown = f"{sum(hours):>19.1f}" if hours else ""
    return f"  {name:<12}{len(jobs):>7}{sum(job.due for job in jobs):>9}{shown}"


def _basis(found: list[Need]) -> str:
    named = {True: "by the speed of earlier jobs", False: f"by an assumed {ASSUMED} a GPU"}
    hours = {
        how: sum(need.gpu_hours for need in found if need.measured == measured)
        for measured, how in named.items()
        if any(need.measured == measured for need in found)
    }
    return "  GPU hours: " + ", ".join(f"{number:.1f} {how}" for how, number in hours.items())


def _largest(found: list[tuple[Job, Need]], of: Needs) -> str:
    job, need = max(found, key=lambda pair: (pair[1].gpu, pair[1].mem_mb, pair[1].runtime))
    return (
        f"  largest job: {job.rule} {_model(job, of)}, {need.gpu} GPU, "
        f"{need.mem_mb / 1000:.0f} GB of memory, at most {need.runtime} min"
    )


def _model(job: Job, of: Needs) -> str:
    """The model that the job loads: a judge's own, not that of the arm whose answers it reads."""
    if job.rule != "judge":
        return job.wildcards["model"]
    judge = job.wildcards["judge"]
    return of.experiment.settings.judges[judge].model or judge


def _disk(jobs: list[Job], of: Needs) -> list[str]:
    models, stages = of.experiment.settings.models, of.experiment.settings.stages
    trained = [job.wildcards for job in jobs if job.rule == "finetune"]
    adapters = stacked = 0.0
    for named in trained:
        parts, model = chains.stages_of(named["chain"]), models[named["model"]]
        rank = sum(stages[part].training.rank for part in parts)
        adapters += needs.adapter_gb(model, rank)
        stacked += needs.weights_gb(model) if len(parts) > 1 else 0.0
    written = SUMMARY_BYTES * sum(_written(job) for job in jobs if job.rule == "summarise")
    rows = ROW_BYTES * sum(_rows(job) for job in jobs if job.rule in ASKING)
    lines = [
        f"  disk, in all: adapters {_size(adapters)}, summaries {_size(written / 1e9)}, "
        f"rows {_size(rows / 1e9)}{_vectors(jobs, of)}"
    ]
    if stacked:
        lines.append(
            f"    (as merged checkpoints its arms of several stages would be {_size(stacked)})"
        )
    return lines


def _vectors(jobs: list[Job], of: Needs) -> str:
    models = of.experiment.settings.models
    kept = [job for job in jobs if job.rule == "activations"]
    sizes = [needs.vectors_mb(models[job.wildcards["model"]]) * _rows(job) for job in kept]
    return f", activations {_size(sum(sizes) / 1000)}" if kept else ""


def _written(job: Job) -> float:
    return 0.0 if job.need is None else job.need.work.written


def _rows(job: Job) -> float:
    return 0.0 if job.need is None else job.need.work.rows


def _size(gigabytes: float) -> str:
    for unit, size in (("TB", 1e3), ("GB", 1.0), ("MB", 1e-3)):
        if gigabytes >= size:
            return f"{gigabytes / size:.1f} {unit}"
    return f"{gigabytes / 1e-6:.0f} kB"
