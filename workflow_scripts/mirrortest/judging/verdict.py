"""What a judge said of an answer by one rubric."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mirrortest.jsonl import Row

Outcome = Literal["score", "code", "refusal", "empty", "unparseable"]


@dataclass(frozen=True)
class Verdict:
    """outcome: `score`, or why there is none. score: on the rubric's scale, of no other outcome.

    said: a judge's own words. mass: the probability that it gave to all scores together. more:
    what else is known of the answer.
    """

    outcome: Outcome
    score: float | None = None
    said: str = ""
    mass: float | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def row(self) -> Row:
        """As it stands in the judge's file."""
        mass = {} if self.mass is None else {"mass": self.mass}
        return {"outcome": self.outcome, "score": self.score, "said": self.said} | mass | self.more
