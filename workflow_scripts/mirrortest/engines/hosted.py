"""Asking an arm by the provider's name for it, at the provider or from an archive."""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Serving, Verb, Weights, seed_of
from mirrortest.engines.packages import require
from mirrortest.errors import UserError
from mirrortest.hosted import completions, prices, spending
from mirrortest.hosted.archive import Archive, Record, Request
from mirrortest.hosted.source import NoLogprobsError, Source
from mirrortest.hosted.spending import Spending
from mirrortest.manifest import Manifest

TOP = 20
"""As many alternatives to a token as the API states."""

log = logging.getLogger(__name__)


class HostedEngine:
    """One arm. source: where its answers are had."""

    def __init__(self, arm: Manifest, source: Source) -> None:
        self._model = name_of(arm)
        self._source = source

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        """All at once: each answer is kept as it comes, and a batch would wait for its slowest."""
        return [list(range(len(chats)))] if chats else []

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One greedy token each, with the likeliest in its place, if the model states them."""
        choices = [completions.choice_of(record, options) for record in self._first_tokens(chats)]
        _report([choice.note for choice in choices])
        return choices

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        """By the same calls; answers of one token have weights, others a note."""
        asked = zip(self._first_tokens(chats), answers, strict=True)
        found = [completions.weights_of(record, texts) for record, texts in asked]
        _report([weights.note for weights in found])
        return found

    def _first_tokens(self, chats: list[Chat]) -> list[Record]:
        plain = {"max_completion_tokens": 1, "temperature": 0.0}
        stated = plain | {"logprobs": True, "top_logprobs": TOP}
        how = stated if self._states_logprobs(chats, stated, plain) else plain
        return self._source.answers([self._request(chat, how) for chat in chats])

    def _states_logprobs(
        self, chats: list[Chat], stated: dict[str, Any], plain: dict[str, Any]
    ) -> bool:
        """The first question that gets an answer decides, asked alone; a resumed job sees it."""
        for chat in chats:
            if self._source.known(self._request(chat, plain)):
                return False
            try:
                (record,) = self._source.answers([self._request(chat, stated)])
            except NoLogprobsError as error:
                log.warning("only free answers of %s are taken: %s", self._model, error)
                return False
            if completions.states_logprobs(record):
                return True
        return True

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        """Greedy or sampled text; what is sampled twice is asked twice."""
        requests = [
            self._request(chat, _drawn(chat, sampling), sampling.seed)
            for chat, sampling in zip(chats, drawn, strict=True)
        ]
        answers = [completions.answer_of(each) for each in self._source.answers(requests)]
        _report([answer.note for answer in answers])
        return answers

    def _request(self, chat: Chat, how: dict[str, Any], sample: int = 0) -> Request:
        return Request({"model": self._model, "messages": chat} | how, sample)


def _drawn(chat: Chat, sampling: Sampling) -> dict[str, Any]:
    return {
        "max_completion_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "seed": seed_of([chat], [sampling]),
    }


def _report(notes: list[str]) -> None:
    for note, count in sorted(Counter(notes).items()):
        if note:
            log.warning("%d of %d answers: %s", count, len(notes), note)


def name_of(arm: Manifest) -> str:
    """By which name the provider knows the arm. Raises UserError if there is nothing to ask."""
    if arm.hosted is None or arm.hosted.model is None:
        raise UserError(
            f"{arm.model}/{arm.chain}/{arm.seed} is no model at a provider; ask it by the engine "
            "`transformers`, or leave it out."
        )
    return arm.hosted.model


def open_hosted(arm: Manifest, serving: Serving) -> HostedEngine:
    """The engine that pays. Raises UserError without a budget, a price or a place for answers."""
    require("openai", "hosted", "requirements/hosted.txt")
    from mirrortest.hosted.batch import Batches
    from mirrortest.hosted.calls import Limits, Provider

    if serving.dollars is None:
        raise UserError(
            f"asking {arm.model} costs money and the config has no `budget`; add `budget: "
            "{dollars: ...}`."
        )
    if serving.archive is None:
        raise UserError("hosted answers need a place to be kept; state `archive`.")
    price = prices.load(serving.prices).asking(name_of(arm))
    ledger = Spending(spending.PATH, serving.dollars)
    kept = Path(serving.archive)
    provider = Provider(Archive(kept), ledger, price, Limits(calls=serving.calls))
    source = Batches(provider, kept.with_suffix(".batches")) if serving.batch else provider
    return HostedEngine(arm, source)
