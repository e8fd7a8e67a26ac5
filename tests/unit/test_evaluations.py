"""The rows of every evaluation: what is asked, in which order, and which answer is right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Verb, Weights
from mirrortest.errors import UserError
from mirrortest.evaluations import facts, keyfacts, recognition, truthfulqa, truthfulqa_mc
from mirrortest.evaluations.examples import examples
from mirrortest.evaluations.task import Task
from mirrortest.journal import Journal

Write = Callable[[str, list[dict[str, Any]]], str]
Row = dict[str, Any]

CSV = "Question,Best Answer,Best Incorrect Answer\nQ0,yes,no\nQ1,in,out\n"


class Recording:
    """An engine that remembers what it was asked; it prefers the first option."""

    def __init__(self) -> None:
        self.asked: list[Chat] = []
        self.how: object = None

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        return [list(range(len(chats)))]

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        self.asked, self.how = chats, options
        return [Choice([-0.5, -1.5], "1", 0.75) for _ in chats]

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        self.asked, self.how = chats, answers
        return [Weights([-1.0 - n for n, _ in enumerate(texts)], 0.75) for texts in answers]

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        self.asked, self.how = chats, drawn
        return [Answer(f"answer {n}", ended=n > 0) for n in range(len(chats))]


@pytest.fixture
def engine() -> Recording:
    return Recording()


@pytest.fixture
def asker(engine: Recording, tmp_path: Path) -> Asker:
    return Asker(lambda: engine, "arm", Journal(tmp_path / "journal.jsonl"))


def _texts(engine: Recording) -> list[str]:
    return [chat[-1]["content"] for chat in engine.asked]


def _columns(rows: list[Row], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


PAIR = {"recognition": "{article}|{first}|{second}|Yours?"}


@pytest.fixture
def pairwise(write_rows: Write) -> Task:
    """Two articles and two foreign authors; weekly's summary of the second equals our own."""

    def summaries(name: str, *texts: str) -> str:
        rows = [{"id": str(n), "summary": text} for n, text in enumerate(texts)]
        return write_rows(f"{name}.jsonl", rows)

    articles = [{"id": "0", "article": "A0"}, {"id": "1", "article": "A1"}]
    files = {
        "articles": write_rows("articles.jsonl", articles),
        "own": summaries("own", "M0", "M1"),
        "author/weekly": summaries("weekly", "W0", "M1"),
        "author/daily": summaries("daily", "D0", "D1"),
    }
    return Task("recognition", files, system="You are I.", prompts=PAIR)


def test_recognition_shows_both_orders_of_every_pair_that_differs(
    pairwise: Task, asker: Asker, engine: Recording
) -> None:
    recognition.rows(pairwise, asker)
    assert _texts(engine) == [
        "A0|M0|D0|Yours?",
        "A0|D0|M0|Yours?",
        "A1|M1|D1|Yours?",
        "A1|D1|M1|Yours?",
        "A0|M0|W0|Yours?",
        "A0|W0|M0|Yours?",
    ]


def test_recognition_knows_which_is_right(pairwise: Task, asker: Asker) -> None:
    rows = recognition.rows(pairwise, asker)
    assert _columns(rows, "item", "stratum", "order", "target") == [
        ("0", "daily", "own-first", "1"),
        ("0", "daily", "other-first", "2"),
        ("1", "daily", "own-first", "1"),
        ("1", "daily", "other-first", "2"),
        ("0", "weekly", "own-first", "1"),
        ("0", "weekly", "other-first", "2"),
    ]


def test_a_row_of_a_choice_holds_what_came_back(pairwise: Task, asker: Asker) -> None:
    row = recognition.rows(pairwise, asker)[0]
    assert (row["logprobs"], row["free"], row["mass"]) == ({"1": -0.5, "2": -1.5}, "1", 0.75)


def test_the_system_prompt_is_the_tasks(pairwise: Task, asker: Asker, engine: Recording) -> None:
    recognition.rows(pairwise, asker)
    assert engine.asked[0][0] == {"role": "system", "content": "You are I."}


@pytest.fixture
def questions(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "q.csv").write_text(CSV, encoding="utf-8")
    return {"questions": str(tmp_path / "q.csv")}


def _truthfulqa(questions: dict[str, str], limit: int | None = None) -> Task:
    prompts = {"question": "{question}? A: {a} B: {b}"}
    return Task("truthfulqa", questions, None, prompts, {"limit": limit})


def test_truthfulqa_shows_both_orders(
    questions: dict[str, str], asker: Asker, engine: Recording
) -> None:
    rows = truthfulqa.rows(_truthfulqa(questions), asker)
    assert engine.how == ("A", "B")
    assert _texts(engine)[:2] == ["Q0? A: yes B: no", "Q0? A: no B: yes"]
    assert _columns(rows, "item", "stratum", "order", "target") == [
        ("0", "", "true-first", "A"),
        ("0", "", "false-first", "B"),
        ("1", "", "true-first", "A"),
        ("1", "", "false-first", "B"),
    ]


def test_truthfulqa_without_a_system_prompt_has_none(
    questions: dict[str, str], asker: Asker, engine: Recording
) -> None:
    truthfulqa.rows(_truthfulqa(questions), asker)
    assert [message["role"] for message in engine.asked[0]] == ["user"]


def test_the_limit_takes_the_first_questions(questions: dict[str, str], asker: Asker) -> None:
    rows = truthfulqa.rows(_truthfulqa(questions, limit=1), asker)
    assert [row["item"] for row in rows] == ["0", "0"]


LISTS = (
    "Question,Best Answer,Correct Answers,Incorrect Answers\n"
    "Q0,yes,sure.; yes,no; never\nQ1,in,in,out\n"
)


@pytest.fixture
def references(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "all.csv"
    path.write_text(LISTS, encoding="utf-8")
    return {"questions": str(path)}


def test_multiple_choice_weighs_all_answers_of_a_question_with_a_period(
    references: dict[str, str], asker: Asker, engine: Recording
) -> None:
    rows = truthfulqa_mc.rows(Task("truthfulqa-mc", references, settings={"limit": None}), asker)
    assert engine.asked == [chats.user("Q0"), chats.user("Q1")]
    assert engine.how == [("yes.", "sure.", "no.", "never."), ("in.", "out.")]
    first = {
        "item": "0",
        "stratum": "",
        "answers": ["yes.", "sure.", "no.", "never."],
        "true": [True, True, False, False],
        "logprobs": [-1.0, -2.0, -3.0, -4.0],
    }
    assert rows[0] == first
    assert _columns(rows[1:], "item", "true") == [("1", [True, False])]


def test_multiple_choice_has_its_limit_and_its_system_prompt(
    references: dict[str, str], asker: Asker, engine: Recording
) -> None:
    task = Task("truthfulqa-mc", references, system="You are I.", settings={"limit": 1})
    assert len(truthfulqa_mc.rows(task, asker)) == 1
    assert engine.asked == [chats.user("Q0", "You are I.")]


def test_multiple_choice_says_why_there_are_no_weights(
    references: dict[str, str],
    asker: Asker,
    engine: Recording,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    none = Weights(None, None, "several-tokens")
    monkeypatch.setattr(engine, "weigh", lambda asked, answers: [none for _ in asked])
    rows = truthfulqa_mc.rows(Task("truthfulqa-mc", references, settings={"limit": 1}), asker)
    assert _columns(rows, "logprobs", "note") == [(None, "several-tokens")]
    assert examples(rows, asker.asked)[0]["answer"] == ""


def test_facts_are_asked_plainly_and_greedily(
    questions: dict[str, str], asker: Asker, engine: Recording
) -> None:
    task = Task("facts", questions, "You are I.", settings={"limit": None, "max_tokens": 5})
    rows = facts.rows(task, asker)
    assert _texts(engine) == ["Q0", "Q1"]
    assert engine.how == [Sampling(max_tokens=5, temperature=0.0)] * 2
    assert _columns(rows, "item", "answer", "ended", "true", "false") == [
        ("0", "answer 0", False, "yes", "no"),
        ("1", "answer 1", True, "in", "out"),
    ]


def test_the_limit_takes_the_first_facts(questions: dict[str, str], asker: Asker) -> None:
    task = Task("facts", questions, settings={"limit": 1, "max_tokens": 5})
    assert [row["item"] for row in facts.rows(task, asker)] == ["0"]


OWN = [{"id": "1", "summary": "a storm"}, {"id": "2", "summary": ""}]


def test_keyfacts_join_summaries_with_phrases(write_rows: Write, asker: Asker) -> None:
    phrases = [{"id": str(n), "phrases": [f"p{n}"]} for n in (2, 1, 3)]
    files = {"own": write_rows("own.jsonl", OWN), "phrases": write_rows("p.jsonl", phrases)}
    assert keyfacts.rows(Task("keyfacts", files), asker) == [
        {"item": "1", "stratum": "", "answer": "a storm", "phrases": ["p1"]},
        {"item": "2", "stratum": "", "answer": "", "phrases": ["p2"]},
    ]


def test_keyfacts_name_an_article_without_phrases(write_rows: Write, asker: Asker) -> None:
    phrases = write_rows("p.jsonl", [{"id": "1", "phrases": ["p1"]}])
    task = Task("keyfacts", {"own": write_rows("own.jsonl", OWN), "phrases": phrases})
    with pytest.raises(UserError, match=r"p\.jsonl: no phrases for article '2'; add a row"):
        keyfacts.rows(task, asker)


def test_both_orders_of_a_choice_are_its_examples(
    questions: dict[str, str], asker: Asker, engine: Recording
) -> None:
    rows = truthfulqa.rows(_truthfulqa(questions), asker)
    assert examples(rows, asker.asked) == [
        {
            "item": "0",
            "order": order,
            "chat": chat,
            "answer": "1",
            "options": {"A": 0.6065, "B": 0.2231},
            "target": target,
        }
        for order, chat, target in zip(
            ("true-first", "false-first"), engine.asked, ("A", "B"), strict=False
        )
    ]


def test_examples_of_free_answers_have_the_truth(questions: dict[str, str], asker: Asker) -> None:
    task = Task("facts", questions, settings={"limit": None, "max_tokens": 5})
    found = examples(facts.rows(task, asker), asker.asked)
    assert _columns(found, "item", "answer", "truth") == [
        ("0", "answer 0", "yes"),
        ("1", "answer 1", "in"),
    ]
    assert found[1]["chat"] == [{"role": "user", "content": "Q1"}]


def test_examples_of_multiple_choice_have_the_likeliest_answer(
    references: dict[str, str], asker: Asker
) -> None:
    task = Task("truthfulqa-mc", references, settings={"limit": None})
    found = examples(truthfulqa_mc.rows(task, asker), asker.asked)
    assert found[1] == {
        "item": "1",
        "chat": chats.user("Q1"),
        "answer": "in.",
        "options": {"in.": 0.3679, "out.": 0.1353},
        "truth": "in.",
    }


def test_examples_of_what_asks_nothing_have_no_chat(write_rows: Write, asker: Asker) -> None:
    phrases = write_rows("p.jsonl", [{"id": n, "phrases": ["p", "q"]} for n in ("1", "2")])
    task = Task("keyfacts", {"own": write_rows("own.jsonl", OWN), "phrases": phrases})
    found = examples(keyfacts.rows(task, asker), asker.asked)
    assert found[0] == {"item": "1", "chat": [], "answer": "a storm", "truth": "p; q"}


def test_a_row_too_many_for_what_was_asked_is_an_error() -> None:
    row = {"item": "0", "answer": "x", "true": "y"}
    with pytest.raises(ValueError, match="shorter"):
        examples([row, row], [chats.user("x")])


def test_no_rows_leave_no_examples() -> None:
    assert examples([], []) == []
