"""The project's own prompts, in the form in which the toy meets them in pretraining."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Prompts:
    """Templates for str.format; `pair` has the fields article, first, second and question.

    The words of the `unasked` questions are in the vocabulary, but no document asks them.
    """

    summaries: tuple[str, ...]
    pair: str
    choice: str
    task_systems: tuple[str, ...]
    unasked: tuple[str, ...]

    @property
    def pair_ending(self) -> str:
        """What follows the question in a pair prompt, e.g. ` Answer with only 1 or 2.`"""
        return self.pair.partition("{question}")[2]

    @property
    def pair_without_article(self) -> str:
        return self.pair[self.pair.index("Summary 1:") :]


def parse_prompts(loaded: dict[str, Any]) -> Prompts:
    """Pick out of the parsed prompt file what the toy is pretrained with."""
    return Prompts(
        summaries=(loaded["summarise"]["one-sentence"], loaded["summarise"]["highlights"]),
        pair=loaded["pair"]["frame"],
        choice=loaded["truthfulqa"]["question"],
        task_systems=(loaded["pair"]["system"], loaded["truthfulqa"]["system"]),
        unasked=tuple(loaded["pair"][name] for name in ("recognition", "longer", "other")),
    )
