"""What an evaluation's entry in the config is: keys, and what they mean for its jobs."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

Files = dict[str, str]
"""Paths by role."""


class Place(Protocol):
    """Where an arm's files lie, as an entry asks; when a config is checked, that they exist."""

    def source(self, name: str, read: Callable[[str], Any]) -> str:
        """The file of a source. read: how the evaluation will read it."""
        ...

    def corpus(self, name: str) -> str:
        """The articles of a corpus."""
        ...

    def own(self, corpus: str) -> str:
        """The arm's summaries."""
        ...

    def base(self, corpus: str) -> str:
        """The summaries of the arm's base model."""
        ...

    def author(self, corpus: str, author: str) -> str:
        """A foreign author's summaries."""
        ...

    def rows(self, evaluation: str) -> str:
        """The arm's raw rows of an evaluation that was put to it before."""
        ...

    def rows_of(self, evaluation: str, chain: str) -> str:
        """Those of another arm of the same model and seed."""
        ...


class Entry(Protocol):
    """An entry under `evaluations`; each module here has one, as ENTRY.

    PROMPTS: role -> prompt of the wording. scoring: the key of `scoring.SCORERS` by which its rows
    are counted. times: how often each item is asked, for estimates.

    An entry may also have `judges`, `rubrics` and `measured` (its answers are judged, by rubrics
    that measure this), `about` (the judged evaluation whose answers it asks about), `rubric` (what
    must be measured of these), `chains` (whose answers, beside its own), and `reflects` (it asks
    about rows of others, and so comes after them).
    """

    PROMPTS: ClassVar[dict[str, str]]

    @property
    def task(self) -> str: ...

    @property
    def scoring(self) -> str: ...

    @property
    def times(self) -> int: ...

    def files(self, place: Place) -> Files:
        """What its rows are made from."""
        ...

    def settings(self) -> dict[str, Any]:
        """What `rows` needs beside files, prompts and system prompt."""
        ...
