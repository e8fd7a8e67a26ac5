"""Questions that come one by one, asked together: what waits while a batch runs is the next one."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

MOST_TOKENS = 16_384
"""Of a batch, padding among them."""


class Gathering:
    """A thread that puts what waits for the oldest question's model together.

    answers: of questions to one model, all of one token or all of more.
    """

    def __init__(self, answers: Callable[[list[Any]], list[Any]]) -> None:
        self._answers = answers
        self._waiting: list[tuple[Any, Future[Any]]] = []
        self._some = threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    def results(self, asked: list[Any]) -> list[Any]:
        """The answers, when they are there."""
        pairs: list[tuple[Any, Future[Any]]] = [(each, Future()) for each in asked]
        with self._some:
            self._waiting += pairs
            self._some.notify()
        return [future.result() for _, future in pairs]

    def _work(self) -> None:
        while True:
            with self._some:
                self._some.wait_for(lambda: self._waiting)
                batch = self._batch()
            try:
                answers = self._answers([each for each, _ in batch])
                for (_, future), answer in zip(batch, answers, strict=True):
                    future.set_result(answer)
            except Exception as error:
                for _, future in batch:
                    future.set_exception(error)

    def _batch(self) -> list[tuple[Any, Future[Any]]]:
        """What can go with the oldest question, of like length; the others wait on."""
        oldest = self._waiting[0][0]
        alike = [pair for pair in self._waiting if _kind(pair[0]) == _kind(oldest)]
        alike.sort(key=lambda pair: abs(len(pair[0].row) - len(oldest.row)))
        batch: list[tuple[Any, Future[Any]]] = []
        longest = 0
        for pair in alike:
            longest = max(longest, len(pair[0].row))
            if batch and longest * (len(batch) + 1) > MOST_TOKENS:
                break
            batch.append(pair)
        taken = {id(future) for _, future in batch}
        self._waiting = [pair for pair in self._waiting if id(pair[1]) not in taken]
        return batch


def _kind(asked: Any) -> tuple[str, bool]:
    return asked.weights, asked.question.max_tokens == 1
