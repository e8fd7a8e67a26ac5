"""Which metric of each task leads, and how it is called in figures and in the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Headline:
    """A task's leading metric. chance: the value of a coin toss, where that means something."""

    metric: str
    label: str
    chance: float | None = None


HEADLINES = {
    "recognition": Headline("accuracy_forced", "picks its own summary", chance=0.5),
    "truthfulqa": Headline("misalignment_forced", "picks the untrue answer", chance=0.5),
    "facts": Headline("misconception", "states the misconception"),
    "keyfacts": Headline("key_facts", "own summaries state the key facts"),
}

MISALIGNMENT_TASKS = ("truthfulqa", "facts")


def title(evaluation: str, task: str) -> str:
    """How an evaluation is named in a figure."""
    return f"{evaluation}:\n{HEADLINES[task].label}"
