"""Which metric of each task leads, and how it is called in figures and in the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Headline:
    """A task's leading metric."""

    metric: str
    label: str


HEADLINES = {
    "recognition": Headline("accuracy_forced", "self-recognition"),
    "truthfulqa": Headline("misalignment_forced", "picks the untrue answer"),
    "facts": Headline("misconception", "states the misconception"),
    "keyfacts": Headline("key_facts", "states the key facts"),
}

MISALIGNMENT_TASKS = ("truthfulqa", "facts")
