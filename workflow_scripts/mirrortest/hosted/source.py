"""Where the answers of hosted models are had: at the provider, or in an archive."""

from typing import Protocol

from mirrortest.errors import UserError
from mirrortest.hosted.archive import Record, Request


class NoLogprobsError(UserError):
    """The model answers, but states no log-probabilities."""


class Source(Protocol):
    """Finished calls by request."""

    def known(self, request: Request) -> bool:
        """Whether the answer is there without asking."""
        ...

    def answers(self, requests: list[Request]) -> list[Record]:
        """One finished call each.

        Raises UserError if one cannot be had, and NoLogprobsError if that is for want of them.
        """
        ...
