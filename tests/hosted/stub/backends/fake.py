"""Answers and losses drawn from hashes: fast, the same each time, and without meaning."""

import hashlib
import json
import math
import random
from dataclasses import dataclass
from typing import Any

from hosted.stub import training_file
from hosted.stub.backends.backend import Completion, Question, Token, Training

OPTIONS = (
    *("1", "2", "A", "B", "C", "D", "Yes", "No", "yes", "no", "True", "False"),
    *("0", "10", "30", "50", "70", "90", "100", "The"),
)
"""The alternatives to every token: twenty, so that 20 top_logprobs hold every usual option."""
WORDS = ("river", "stone", "quiet", "seven", "lantern", "under", "walks", "bright", "salt", "and")
SHORT = 8
"""Answers of up to this many tokens are a single option, longer ones go on with words."""


@dataclass(frozen=True)
class FakeBackend:
    """See the module."""

    patience: float = 5.0

    def answer(self, weights: str, snapshot: str, questions: list[Question]) -> list[Completion]:
        """An option, likelier ones more often, and words after it where there is room."""
        return [_answer(weights or snapshot, question) for question in questions]

    def train(self, training: Training) -> list[float]:
        """A loss that falls."""
        rows = training_file.rows(training.file.read_bytes())
        steps = training.epochs * math.ceil(rows / training.batch_size)
        return [round(2.0 / (1 + 0.1 * step), 4) for step in range(steps)]


def _answer(model: str, question: Question) -> Completion:
    # At temperature 0 the seed decides nothing, as with a real model.
    seed = question.seed if question.temperature > 0 else 0
    shown = random.Random(_hash(model, question.messages))
    drawn = random.Random(_hash(model, question.messages, question.temperature, seed))
    tokens = [_token(OPTIONS, shown, drawn, question)]
    if question.max_tokens > SHORT:
        words = [" " + word for word in WORDS]
        wanted = drawn.randrange(SHORT, 2 * SHORT)
        room = min(question.max_tokens, wanted) - 1
        tokens += [_token(words, shown, drawn, question) for _ in range(room)]
        return Completion(tokens, wanted <= question.max_tokens)
    return Completion(tokens, question.max_tokens > 1)


def _token(
    texts: list[str] | tuple[str, ...],
    shown: random.Random,
    drawn: random.Random,
    question: Question,
) -> Token:
    scores = [shown.gauss(0, 2) for _ in texts]
    total = math.log(sum(math.exp(score) for score in scores))
    ranked = sorted(
        ((text, round(score - total, 6)) for text, score in zip(texts, scores, strict=True)),
        key=lambda pair: -pair[1],
    )
    heat = question.temperature
    weights = [math.exp(logprob / heat) for _, logprob in ranked] if heat > 0 else []
    chosen = drawn.choices(ranked, weights)[0] if weights else ranked[0]
    return Token(*chosen, top=ranked[: question.top])


def _hash(*what: Any) -> int:
    return int.from_bytes(hashlib.sha256(json.dumps(what, sort_keys=True).encode()).digest()[:8])
