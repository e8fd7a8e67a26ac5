"""What was run, from the records of the jobs: arms, data sets, software, and how long it took."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mirrortest import paths, versions
from mirrortest.chains import Arm
from mirrortest.manifest import Manifest
from mirrortest.reporting import words
from mirrortest.reporting.pages import Cell, Table, digest, lean, table

MODEL = ["model", "weights", "hash or commit", "template", "type", "longest sequence"]
ARM = [
    *("model", "chain", "seed", "outcome", "rows", "left out", "steps", "tokens", "learnt"),
    *("tokens/s", "trained", "asked", "adapter"),
]
STAGE = ["model", "stage", "seed", "data set", "rows", "left out", "hash"]


@dataclass(frozen=True)
class Times:
    """Seconds: of training by the record's path, and of asking by arm; unknown ones are missing."""

    trained: dict[str, float]
    asked: dict[Arm, float]


def arm_of(found: Manifest) -> Arm:
    """The arm that a `model.json` is."""
    return Arm(found.model, found.chain, found.seed)


def times(models: list[Manifest], training: list[str]) -> Times:
    """From the training records, and from the benchmarks of asking as far as there are any."""
    trained = {path: float(pd.read_csv(path)["seconds"].iloc[-1]) for path in training}
    benchmarks = {arm_of(found): Path(paths.asking_time(arm_of(found))) for found in models}
    asked = {
        arm: float(pd.read_csv(path, sep="\t")["s"].iloc[-1])
        for arm, path in benchmarks.items()
        if path.is_file()
    }
    return Times(trained, asked)


def cost(models: list[Manifest], spent: Times) -> list[str]:
    """What it took, in sentences."""
    hosted = [found for found in models if found.provider != "local"]
    asked = f"{len(hosted)} hosted arms" if hosted else "0, no hosted model was asked"
    known = f"{len(spent.asked)} of {len({arm_of(found) for found in models})}"
    trained = words.count(len(spent.trained), "stage")
    return [
        f"Hosted models: {asked}.",
        f"Training {trained} here: {clock(sum(spent.trained.values()))} (h:mm:ss).",
        f"Asking: {clock(sum(spent.asked.values()))}, {known} arms and seeds timed.",
    ]


def clock(seconds: float) -> str:
    """Hours, minutes, seconds: `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def software(models: list[Manifest]) -> list[str]:
    """`package version`, every version that occurs, models' packages first."""
    own = {"python": versions.python()} | versions.installed(*versions.OF_NUMBERS)
    found = [pair for model in models for pair in model.versions.items()]
    return [f"{package} {number}" for package, number in dict.fromkeys([*found, *own.items()])]


def models_table(models: list[Manifest]) -> Table:
    """The base models, by their pins."""
    rows = {
        found.model: [
            *(found.model, _where(found), digest(found.base.sha256 or found.base.revision)),
            *(digest(found.template_sha256 or None), found.dtype or words.UNKNOWN),
            f"{found.max_length:,} tokens",
        ]
        for found in models
    }
    return table(MODEL, rows.values(), 2)


def _where(found: Manifest) -> str:
    return found.base.location if found.hosted is None else f"{found.hosted.base} (hosted)"


def arms_table(models: list[Manifest], spent: Times) -> Table:
    """What each arm was trained on in all its stages, and how long that took."""
    return lean(table(ARM, [_arm(found, spent) for found in models], 3))


def _arm(found: Manifest, spent: Times) -> list[str | Cell]:
    keys = ("rows", "rows_too_long", "steps", "tokens", "learnt_tokens")
    sums = [_sum([getattr(stage, key) for stage in found.stages]) for key in keys]
    if found.adopted:  # nobody here knows what those stages were trained on
        sums = [words.UNKNOWN] * len(keys)
    record = paths.training(arm_of(found))
    seconds = spent.trained.get(record)
    speed = words.UNKNOWN if not seconds else f"{found.stages[-1].tokens / seconds:,.0f}"
    times = [_clock(seconds), _clock(spent.asked.get(arm_of(found)))]
    outcome = Cell(found.outcome, "", found.hosted.why if found.hosted else "")
    named: list[str | Cell] = [found.model, found.chain, str(found.seed), outcome]
    return [*named, *sums, speed, *times, digest(found.adapter_sha256)]


def _sum(counts: list[int | None]) -> str:
    return words.UNKNOWN if None in counts else f"{sum(filter(None, counts)):,}"


def _clock(seconds: float | None) -> str:
    return words.UNKNOWN if seconds is None else clock(seconds)


def stages_table(models: list[Manifest]) -> Table:
    """The data set of every stage, or where its adapter is from; it belongs to a seed."""
    rows = {
        (found.model, stage.dataset, stage.dataset_sha256): [
            *(found.model, stage.stage, found.seed, stage.dataset),
            *(f"{stage.rows:,}", f"{stage.rows_too_long:,}", digest(stage.dataset_sha256)),
        ]
        for found in models
        for stage in found.stages
    } | {
        (found.model, stage.origin, stage.sha256): [
            *(found.model, stage.stage, found.seed, stage.origin),
            *(words.UNKNOWN, words.UNKNOWN, digest(stage.sha256)),
        ]
        for found in models
        for stage in found.adopted
    }
    return lean(table(STAGE, rows.values(), 4))


def settings_table(models: list[Manifest]) -> Table:
    """The hyperparameters of every stage, one column each."""
    stages = [(found.model, stage) for found in models for stage in found.stages]
    names = list(dict.fromkeys(name for _, stage in stages for name in stage.training))
    rows = dict.fromkeys(
        (model, stage.stage, *(str(stage.training.get(name, words.UNKNOWN)) for name in names))
        for model, stage in stages
    )
    heads = [name.replace("_", " ") for name in names]
    return lean(table(["model", "stage", *heads], rows, 2))
