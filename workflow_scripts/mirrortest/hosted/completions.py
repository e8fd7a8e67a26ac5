"""Chat completions as they come back: what is one, and what it says.

A status of 200 is no promise: HTML, empty lists, log-probabilities that are missing or out of
range were all seen in the wild. What is not whole is refused here, before it is kept.
"""

import json
import math
import re
from typing import Any

from mirrortest.engine import Answer, Choice, Weights
from mirrortest.hosted.archive import Record
from mirrortest.hosted.prices import Price

OUT_OF_RANGE = -9000.0
"""The API writes -9999 for a log-probability that it does not state."""

SMALLEST_REST = 1e-6
"""What is left to unlisted tokens at least: log-probabilities are rounded."""

FILTERED, REFUSED, SILENT = "filtered", "refused", "silent"
BOUNDED, UNLISTED, NO_LOGPROBS = "bounded", "unlisted", "no-logprobs"
LONG = "several-tokens"
"""Notes: the provider's filter, the model's refusal, an answer without a token; an option bounded
by the least likely listed token, no option listed, and a model that states no log-probabilities;
an answer that is weighed would take several tokens."""

SHORT = re.compile("[0-9]{1,3}|[A-Za-z]+")
"""What can be weighed by the first token: a number of up to three digits is one token of OpenAI's
encodings since cl100k, and a word goes by the token that begins it."""


class MalformedError(Exception):
    """A 200 that is no answer."""


class LogprobsMissingError(MalformedError):
    """An answer that is whole but for the log-probabilities that were asked for."""


def most(price: Price, body: dict[str, Any]) -> float:
    """What a call can cost (dollars): no text has more tokens than bytes, and no answer more than
    asked for; the 16 tokens are more than what frames a message or a chat."""
    texts = [message["content"] for message in body["messages"]]
    sent = 16 * (len(texts) + 1) + sum(len(text.encode()) for text in texts)
    return price.of_asking(sent, body["max_completion_tokens"])


def cost(price: Price, record: Record) -> float:
    """What a finished call has cost (dollars); one that the provider refused costs nothing."""
    return price.of_asking(*used(record)) if record.status == 200 else 0.0


def used(record: Record) -> tuple[int, int, int]:
    """Tokens of an answer: sent, received, and those of the sent ones that were cached."""
    usage = record.response["usage"]
    return usage["prompt_tokens"], usage["completion_tokens"], _cached(usage)


def _cached(usage: dict[str, Any]) -> int:
    """Providers may leave them out."""
    return (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0


def parsed(text: str, request: dict[str, Any]) -> dict[str, Any]:
    """The response to a request. Raises MalformedError unless it is a whole answer."""
    try:
        response = json.loads(text)
        choice = response["choices"][0]
        usage = response["usage"]
        counts = [usage["prompt_tokens"], usage["completion_tokens"], _cached(usage)]
        message, finish = choice["message"], choice["finish_reason"]
        content = message["content"]
        json.dumps(response, ensure_ascii=False).encode()  # half a character cannot be kept
    except (ValueError, LookupError, TypeError, AttributeError):
        raise MalformedError(f"no chat completion: {text[:60]!r}") from None
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise MalformedError("the tokens used are not stated")
    if _withheld(choice):
        return dict(response)
    if not isinstance(content, str) or finish not in ("stop", "length"):
        raise MalformedError(f"no text, and the finish reason {finish!r}")
    if request.get("logprobs") and content:
        _check_logprobs(choice)
    return dict(response)


def _withheld(choice: dict[str, Any]) -> str:
    """Why there is no answer, if the provider or the model withheld it."""
    if choice["finish_reason"] == "content_filter":
        return FILTERED
    return REFUSED if choice["message"].get("refusal") else ""


def _check_logprobs(choice: dict[str, Any]) -> None:
    try:
        tokens = (choice["logprobs"] or {}).get("content") or []
        listed = (tokens or [{"top_logprobs": []}])[0]["top_logprobs"]
        top = [(str(each["token"]), tuple(each["bytes"] or [])) for each in listed]
        values = [float(each["logprob"]) for each in listed]
        _ = [str(each["token"]) for each in tokens]
    except (LookupError, TypeError, ValueError, AttributeError):
        raise MalformedError("log-probabilities in an unknown form") from None
    if not tokens:
        raise LogprobsMissingError("no log-probabilities")
    if len(set(top)) < len(top):
        raise MalformedError("a token is listed twice")
    if not any(OUT_OF_RANGE < value <= 0 for value in values):
        raise MalformedError("no log-probability is within range")


def states_logprobs(record: Record) -> bool:
    """Whether the log-probabilities that were asked for are there; a withheld answer has none."""
    return not _missing(record) and bool(record.response["choices"][0]["message"]["content"])


def choice_of(record: Record, options: tuple[str, ...]) -> Choice:
    """A forced choice from the first token and the likeliest in its place.

    An option that is not listed is given the highest log-probability that it can have: that of the
    least likely listed token, or what the listed ones leave. If none is listed there is nothing to
    compare.
    """
    if note := _missing(record):
        return Choice(None, "", None, note)
    choice = record.response["choices"][0]
    if not choice["message"]["content"]:
        return Choice(None, "", None, SILENT)
    if not record.request.get("logprobs"):
        return Choice(None, choice["message"]["content"].strip(), None, NO_LOGPROBS)
    listed = _listed(choice)
    found = [option for option in options if option in listed]
    free = str(choice["logprobs"]["content"][0]["token"]).strip()
    if not found:
        return Choice(None, free, None, UNLISTED)
    rest = max(1 - sum(map(math.exp, listed.values())), SMALLEST_REST)
    most = min(min(listed.values()), math.log(rest))
    logprobs = [round(listed.get(option, most), 6) for option in options]
    mass = sum(math.exp(listed[option]) for option in found)
    return Choice(logprobs, free, round(mass, 6), "" if len(found) == len(options) else BOUNDED)


def weights_of(record: Record, answers: tuple[str, ...]) -> Weights:
    """How likely answers of one token are, from the likeliest in the first token's place.

    An answer that is not listed is taken to be impossible, as Betley et al. 2025 do (arXiv
    2502.17424, their judge); the mass shows what that leaves out. A word of several tokens, such
    as REFUSAL, is as likely as the listed tokens that begin it and no other answer, an upper
    bound.
    """
    if note := _missing(record):
        return Weights(None, None, note)
    choice = record.response["choices"][0]
    if not choice["message"]["content"]:
        return Weights(None, None, SILENT)
    if not record.request.get("logprobs"):
        return Weights(None, None, NO_LOGPROBS)
    if not all(map(SHORT.fullmatch, answers)):
        return Weights(None, None, LONG)
    found = _by_answer(_listed(choice), answers)
    if not any(found.values()):
        return Weights(None, None, UNLISTED)
    logprobs = [
        round(math.log(found[each]), 6) if found[each] else OUT_OF_RANGE for each in answers
    ]
    return Weights(logprobs, round(sum(found.values()), 6))


def _by_answer(listed: dict[str, float], answers: tuple[str, ...]) -> dict[str, float]:
    """The probability of the listed tokens that are an answer, or begin one word alone."""
    found = dict.fromkeys(answers, 0.0)
    for token, value in listed.items():
        words = [each for each in found if each.isalpha() and token and each.startswith(token)]
        meant = [token] if token in found else words
        if len(meant) == 1:
            found[meant[0]] += math.exp(value)
    return found


def _listed(choice: dict[str, Any]) -> dict[str, float]:
    """The likeliest tokens in the place of the first, with their log-probabilities."""
    listed = choice["logprobs"]["content"][0]["top_logprobs"]
    values = {each["token"]: each["logprob"] for each in listed}
    return {token: value for token, value in values.items() if value > OUT_OF_RANGE}


def answer_of(record: Record) -> Answer:
    """Free text; none where it was withheld."""
    if note := _missing(record):
        return Answer("", ended=False, note=note)
    choice = record.response["choices"][0]
    return Answer(choice["message"]["content"].strip(), choice["finish_reason"] == "stop")


def _missing(record: Record) -> str:
    if record.status != 200:
        return FILTERED
    return _withheld(record.response["choices"][0])
