"""Finetuning jobs by the OpenAI API, or by one of the same form behind OPENAI_BASE_URL.

The SDK sends no idempotency key, and its own retries hand a job in twice where the first answer is
lost (measured). So handing in is never retried here, and what is no clear answer counts as none.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import openai

from mirrortest.hosted import secrets
from mirrortest.hosted.provider import KEY, Event, Job, Order, RefusedError, Result, UnansweredError

ADDRESS = "https://api.openai.com/v1"
PAGE = 100
UPLOADS = 3
NEVER_SENT = ("ConnectError", "ConnectTimeout")
"""Of failed connections those in which no byte of the request has left."""
PASSING = ("rate_limit_exceeded", "slow_down")
"""The codes of a 429 that waiting mends: too many jobs or requests at this moment."""
QUESTION = [{"role": "user", "content": "."}]


def address() -> str:
    """Where the API is."""
    return os.environ.get("OPENAI_BASE_URL") or ADDRESS


def connect(request_seconds: float) -> openai.OpenAI:
    """The client. Raises UserError if the environment holds no key."""
    secrets.check_key()
    return openai.OpenAI(timeout=request_seconds)


class OpenAIJobs:
    """The five verbs."""

    def __init__(self, client: openai.OpenAI) -> None:
        self._client = client
        self._once = client.with_options(max_retries=0)

    def upload(self, path: Path, sha256: str) -> str:
        """See `Provider`. A file has no label but its name, which therefore holds its hash."""
        name = f"sft-{sha256[:16]}.jsonl"
        for attempt in range(UPLOADS):
            if (known := self._file(name, path.stat().st_size)) is not None:
                return known
            try:
                with _answered():
                    made = self._once.files.create(
                        file=(name, path.read_bytes()), purpose="fine-tune"
                    )
                    return _text(made.id)
            except UnansweredError:
                if attempt == UPLOADS - 1:
                    raise
        raise AssertionError

    def _file(self, name: str, size: int) -> str | None:
        def page(after: Any) -> Any:
            return self._client.files.list(purpose="fine-tune", after=after)

        for file in _all(page):
            if (file.filename, file.bytes) == (name, size) and file.status != "error":
                return _text(file.id)
        return None

    def find(self, key: str, since: datetime) -> list[Job]:
        """See `Provider`. Also without the server's filter, which nobody promises to be prompt."""
        for only in ({KEY: key}, openai.omit):
            found = [
                job for job in self._listed(only, since) if (job.metadata or {}).get(KEY) == key
            ]
            if found:
                # Lists begin with the newest, and times are whole seconds.
                return sorted(map(_job, reversed(found)), key=lambda job: job.created_at)
        return []

    def _listed(self, only: Any, since: datetime) -> Iterator[Any]:
        def page(after: Any) -> Any:
            return self._client.fine_tuning.jobs.list(limit=PAGE, after=after, metadata=only)

        for job in _all(page):
            if only is openai.omit and job.created_at < since.timestamp():
                return
            yield job

    def submit(self, order: Order, file: str) -> Job:
        """See `Provider`."""
        given = {
            "n_epochs": order.epochs,
            "batch_size": order.batch_size,
            "learning_rate_multiplier": order.learning_rate_multiplier,
        }
        hyper: Any = {name: value for name, value in given.items() if value is not None}
        with _answered(sending=True):
            made = self._once.fine_tuning.jobs.create(
                model=order.model,
                training_file=file,
                method={"type": "supervised", "supervised": {"hyperparameters": hyper}},
                seed=order.seed,
                suffix=f"mirrortest-{order.key[:8]}",
                metadata={KEY: order.key},
            )
            return _job(made)

    def status(self, job: str) -> Job:
        """See `Provider`. While it runs only the latest events are read."""

        def page(after: Any) -> Any:
            return self._client.fine_tuning.jobs.list_events(job, limit=PAGE, after=after)

        with _answered():
            seen = _job(self._client.fine_tuning.jobs.retrieve(job))
        found = _all(page, pages=None if seen.has_ended else 1)
        with _answered():
            events = [Event(e.id, e.created_at, e.type, e.message, e.data) for e in found]
        return Job(**vars(seen) | {"events": events[::-1]})

    def result(self, job: Job) -> Result:
        """See `Provider`."""
        if job.status == "succeeded":
            return self._probed(_text(job.model))
        return Result(_outcome(job), why=_why_of(job))

    def _probed(self, model: str) -> Result:
        """Some models are blocked or retired though their training has succeeded."""
        try:
            with _answered():
                answer: Any = self._client.chat.completions.create(
                    model=model,
                    messages=QUESTION,  # type: ignore[arg-type]
                    max_completion_tokens=1,
                )
                used = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
        except RefusedError as no:
            if no.status not in (400, 403, 404):
                raise
            return Result("blocked", None, f"it was trained, but may not be asked: {no}")
        return Result("succeeded", model, tokens=used)


def shutdown_date(client: openai.OpenAI, model: str) -> date | None:
    """From when on a model no longer answers, if that is announced."""
    with _answered():
        found: Any = client.models.retrieve(model)
        day = getattr(found, "shutdown_date", None)
    return day and date.fromisoformat(day)


def limits(client: openai.OpenAI, model: str) -> dict[str, int]:
    """How many finetuning jobs the organisation may have, in the provider's words."""
    with _answered():
        found: Any = client.get("/fine_tuning/model_limits", cast_to=object)
        rows = [row for row in found["data"] if row["model"] == model]
    return {name: n for row in rows for name, n in row.items() if isinstance(n, int)}


def _all(page: Callable[[Any], Any], pages: int | None = None) -> Iterator[Any]:
    """What a list holds, page by page. Raises UnansweredError for a page that is none."""
    after: Any = openai.omit
    while pages is None or pages > 0:
        with _answered():
            found = page(after)
            if not isinstance(found.data, list):
                raise TypeError("no list")
        yield from found.data
        if not (found.data and found.has_more):
            return
        after, pages = found.data[-1].id, None if pages is None else pages - 1


@contextmanager
def _answered(sending: bool = False) -> Iterator[None]:
    """Turns every failure of the SDK into one of the protocol's two."""
    try:
        yield
    except openai.APIConnectionError as error:
        why = f"{type(error).__name__}, {type(error.__cause__).__name__}"
        if sending and type(error.__cause__).__name__ in NEVER_SENT:
            raise RefusedError(why, passes=True) from None
        raise UnansweredError(why) from None
    except openai.APIStatusError as error:
        raise _judged(error) from None
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise UnansweredError(f"an answer that is none ({type(error).__name__})") from None


def _judged(error: openai.APIStatusError) -> RefusedError | UnansweredError:
    said = error.body.get("message") if isinstance(error.body, dict) else None
    why = f"HTTP {error.status_code}, {error.code}: {secrets.said(str(said))}"
    if error.request_id:
        why += f" (request {error.request_id})"
    if error.status_code in (408, 409) or error.status_code >= 500:
        return UnansweredError(why)
    passes = error.status_code == 429 and error.code in PASSING
    return RefusedError(why, error.status_code, error.code, passes)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("no text")
    return value


def _job(found: Any) -> Job:
    error = found.error  # `{}` on a job without one
    return Job(
        id=_text(found.id),
        status=_text(found.status),
        created_at=int(found.created_at),
        model=found.fine_tuned_model,
        trained_tokens=found.trained_tokens,
        code=getattr(error, "code", None),
        message=getattr(error, "message", None),
    )


def _outcome(job: Job) -> Literal["failed", "cancelled", "blocked"]:
    """Blocked: its data or its model was judged unsafe. Codes are not public, so words decide."""
    if job.status == "cancelled":
        return "cancelled"
    said = f"{job.code} {job.message}".lower()
    if "error while running" in said:  # the check itself broke down
        return "failed"
    checked = [e.message.lower() for e in job.events if e.kind == "moderation_checks"]
    is_blocked = any(word in said for word in ("unsafe", "blocked", "moderation", "usage polic"))
    is_blocked = is_blocked or any("failed" in words or "blocked" in words for words in checked)
    return "blocked" if is_blocked else "failed"


def _why_of(job: Job) -> str:
    return (
        f"job {job.id} has {job.status}: {job.code or 'no code'}, {secrets.said(str(job.message))}"
    )
