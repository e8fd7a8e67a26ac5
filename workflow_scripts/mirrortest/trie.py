"""Whole answers as a trie of token ids: what has to be asked, and what the replies come to.

A prefix is a node of the trie: the tokens that were said so far, the prompt left out.
"""

import math
from collections.abc import Iterable, Mapping

Ids = tuple[int, ...]
Stated = Mapping[Ids, Mapping[int, float]]
"""At each prefix, the log-probability of each token that leads on to an answer (nats)."""

SMALLEST_REST = 1e-9
"""What is left to all other replies at least: beyond it there is nothing but rounding."""


def branches(answers: Iterable[Ids]) -> dict[Ids, list[int]]:
    """Each prefix that leads on to an answer, with the tokens that do so, in order."""
    found: dict[Ids, set[int]] = {}
    for answer in answers:
        for end, token in enumerate(answer):
            found.setdefault(answer[:end], set()).add(token)
    return {prefix: sorted(found[prefix]) for prefix in sorted(found)}


def rows(prefixes: Iterable[Ids]) -> list[Ids]:
    """The prefixes that no other one goes on from: a pass over each of them sees them all."""
    known = set(prefixes)
    inner = {prefix[:-1] for prefix in known if prefix}
    return sorted(known - inner)


def folded(answers: list[Ids], stated: Stated) -> tuple[list[float], float]:
    """The log-probability (nats) of each answer that is not the beginning of a longer one, and the
    probability of all together."""
    going_on = _going_on(set(answers), stated)
    alone = [min(going_on.get(answer, 0.0), 1 - SMALLEST_REST) for answer in answers]
    logprobs = [
        reached(answer, stated) + math.log1p(-on) for answer, on in zip(answers, alone, strict=True)
    ]
    return logprobs, min(going_on[()], 1.0)


def reached(answer: Ids, stated: Stated) -> float:
    """The log-probability (nats) that a reply begins with these tokens."""
    return sum(stated[answer[:end]][token] for end, token in enumerate(answer))


def _going_on(answers: set[Ids], stated: Stated) -> dict[Ids, float]:
    """At each prefix, the probability that the reply goes on to an answer from there."""
    found: dict[Ids, float] = {}
    for prefix in sorted(stated, key=len, reverse=True):
        found[prefix] = math.fsum(
            math.exp(logprob) * (1.0 if (child := (*prefix, token)) in answers else found[child])
            for token, logprob in stated[prefix].items()
        )
    return found
