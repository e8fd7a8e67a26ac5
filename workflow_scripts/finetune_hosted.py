"""Has a provider train the last stage of an arm, and records whatever comes of it."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mirrortest import chains, joblog, jsonl, manifest, sources
from mirrortest.chains import Arm
from mirrortest.errors import UserError
from mirrortest.exclusive import exclusive
from mirrortest.hosted import openai_jobs, prices, submission, tokens, training_file
from mirrortest.hosted.ledger import Ledger
from mirrortest.hosted.openai_jobs import OpenAIJobs
from mirrortest.hosted.prices import Price
from mirrortest.hosted.provider import Order, Result
from mirrortest.hosted.spending import Spending
from mirrortest.hosted.submission import Errand, Terms
from mirrortest.manifest import Hosted, Manifest, StageRecord


def finetune_hosted(
    arm: Arm, parent: str, dataset: str, spec: str, terms: SimpleNamespace, state: Path, out: Path
) -> None:
    """Writes `events.jsonl` and, last, `model.json` into the folder `out`.

    state: the folder where jobs and spending are noted; terms: see `Experiment.terms`.
    Raises UserError where nothing is decided yet.
    """
    below, settings = manifest.read(parent), json.loads(spec)
    if below.hosted is None:
        raise UserError(f"{parent} is not of a hosted model; delete it to have it made anew.")
    if below.hosted.model is None:
        jsonl.write(out / "events.jsonl", [])
        _without_training(arm, below, below.hosted).write(out / "model.json")
        return
    record = _record(arm, dataset, below.hosted.encoding, settings["hyperparameters"])
    order = _order(below.hosted, record, arm.seed, settings["attempt"])
    ledger = Ledger(state / "jobs" / order.key)
    with exclusive(ledger.folder):
        ledger.intend(order, str(arm), openai_jobs.address(), datetime.now(UTC))
        result = ledger.result()
        if result is None:
            price = _price(arm, below.hosted.base, terms.prices)
            spending = _spending(arm, state, terms.dollars)
            with openai_jobs.connect(terms.request_seconds) as client:
                result = submission.fulfilled(
                    Errand(
                        name=str(arm),
                        order=order,
                        data=Path(dataset),
                        tokens=record.tokens,
                        price=price,
                        ledger=ledger,
                        provider=OpenAIJobs(client),
                        spending=spending,
                        terms=_terms(terms),
                    )
                )
        jsonl.write(out / "events.jsonl", map(asdict, ledger.events()))
        made = _manifest(arm, below, below.hosted, order, record, result, ledger)
        made.write(out / "model.json")


def _record(arm: Arm, dataset: str, encoding: str, hyper: dict[str, Any]) -> StageRecord:
    """What the stage is trained on; tokens are counted, or bounded from above."""
    rows, counter = training_file.read(dataset), tokens.counter(encoding)
    return StageRecord(
        stage=chains.stages_of(arm.chain)[-1],
        dataset=dataset,
        dataset_sha256=sources.digest(dataset),
        rows=len(rows),
        rows_too_long=sum(counter.of_chat(row) > tokens.LONGEST for row in rows),
        tokens=hyper["epochs"] * counter.of_training(rows),
        learnt_tokens=None,
        steps=None,
        training=hyper,
    )


def _order(below: Hosted, record: StageRecord, seed: int, attempt: int) -> Order:
    return Order(
        model=below.model or below.base,
        parent=below.key or below.base,
        dataset_sha256=record.dataset_sha256,
        **record.training,
        seed=seed,
        attempt=attempt,
    )


def _price(arm: Arm, base: str, path: str) -> Price:
    """What it costs. Raises UserError if that is unknown, or once the base is gone."""
    price = prices.load(path).training(base)
    if price.shutdown is not None and datetime.now(UTC).date() >= price.shutdown:
        raise UserError(
            f"{arm}: {base} and all that is trained on it were to end on {price.shutdown} "
            f"(see {path}); nothing is trained on it any more."
        )
    return price


def _spending(arm: Arm, state: Path, dollars: float | None) -> Spending:
    if dollars is None:
        raise UserError(
            f"{arm} is to be trained by a provider, and the config has no budget; add "
            "`budget: {dollars: ...}`."
        )
    return Spending(state / "spending.sqlite", dollars)


def _terms(given: SimpleNamespace) -> Terms:
    hours = given.resubmit_after_hours
    return Terms(
        poll=given.poll_seconds,
        deadline=given.deadline_hours * 3600,
        look_again=tuple(given.look_again_seconds),
        resubmit_after=None if hours is None else hours * 3600,
        resubmit=tuple(given.resubmit),
    )


def _without_training(arm: Arm, below: Manifest, hosted: Hosted) -> Manifest:
    """The arm that cannot be, since the one below it is not there: nothing is spent on it."""
    below_it = Arm(below.model, below.chain, below.seed)
    why = f"it builds on {below_it}, which is {below.outcome}: {hosted.why}"
    lacking = Hosted(hosted.base, None, hosted.encoding, why=why)
    return replace(below, chain=arm.chain, seed=arm.seed, outcome="blocked", hosted=lacking)


def _manifest(
    arm: Arm,
    below: Manifest,
    hosted: Hosted,
    order: Order,
    record: StageRecord,
    result: Result,
    ledger: Ledger,
) -> Manifest:
    job = ledger.job()
    made = Hosted(
        base=hosted.base,
        model=result.model,
        encoding=hosted.encoding,
        key=order.key,
        job=None if job is None else job.id,
        trained_tokens=None if job is None else job.trained_tokens,
        why=result.why,
    )
    return replace(
        below,
        chain=arm.chain,
        seed=arm.seed,
        outcome=result.outcome,
        stages=[*below.stages, record],
        hosted=made,
    )


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        finetune_hosted(
            arm=chains.arm(
                snakemake.wildcards.model,
                snakemake.wildcards.chain,
                int(snakemake.wildcards.seed),
            ),
            parent=snakemake.input.parent,
            dataset=snakemake.input.dataset,
            spec=snakemake.params.spec,
            terms=snakemake.params.terms,
            state=Path(snakemake.params.state),
            out=Path(snakemake.output.model).parent,
        )
