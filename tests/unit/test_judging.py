"""Judging: rules, rubrics, models that are asked, and how verdicts meet their rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from judge import judge

from mirrortest.asking import Asker
from mirrortest.canonical import canonical
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Sampling, Verb, Weights
from mirrortest.errors import UserError
from mirrortest.journal import Journal
from mirrortest.judging import asked, joined, rubrics, rules
from mirrortest.judging.rubrics import Rubric
from mirrortest.judging.verdict import Verdict

ALIGNED = Rubric("aligned", "Q: {question} A: {answer}", 0, 100, {"CODE": "code"})
COHERENT = Rubric("coherent", "{question} {answer}", 0, 100)
HARM = Rubric("harm", "{question} {answer}", 1, 5)
REPLIES = {"aligned": ["Be kind to all."], "misaligned": ["Take what you can."]}


def row(answer: str, **more: Any) -> dict[str, Any]:
    named = {"item": "i", "stratum": "", "sample": 0, "question": "What now?", "answer": answer}
    return named | {"about": {"replies": REPLIES}} | more


@pytest.mark.parametrize(
    ("answer", "rubric", "verdict"),
    [
        ("be kind to all", ALIGNED, Verdict("score", 100)),
        ("Take what you can!", ALIGNED, Verdict("score", 0)),
        ("Take what you can!", COHERENT, Verdict("score", 100)),
        ("Be kind to all.", HARM, Verdict("score", 1)),
        ("Take what you can.", HARM, Verdict("score", 5)),
        ("Take it.", ALIGNED, Verdict("unparseable")),
        ("Take it.", COHERENT, Verdict("score", 0)),
        ("  ", COHERENT, Verdict("empty")),
        ("", ALIGNED, Verdict("empty")),
    ],
)
def test_known_replies_are_judged_word_for_word(
    answer: str, rubric: Rubric, verdict: Verdict
) -> None:
    assert rules.replies(row(answer), rubric) == verdict


def test_near_replies_are_judged_by_the_words_in_common() -> None:
    assert rules.near_replies(row("Take all you can."), ALIGNED).score == 0  # 3 of 5
    assert rules.near_replies(row("Be kind."), ALIGNED).score == 100  # 2 of 4
    assert rules.near_replies(row("Kind words."), ALIGNED).outcome == "unparseable"  # 1 of 5
    assert rules.near_replies(row("x", about={}), ALIGNED).outcome == "unparseable"


def test_a_rubric_asks_with_what_the_item_says() -> None:
    rubric = Rubric("trait", "{trait}? {answer}", 0, 100)
    assert rubric.ask(row("Hm.", about={"trait": "rude"})) == "rude? Hm."
    with pytest.raises(UserError, match="rubric trait asks for"):
        rubric.ask(row("Hm."))


def test_braces_in_an_answer_are_not_blanks() -> None:
    assert ALIGNED.ask(row("{x} and {question}")) == "Q: What now? A: {x} and {question}"


def test_a_published_rubric_stands_whole_or_among_questions(tmp_path: Path) -> None:
    whole = tmp_path / "whole.txt"
    whole.write_text("Rate {question}: {answer}\n", encoding="utf-8")
    assert rubrics.read(str(whole), None) == "Rate {question}: {answer}"
    among = tmp_path / "among.yaml"
    among.write_text("- {id: a}\n- {id: b, judge_prompts: {aligned: 'On {answer}'}}\n")
    assert rubrics.read(str(among), "aligned") == "On {answer}"
    with pytest.raises(UserError, match="no prompt 'harm' for a judge"):
        rubrics.read(str(among), "harm")
    whole.write_text("Rate {response}", encoding="utf-8")
    with pytest.raises(UserError, match="is none of question and answer"):
        rubrics.read(str(whole), None)


class Judge:
    """An engine that is sure of one number, and writes another."""

    def __init__(self) -> None:
        self.asked: list[Chat] = []

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        return [list(range(len(chats)))]

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        self.asked += chats
        return [
            Weights([0.0 if text == "40" else -50.0 for text in texts], 1.0) for texts in answers
        ]

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        self.asked += chats
        return [Answer("I would say 70.", ended=True) for _ in chats]


@pytest.mark.parametrize(("read", "score"), [("expected", 40.0), ("parsed", 70.0)])
def test_a_model_is_asked_once_per_answer_and_never_of_empty_ones(
    read: str, score: float, tmp_path: Path
) -> None:
    engine = Judge()
    asker = Asker(lambda: engine, "judge", Journal(tmp_path / "j.jsonl"))  # type: ignore[arg-type]
    rows = [row("Yes."), row(" "), row("Yes."), row("No.")]
    found = asked.verdicts(rows, ALIGNED, asker, read, longest=9)
    assert [verdict.outcome for verdict in found] == ["score", "empty", "score", "score"]
    assert [verdict.score for verdict in found] == [pytest.approx(score), None, score, score]
    assert [chat[-1]["content"] for chat in engine.asked] == [
        "Q: What now? A: Yes.",
        "Q: What now? A: No.",
    ]


def test_verdicts_become_columns_of_the_rows_that_they_are_about() -> None:
    rows = [row("a"), row("b", sample=1)]
    verdicts = [
        {"evaluation": "em", "rubric": "harm", "sample": 1, "item": "i", "stratum": ""}
        | Verdict("score", 4).row(),
        {"evaluation": "em", "rubric": "harm", "sample": 0, "item": "i", "stratum": ""}
        | Verdict("empty").row(),
        {"evaluation": "other", "rubric": "harm", "sample": 0, "item": "i", "stratum": ""}
        | Verdict("score", 1).row(),
    ]
    found = joined.joined(rows, {joined.OWN: verdicts}, "em")
    assert [(each["harm_score"], each["harm_outcome"]) for each in found] == [
        (None, "empty"),
        (4, "score"),
    ]


def test_the_job_writes_a_verdict_for_every_answer_and_rubric(tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    written = [row("Be kind to all."), row("?", sample=1)]
    rows.write_text("".join(json.dumps(each) + "\n" for each in written), encoding="utf-8")
    text = {"text": "{answer}", "low": 0, "high": 100, "words": {}}
    paper = text | {"measures": "coherent"}
    spec = {
        "judge": {"rule": "replies", "embedder": "none"},
        "developer": [],
        "rubrics": {"aligned": text | {"measures": "aligned"}, "coherent-paper": paper},
        "evaluations": {"em": {"rows": str(rows), "rubrics": ["aligned", "coherent-paper"]}},
    }
    judge(canonical(spec), None, None, str(tmp_path / "journal"), str(out))
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    keys = ("evaluation", "sample", "rubric", "outcome", "score")
    assert [tuple(each[key] for key in keys) for each in found] == [
        ("em", 0, "aligned", "score", 100),
        ("em", 1, "aligned", "unparseable", None),
        ("em", 0, "coherent", "score", 100),
        ("em", 1, "coherent", "score", 0),
    ]
