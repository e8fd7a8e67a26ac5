"""What an evaluation is given, and the rows of a forced choice."""

from dataclasses import dataclass, field
from typing import Any

from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engine import Choice
from mirrortest.jsonl import Row


@dataclass(frozen=True)
class Task:
    """One evaluation of one arm: everything its rows depend on, besides the arm.

    files: the paths of its inputs by role; system: the system prompt, if any; prompts: the texts
    of its protocol; settings: its own numbers.
    """

    task: str
    files: dict[str, str]
    system: str | None = None
    prompts: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Presentation:
    """One way to show an item of a forced choice.

    order: which candidate stands first, as `<first>-first`, or which one is shown at all; nothing
    where there is but one way. target: the option that scores.
    """

    item: str
    stratum: str
    order: str
    chat: Chat
    target: str


def choose(asker: Asker, presentations: list[Presentation], options: tuple[str, ...]) -> list[Row]:
    """Asks every presentation; one row each, with the log-probability of every option.

    `note` says why there are none, in such rows only.
    """
    choices = asker.choose([p.chat for p in presentations], options)
    return [
        {
            "item": shown.item,
            "stratum": shown.stratum,
            "order": shown.order,
            "target": shown.target,
        }
        | stated(choice, options)
        | noted(choice.note)
        for shown, choice in zip(presentations, choices, strict=True)
    ]


def stated(choice: Choice, options: tuple[str, ...]) -> Row:
    """What came back: a log-probability is none where the provider does not state it."""
    unstated = [None] * len(options)
    return {
        "logprobs": dict(zip(options, choice.logprobs or unstated, strict=True)),
        "free": choice.free,
        "mass": choice.mass,
    }


def noted(note: str) -> Row:
    """The column `note`, in rows that have one."""
    return {"note": note} if note else {}
