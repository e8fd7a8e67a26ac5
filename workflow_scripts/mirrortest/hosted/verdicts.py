"""What a failed call means: stop everything, wait, try again, or take the refusal as the outcome.

Codes and their meaning: platform.openai.com/docs/guides/error-codes and help article 5955604.
"""

from dataclasses import dataclass
from typing import Any, Literal

import httpx2
import openai

from mirrortest.hosted import secrets
from mirrortest.hosted.completions import LogprobsMissingError, MalformedError

Kind = Literal["stop", "wait", "again", "malformed", "outcome"]

MONEY = "restore the account's credit or limit"
MENDS = {
    "insufficient_quota": MONEY,
    "credit_balance_exhausted": MONEY,
    "organization_spend_limit_exceeded": MONEY,
    "project_spend_limit_exceeded": MONEY,
    "organization_usage_limit_exceeded": MONEY,
    "daily_rate_limit_exceeded": "wait for the daily limit's reset",
    "model_not_found": "see that the model still exists, in the project that the key belongs to",
    "context_length_exceeded": "shorten the articles with the corpus key max_words",
}
"""What no repetition changes, and what does."""

FILTERED = ("content_filter", "content_policy_violation")
"""Refusals of one question, not of the client: the papers' models have answers to the others."""

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True)
class Verdict:
    """kind: what to do. why: for people. wait: seconds that the provider asks for, at least.

    free: it cannot have been paid for; otherwise its money stays reserved. no_logprobs: the model
    would have answered, but states no log-probabilities.
    """

    kind: Kind
    why: str
    wait: float = 0.0
    free: bool = True
    no_logprobs: bool = False


def of(error: Exception) -> Verdict:
    """The verdict on what a call raised: the client's errors, and answers that are none."""
    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, MalformedError):
        lacking = isinstance(error, LogprobsMissingError)
        return Verdict("malformed", secrets.said(str(error)), free=False, no_logprobs=lacking)
    not_sent = isinstance(error.__cause__, NOT_SENT)
    return Verdict("again", secrets.said(f"{_name(error)}: {error}"), free=not_sent)


def _name(error: Exception) -> str:
    return type(error.__cause__ or error).__name__


def _of_status(error: openai.APIStatusError) -> Verdict:
    status, code = error.status_code, str(error.code or "")
    why = _words(error)
    kind = str(error.type or "")
    if (mend := MENDS.get(code) or MENDS.get(kind)) is not None:
        return Verdict("stop", f"{why}; {mend}")
    if status == 400 and is_filtered(_body(error)):
        return Verdict("outcome", why)
    if status == 429:
        return Verdict("wait", why, _asked_to_wait(error))
    if status in (408, 409) or status >= 500:
        refused = code == "server_is_overloaded" or status < 500
        return Verdict("again", why, _asked_to_wait(error), free=refused)
    if status == 403 and "logprobs" in why:
        return Verdict("stop", why, no_logprobs=True)
    mends = {401: f"see that {secrets.KEY} is right", 404: MENDS["model_not_found"]}
    return Verdict("stop", f"{why}; {mends.get(status, 'the request is refused as it is')}")


def is_filtered(error: dict[str, Any]) -> bool:
    """Whether a 400's error object is the provider's refusal of one question."""
    return error.get("code") in FILTERED or "blocked" in str(error.get("message"))


def _body(error: openai.APIStatusError) -> dict[str, Any]:
    return error.body if isinstance(error.body, dict) else {}


def _words(error: openai.APIStatusError) -> str:
    message = str(_body(error).get("message") or "no words")
    return secrets.said(f"{error.status_code} {error.code or ''} ({message[:200].rstrip('.')})")


def _asked_to_wait(error: openai.APIStatusError) -> float:
    """Seconds; a date in place of a number is not used by the API, and is ignored."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    return 0.0
