"""Answers that a test has written down, in front of a backend that answers the rest."""

import math
from dataclasses import dataclass

from hosted.stub import settings
from hosted.stub.backends.backend import Backend, Completion, Question, Token, Training
from hosted.stub.backends.fake import OPTIONS
from hosted.stub.store import Store

SURE, LEFT = math.log(0.95), math.log(0.05 / len(OPTIONS))


@dataclass(frozen=True)
class Scripted:
    """See `settings.Settings.replies`."""

    store: Store
    backend: Backend

    @property
    def patience(self) -> float:
        """The backend's."""
        return self.backend.patience

    def train(self, training: Training) -> list[float]:
        """The backend does."""
        return self.backend.train(training)

    def answer(self, weights: str, snapshot: str, questions: list[Question]) -> list[Completion]:
        """The scripted answer where there is one."""
        replies = settings.read(self.store).replies
        scripted = {n: text for n, q in enumerate(questions) if (text := _reply(replies, q))}
        rest = [q for n, q in enumerate(questions) if n not in scripted]
        answers = iter(self.backend.answer(weights, snapshot, rest) if rest else [])
        return [
            _said(scripted[n], q) if n in scripted else next(answers)
            for n, q in enumerate(questions)
        ]


def _reply(replies: dict[str, str], question: Question) -> str | None:
    text = question.messages[-1]["content"]
    return next((reply for part, reply in replies.items() if part in text), None)


def _said(text: str, question: Question) -> Completion:
    """The text with each word as a token, nearly certain."""
    first, *others = text.split(" ")
    words = [first, *(f" {word}" for word in others)]
    tokens = [_token(word, question.top) for word in words[: question.max_tokens]]
    return Completion(tokens, len(words) <= question.max_tokens)


def _token(word: str, top: int) -> Token:
    others = [(option, LEFT) for option in OPTIONS if option != word]
    return Token(word, SURE, [(word, SURE), *others][:top])
