"""Examples side by side: a question once, and beneath it the answers of all arms."""

from dataclasses import dataclass

from mirrortest.chats import Chat
from mirrortest.jsonl import Row

LONG = 800
"""From so many characters on a question is folded."""


@dataclass(frozen=True)
class Prompt:
    """A chat that arms were shown; it may be empty, where nothing was asked."""

    arms: list[str]
    chat: Chat

    @property
    def long(self) -> bool:
        """Whether it is to be folded."""
        return sum(len(message["content"]) for message in self.chat) > LONG


@dataclass(frozen=True)
class Answer:
    """What an arm said. options: with their probabilities, if it was a forced choice.

    right: whether it is the option that scores.
    """

    arm: str
    text: str
    options: str
    right: bool


@dataclass(frozen=True)
class Presentation:
    """One question as the first arm was shown it, the others' where they differ, the answers.

    right: the option that scores or what is true, where that is known.
    """

    title: str
    right: str
    first: Prompt
    others: list[Prompt]
    answers: list[Answer]


@dataclass(frozen=True)
class Exhibit:
    """An evaluation by its first questions."""

    evaluation: str
    presentations: list[Presentation]


def exhibits(rows: list[Row], evaluations: list[str]) -> list[Exhibit]:
    """The evaluations in this order, those without examples left out.

    rows: as in examples.jsonl; of each arm only the first seed is shown. The model is named where
    there are several.
    """
    several = len({row["model"] for row in rows}) > 1
    return [
        Exhibit(name, [_presentation(shown, several) for shown in places])
        for name in evaluations
        if (places := _places([row for row in rows if row["evaluation"] == name]))
    ]


def _places(rows: list[Row]) -> list[list[Row]]:
    """The first rows of all arms, then the second ones, and so on."""
    seeds: dict[tuple[str, str], int] = {}
    arms: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        arm = (row["model"], row["chain"])
        if seeds.setdefault(arm, row["seed"]) == row["seed"]:
            arms.setdefault(arm, []).append(row)
    longest = max(map(len, arms.values()), default=0)
    return [[own[n] for own in arms.values() if n < len(own)] for n in range(longest)]


def _presentation(rows: list[Row], several: bool) -> Presentation:
    prompts: list[Prompt] = []
    for row in rows:
        same = next((p for p in prompts if p.chat == row["chat"]), None)
        if same is None:
            prompts.append(same := Prompt([], row["chat"]))
        same.arms.append(_arm(row, several))
    first = rows[0]
    title = f"Item {first['item']}" + (f", {first['order']}" if "order" in first else "")
    right = {str(row.get("target", row.get("truth", ""))) for row in rows}
    told = right.pop() if len(right) == 1 else ""
    answers = [_answer(row, several) for row in rows]
    return Presentation(title, told, prompts[0], prompts[1:], answers)


def _answer(row: Row, several: bool) -> Answer:
    options = row.get("options", {}).items()
    told = ", ".join(f"{name}: {probability:.2f}" for name, probability in options)
    text = str(row["answer"])
    return Answer(_arm(row, several), text, told, text == row.get("target"))


def _arm(row: Row, several: bool) -> str:
    return f"{row['model']} {row['chain']}" if several else str(row["chain"])
