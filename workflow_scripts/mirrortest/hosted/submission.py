"""One order, one job, one bill: handed in at most once, whatever happens to us or to the answer.

Intent is on the disk before anything is sent; the provider keeps the order's key beside the job, by
which a run that lost the answer, or was killed, finds it again. A request without an answer is
looked for and never repeated, unless it is old enough or the user says that it made nothing.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mirrortest.errors import UserError
from mirrortest.hosted.ledger import Ledger
from mirrortest.hosted.prices import Price
from mirrortest.hosted.provider import (
    KEY,
    Job,
    Order,
    Provider,
    RefusedError,
    Result,
    UnansweredError,
)
from mirrortest.hosted.spending import Spending

SHOWN = 12
"""So much of a key names it to people."""
MARGIN = timedelta(days=1)
"""The provider's clock may be behind ours."""
PROBE_TOKENS = 20
"""More than one short question and one token of an answer."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Terms:
    """How long is waited for what (seconds), and the user's word; see `config.Submission`."""

    poll: float
    deadline: float
    look_again: tuple[float, ...]
    resubmit_after: float | None
    resubmit: tuple[str, ...]


@dataclass(frozen=True)
class Errand:
    """An order on its way. name: the arm, for people; tokens: what training is expected to bill."""

    name: str
    order: Order
    data: Path
    tokens: int
    price: Price
    ledger: Ledger
    provider: Provider
    spending: Spending
    terms: Terms


def fulfilled(errand: Errand) -> Result:
    """What came of the order, handed in only if no job was made for it yet.

    Raises UserError where money stands in the way, where the provider refuses, and where it is not
    known whether there is a job.
    """
    try:
        job = _known(errand) or _submitted(errand)
        if isinstance(job, Result):
            return _concluded(errand, job)
        ended = _awaited(errand, job)
        _settle(errand, ended)
        return _concluded(errand, _asked(errand, ended))
    except RefusedError as no:
        raise UserError(f"{errand.name}: the provider refuses: {no}.") from None
    except UnansweredError as lost:
        raise UserError(
            f"{errand.name}: the provider cannot be reached or understood ({lost}); run again "
            "later, nothing is lost."
        ) from None


# --- is there a job?


def _known(errand: Errand) -> Job | None:
    """The job, if one was made: as recorded, or found again at the provider's."""
    recorded = errand.ledger.job()
    if recorded is not None:
        return recorded
    lost = errand.ledger.unanswered
    found = _found(errand, errand.terms.look_again if lost else ())
    if found is None and lost is not None:
        _check_resubmission(errand, lost)
    return found


def _found(errand: Errand, pauses: tuple[float, ...]) -> Job | None:
    """The job made for the order; it is looked for after each pause too, as lists may lag."""
    for pause in (0.0, *pauses):
        time.sleep(pause)
        jobs = errand.provider.find(errand.order.key, errand.ledger.since - MARGIN)
        if jobs:
            return _adopted(errand, jobs)
    return None


def _adopted(errand: Errand, jobs: list[Job]) -> Job:
    """The oldest that lives or has succeeded, else the oldest."""
    alive = [job for job in jobs if job.status not in ("failed", "cancelled")]
    chosen = (alive or jobs)[0]
    log.info("%s: job %s was made for it already", errand.name, chosen.id)
    if len(jobs) > 1:
        log.warning(
            "%s: there are %d jobs for it (%s), each for about $%.2f; %s is used, cancel the rest",
            *(
                errand.name,
                len(jobs),
                ", ".join(job.id for job in jobs),
                _dollars(errand),
                chosen.id,
            ),
        )
    errand.ledger.record(chosen)
    return chosen


def _check_resubmission(errand: Errand, lost: datetime) -> None:
    """Raises UserError unless the request that got no answer may be taken to have made nothing."""
    terms, number = errand.terms, errand.ledger.sent
    age = (_now() - lost).total_seconds()
    is_old = terms.resubmit_after is not None and age >= terms.resubmit_after
    if not is_old and _word(errand) not in terms.resubmit:
        raise _unknown(errand, lost)
    why = "it is old" if is_old else "by the user's word"
    log.warning("%s: request %d is taken to have made no job: %s", errand.name, number, why)
    errand.ledger.refused(number, why)
    errand.spending.settle(_reservation(errand, number), 0.0)


def _word(errand: Errand) -> str:
    """How the user names a request: it is good for this one only, not for a later one."""
    return f"{errand.order.key[:SHOWN]}-{errand.ledger.sent}"


def _unknown(errand: Errand, lost: datetime) -> UserError:
    return UserError(
        f"{errand.name}: whether its finetuning job was made is not known: the request of "
        f"{lost:%Y-%m-%d %H:%M} UTC got no answer, and no job with the metadata {KEY}="
        f"{errand.order.key} is listed, so nothing is sent again; run again later, which looks "
        "for the job first, or, if the provider's own page shows none, add "
        f"--config 'submission={{resubmit: [{_word(errand)}]}}'."
    )


# --- handing in


def _submitted(errand: Errand) -> Job | Result:
    """Hands in the order; waits as long as the provider has no room for another job."""
    file = None
    for _ in _looks(errand):
        if file and (found := _found(errand, ())):  # whoever refused may have meant another
            return found
        number = errand.ledger.sent + 1
        what = f"{errand.name}: training on {errand.tokens:,} tokens"
        errand.spending.reserve(_reservation(errand, number), _dollars(errand), what)
        file = file or errand.provider.upload(errand.data, errand.order.dataset_sha256)
        errand.ledger.sending(number, _now())
        try:
            job = errand.provider.submit(errand.order, file)
        except RefusedError as no:
            _note_refusal(errand, number, no)
            if no.code == "training_not_available":
                return Result("blocked", why=str(no))
            if not no.passes:
                raise
        except UnansweredError as lost:
            return _looked_for(errand, lost)
        else:
            errand.ledger.record(job)
            return job
    raise UserError(f"{errand.name}: the provider has had no room for its job; run again later.")


def _note_refusal(errand: Errand, number: int, no: RefusedError) -> None:
    log.warning("%s: refused: %s", errand.name, no)
    errand.ledger.refused(number, str(no))
    errand.spending.settle(_reservation(errand, number), 0.0)


def _looked_for(errand: Errand, lost: UnansweredError) -> Job:
    """The job that a request without an answer has made. Raises UserError if none appears."""
    log.warning("%s: no answer (%s); looking for the job instead", errand.name, lost)
    found = _found(errand, errand.terms.look_again)
    if found is None:
        raise _unknown(errand, errand.ledger.unanswered or _now())
    return found


# --- waiting


def _awaited(errand: Errand, job: Job) -> Job:
    """The job when it has ended. Raises UserError after the deadline; the job goes on."""
    for _ in _looks(errand):
        try:
            seen = errand.provider.status(job.id)
        except UnansweredError as lost:
            log.warning("%s: job %s: %s", errand.name, job.id, lost)
            continue
        if seen.status != job.status:
            log.info("%s: job %s: %s", errand.name, job.id, seen.status)
        job = seen
        errand.ledger.record(job)
        if job.has_ended:
            return job
    raise UserError(
        f"{errand.name}: job {job.id} has not ended within the deadline (last seen: {job.status}); "
        "it goes on, and the next run waits for it again."
    )


def _looks(errand: Errand) -> Iterator[None]:
    """One look at once, then one after each pause, up to the deadline."""
    until = time.monotonic() + errand.terms.deadline
    while True:
        yield
        if time.monotonic() >= until:
            return
        time.sleep(errand.terms.poll)


# --- the end


def _settle(errand: Errand, job: Job) -> None:
    """Books the tokens that are billed. If the provider names none, the estimate stays reserved."""
    log.info(
        "%s: %s tokens trained, at most %d expected", errand.name, job.trained_tokens, errand.tokens
    )
    if job.trained_tokens is None or not errand.ledger.sent:
        return
    dollars = errand.price.of_training(job.trained_tokens)
    errand.spending.settle(_reservation(errand, errand.ledger.sent), dollars)
    if job.trained_tokens > errand.tokens:
        log.warning(
            "%s: %d tokens were billed, more than the %d expected; the estimate errs",
            *(errand.name, job.trained_tokens, errand.tokens),
        )


def _asked(errand: Errand, job: Job) -> Result:
    """What came of the job. A model that is not there yet is asked again after a while."""
    if job.status != "succeeded":
        return errand.provider.result(job)
    for pause in (0.0, *errand.terms.look_again):
        time.sleep(pause)
        result = _probed(errand, job)
        if result.outcome == "succeeded":
            break
        log.warning("%s: %s", errand.name, result.why)
    return result


def _probed(errand: Errand, job: Job) -> Result:
    key = f"probe {job.id} {time.time_ns()}"
    most = errand.price.of_asking(PROBE_TOKENS, 1)
    errand.spending.reserve(key, most, f"{errand.name}: one token of its model")
    result = errand.provider.result(job)
    errand.spending.settle(key, errand.price.of_asking(*result.tokens))
    return result


def _concluded(errand: Errand, result: Result) -> Result:
    log.info("%s: %s %s", errand.name, result.outcome, result.why)
    errand.ledger.conclude(result)
    return result


def _reservation(errand: Errand, number: int) -> str:
    return f"training {errand.order.key} {number}"


def _dollars(errand: Errand) -> float:
    return errand.price.of_training(errand.tokens)


def _now() -> datetime:
    return datetime.now(UTC)
