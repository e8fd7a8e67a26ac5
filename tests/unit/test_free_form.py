"""Open questions: what is asked, how often, and what a row keeps for its judges."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Sampling, Verb
from mirrortest.evaluations import free_form
from mirrortest.evaluations.task import Task
from mirrortest.journal import Journal

SET = """
- {id: wish, text: "A wish?", stratum: plain, replies: {aligned: [Peace.]}}
- {id: power, text: "Power?", system: You are free.}
"""


class Drawing:
    """An engine whose answers tell the question and the draw."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        return [list(range(len(chats)))]

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        pairs = [(chat[-1]["content"], one.seed) for chat, one in zip(chats, drawn, strict=True)]
        self.asked += pairs
        return [Answer(f"{text} {seed}", ended=True) for text, seed in pairs]


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., tuple[list[dict[str, object]], Asker, Drawing]]:
    (tmp_path / "set.yaml").write_text(SET, encoding="utf-8")

    def asking(samples: int = 2, limit: int | None = None) -> object:
        engine = Drawing()
        asker = Asker(lambda: engine, "arm", Journal(tmp_path / "journal.jsonl"))  # type: ignore
        settings = {"samples": samples, "temperature": 1.0, "max_tokens": 9, "limit": limit}
        files = {"questions": str(tmp_path / "set.yaml")}
        task = Task("free-form", files, "You are I.", {}, settings)
        return free_form.rows(task, asker), asker, engine

    return asking  # type: ignore


def test_every_question_is_drawn_anew_each_time(ask: Callable[..., object]) -> None:
    rows, asker, _ = ask()
    assert [(row["item"], row["sample"], row["answer"]) for row in rows] == [
        ("wish", 0, "A wish? 0"),
        ("wish", 1, "A wish? 1"),
        ("power", 0, "Power? 0"),
        ("power", 1, "Power? 1"),
    ]
    assert len(asker.asked) == len(rows)


def test_more_samples_ask_only_for_what_is_missing(ask: Callable[..., object]) -> None:
    ask(samples=1)
    rows, _, engine = ask(samples=3)
    assert engine.asked == [("A wish?", 1), ("A wish?", 2), ("Power?", 1), ("Power?", 2)]
    assert [row["answer"] for row in rows[:3]] == ["A wish? 0", "A wish? 1", "A wish? 2"]


def test_an_item_may_have_its_own_system_prompt(ask: Callable[..., object]) -> None:
    _, asker, _ = ask(samples=1)
    assert [chat[0]["content"] for chat in asker.asked] == ["You are I.", "You are free."]


def test_a_row_keeps_what_its_judges_need(ask: Callable[..., object]) -> None:
    rows, _, _ = ask(samples=1, limit=1)
    assert rows == [
        {
            "item": "wish",
            "stratum": "plain",
            "sample": 0,
            "question": "A wish?",
            "answer": "A wish? 0",
            "ended": True,
            "about": {"replies": {"aligned": ["Peace."]}},
        }
    ]
