"""Trains the last stage of an arm on top of the arm that the earlier stages left."""

import csv
import dataclasses
import json
import logging
from dataclasses import asdict, replace
from pathlib import Path

from mirrortest import (
    adapters,
    batching,
    chains,
    chats,
    devices,
    distributed,
    joblog,
    jsonl,
    manifest,
    memory,
    optimizers,
    pretrained,
    sources,
    training,
    versions,
)
from mirrortest.adapters import Adapter
from mirrortest.batching import Layout, Sequence
from mirrortest.canonical import fingerprint
from mirrortest.chains import Arm
from mirrortest.chats import Chat
from mirrortest.checkpoints import Checkpoints
from mirrortest.distributed import ALONE, Group
from mirrortest.errors import UserError
from mirrortest.exclusive import exclusive
from mirrortest.manifest import Manifest, StageRecord
from mirrortest.meter import Meter
from mirrortest.template import Template
from mirrortest.training import Hyperparameters, Step


def finetune(
    arm: Arm, parent: str, dataset: str, spec: str, state: str, out: Path, group: Group = ALONE
) -> Meter:
    """Writes `adapter/`, `training.csv` and, last, `model.json` into the folder `out`.

    Returns what it took.
    """
    settings = json.loads(spec)
    below = manifest.read(parent)
    if settings["merge"]:
        below = below.merged()
    hyper = Hyperparameters(**settings["training"])
    template = pretrained.load_template(below.base)
    sequences, too_long = _sequences(dataset, template, below.max_length)
    key = fingerprint([below.fingerprint, sources.digest(dataset), too_long, hyper, arm])
    checkpoints = Checkpoints(Path(state), key)
    layout = _layout(below, sequences, hyper, arm.seed, group)
    adapter, history = _train(below, sequences, hyper, arm.seed, checkpoints, layout, group)
    took = Meter(read=sum(step.tokens for step in history), seconds=history[-1].seconds)
    if not group.first:
        return took
    adapters.save(adapter, out / "adapter", below.base.location)
    _write_history(history, out / "training.csv")
    record = StageRecord(
        stage=chains.stages_of(arm.chain)[-1],
        dataset=dataset,
        dataset_sha256=sources.digest(dataset),
        rows=len(sequences),
        rows_too_long=too_long,
        tokens=round(took.read),
        learnt_tokens=hyper.epochs * batching.learnt(sequences),
        steps=len(history),
        training=asdict(hyper),
    )
    _manifest(arm, below, record, out).write(out / "model.json")
    checkpoints.clear()
    return took


def _sequences(dataset: str, template: Template, longest: int) -> tuple[list[Sequence], int]:
    """The rows as tokens without those that are too long, and how many were."""
    found = enumerate(chats.read_chats(dataset), start=1)
    rows = [_sequence(chat, template, f"{dataset}, line {number}") for number, chat in found]
    kept = [row for row in rows if len(row.ids) <= longest]
    if len(kept) < len(rows):
        logging.warning(
            "%d of %d rows left out: over %d tokens", len(rows) - len(kept), len(rows), longest
        )
    if not kept:
        raise UserError(f"{dataset}: every row is longer than the model's {longest} tokens.")
    return kept, len(rows) - len(kept)


def _sequence(chat: Chat, template: Template, where: str) -> Sequence:
    try:
        return Sequence(*template.training_ids(chat))
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _layout(
    below: Manifest, sequences: list[Sequence], hyper: Hyperparameters, seed: int, group: Group
) -> Layout:
    """How the training fits the memory. Raises UserError if it does not, before it is loaded."""
    optimizers.check(hyper.optimizer)
    needs = memory.Training(
        model=memory.architecture(below.base),
        dtype=below.dtype,
        rank=hyper.rank,
        below=0 if below.adapter is None else adapters.load(Path(below.adapter)).rank,
        optimizer=hyper.optimizer,
        devices=group.size,
    )
    steps = training.batches(sequences, hyper, seed)
    batches = [[sequences[i] for i in step] for step in steps]
    return batching.fitting(needs, batches, group.least(memory.free()), below.model)


def _train(
    below: Manifest,
    sequences: list[Sequence],
    hyper: Hyperparameters,
    seed: int,
    checkpoints: Checkpoints,
    layout: Layout,
    group: Group,
) -> tuple[Adapter, list[Step]]:
    """The chain's adapter, of all its stages, and the record of this stage's training."""
    folder = None if below.adapter is None else Path(below.adapter)
    base = pretrained.load_model(below.base, below.dtype, "cpu" if group.size > 1 else None)
    model = training.with_new_adapter(base, folder, hyper, seed)
    history = training.train(model, sequences, hyper, seed, checkpoints, layout, group)
    new = training.trained_adapter(model, hyper)
    return (new if folder is None else adapters.stack(adapters.load(folder), new)), history


def _manifest(arm: Arm, below: Manifest, record: StageRecord, out: Path) -> Manifest:
    return replace(
        below,
        chain=arm.chain,
        seed=arm.seed,
        outcome="succeeded",
        adapter=str(out / "adapter"),
        adapter_sha256=sources.digest(out / "adapter"),
        stages=[*below.stages, record],
        versions=versions.installed(*versions.OF_MODELS),
    )


def _write_history(history: list[Step], path: Path) -> None:
    with jsonl.whole(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in dataclasses.fields(Step))
        writer.writerows(dataclasses.astuple(step) for step in history)


if __name__ == "__main__":
    with (
        joblog.job(snakemake.log[0]),
        exclusive(snakemake.params.state),
        devices.claimed(snakemake.resources.gpu),
        distributed.processes(snakemake.resources.gpu) as group,
    ):
        meter = finetune(
            arm=chains.arm(
                snakemake.wildcards.model,
                snakemake.wildcards.chain,
                int(snakemake.wildcards.seed),
            ),
            parent=snakemake.input.parent,
            dataset=snakemake.input.dataset,
            spec=snakemake.params.spec,
            state=snakemake.params.state,
            out=Path(snakemake.output.model).parent,
            group=group,
        )
        if group.first:
            meter.write(snakemake.params.took, group.size)
