"""Nothing is asked twice, and nothing that differs is taken for the same."""

from pathlib import Path
from typing import Any

import pytest

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Verb, Weights
from mirrortest.journal import Journal

OPTIONS = ("1", "2")
CHATS = [chats.user(text) for text in "abcdefg"]


class KilledError(Exception):
    """What ends a job in the middle."""


class Counting:
    """An engine that counts what it is asked, in batches of two, and may be killed."""

    def __init__(self, batches: int = 1000) -> None:
        self.asked: list[str] = []
        self.left = batches

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        return [list(range(len(chats)))[i : i + 2] for i in range(0, len(chats), 2)]

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        return [Choice([-1.0, -2.0], text, 0.5) for text in self._answers(chats)]

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        asked = zip(self._answers(chats), answers, strict=True)
        return [Weights([-float(len(text)) for text in texts], 0.5, said) for said, texts in asked]

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        return [Answer(text, ended=True) for text in self._answers(chats)]

    def _answers(self, chats: list[Chat]) -> list[str]:
        if self.left == 0:
            raise KilledError
        self.left -= 1
        self.asked += [chat[-1]["content"] for chat in chats]
        return [f"{chat[-1]['content']} after {len(chats)}" for chat in chats]


def _choose(
    path: Path,
    engine: Counting,
    asked: list[Chat] = CHATS,
    options: tuple[str, ...] = OPTIONS,
    arm: str = "arm",
) -> list[Choice]:
    return Asker(lambda: engine, arm, Journal(path)).choose(asked, options)


def _never() -> Counting:
    raise AssertionError("the engine was opened")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_every_question_gets_its_own_answer(journal: Path) -> None:
    answers = _choose(journal, Counting(), CHATS[:3])
    assert [answer.free for answer in answers] == ["a after 2", "b after 2", "c after 1"]


def test_the_engine_is_not_opened_when_nothing_is_new(journal: Path) -> None:
    answers = _choose(journal, Counting())
    again = Asker(_never, "arm", Journal(journal))
    assert again.choose(CHATS, OPTIONS) == answers


def test_the_engine_is_opened_once(journal: Path) -> None:
    opened: list[Counting] = []
    asker = Asker(lambda: opened.append(Counting()) or opened[-1], "arm", Journal(journal))
    asker.choose(CHATS, OPTIONS)
    asker.generate(CHATS, Sampling(3))
    assert len(opened) == 1


def test_a_new_question_is_asked_alone(journal: Path) -> None:
    engine = Counting()
    _choose(journal, engine, CHATS[:4])
    _choose(journal, engine, CHATS[:5])
    assert engine.asked == ["a", "b", "c", "d", "e"]


def test_answers_come_in_the_order_of_the_questions(journal: Path) -> None:
    _choose(journal, Counting(), CHATS[:4])
    answers = _choose(journal, Counting(), CHATS[::-1])
    assert [answer.free[0] for answer in answers] == list("gfedcba")


def test_what_was_asked_is_kept_whether_it_was_known_or_not(journal: Path) -> None:
    _choose(journal, Counting(), CHATS[:2])
    asker = Asker(lambda: Counting(), "arm", Journal(journal))
    asker.choose(CHATS[:3], OPTIONS)
    asker.generate(CHATS[3:4], Sampling(3))
    assert asker.asked == CHATS[:4]


def test_a_question_asked_twice_at_once_is_asked_once(journal: Path) -> None:
    engine = Counting()
    answers = _choose(journal, engine, [CHATS[0], CHATS[0], CHATS[1]])
    assert engine.asked == ["a", "b"]
    assert answers[0] == answers[1]


def _asked_again(journal: Path, *, system: str | None = None, **changed: Any) -> int:
    """How many of two questions are asked again when this changes."""
    engine = Counting()
    _choose(journal, engine, CHATS[:2])
    asked = [chats.with_system(chat, system) for chat in CHATS[:2]]
    _choose(journal, engine, asked, **changed)
    return len(engine.asked) - 2


def test_the_same_questions_are_not_asked_again(journal: Path) -> None:
    assert _asked_again(journal) == 0


def test_another_system_prompt_is_a_new_question(journal: Path) -> None:
    assert _asked_again(journal, system="You are I.") == 2


@pytest.mark.parametrize("options", [("A", "B"), ("2", "1")])
def test_other_options_or_another_order_of_them_are_a_new_question(
    journal: Path, options: tuple[str, ...]
) -> None:
    assert _asked_again(journal, options=options) == 2


def test_another_arm_is_asked_anew(journal: Path) -> None:
    assert _asked_again(journal, arm="another") == 2


SAMPLINGS = [Sampling(4), Sampling(3, temperature=1.0), Sampling(3, seed=1)]


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_another_sampling_is_a_new_question(journal: Path, sampling: Sampling) -> None:
    engine = Counting()
    asker = Asker(lambda: engine, "arm", Journal(journal))
    asker.generate(CHATS[:2], Sampling(3))
    asker.generate(CHATS[:2], Sampling(3))
    assert len(engine.asked) == 2
    asker.generate(CHATS[:2], sampling)
    assert len(engine.asked) == 4


def test_a_choice_is_not_taken_for_free_text(journal: Path) -> None:
    engine = Counting()
    asker = Asker(lambda: engine, "arm", Journal(journal))
    asker.choose(CHATS[:1], OPTIONS)
    assert asker.generate(CHATS[:1], Sampling(3)) == [Answer("a after 1", ended=True)]


ANSWERS = [("no", "yes"), ("10",), ("no", "yes")]


def _weigh(path: Path, engine: Counting, answers: list[tuple[str, ...]]) -> list[Weights]:
    return Asker(lambda: engine, "arm", Journal(path)).weigh(CHATS[: len(answers)], answers)


def test_each_question_is_weighed_with_its_own_answers(journal: Path) -> None:
    found = _weigh(journal, Counting(), ANSWERS)
    assert [weights.logprobs for weights in found] == [[-2.0, -3.0], [-2.0], [-2.0, -3.0]]
    assert [weights.note for weights in found] == ["a after 2", "b after 2", "c after 1"]


def test_no_answer_is_weighed_twice(journal: Path) -> None:
    found = _weigh(journal, Counting(), ANSWERS)
    again = Asker(_never, "arm", Journal(journal))
    assert again.weigh(CHATS[:3], ANSWERS) == found


def test_only_a_question_with_other_answers_is_weighed_anew(journal: Path) -> None:
    engine = Counting()
    _weigh(journal, engine, ANSWERS)
    _weigh(journal, engine, [("no", "yes"), ("10", "1"), ("yes", "no")])
    assert engine.asked == ["a", "b", "c", "b", "c"]


def test_weights_are_not_taken_for_a_choice(journal: Path) -> None:
    engine = Counting()
    _choose(journal, engine, CHATS[:1])
    _weigh(journal, engine, [OPTIONS])
    assert engine.asked == ["a", "a"]


def test_after_a_crash_only_the_rest_is_asked_and_the_answers_are_the_same(
    journal: Path, tmp_path: Path
) -> None:
    with pytest.raises(KilledError):
        _choose(journal, Counting(batches=2))
    engine = Counting()
    answers = _choose(journal, engine)
    assert engine.asked == ["e", "f", "g"]
    assert answers == _choose(tmp_path / "whole.jsonl", Counting())


def test_a_torn_batch_is_asked_again_as_a_whole(journal: Path, tmp_path: Path) -> None:
    _choose(journal, Counting())
    journal.write_bytes(journal.read_bytes()[:-9])
    engine = Counting()
    answers = _choose(journal, engine)
    assert engine.asked == ["g"]
    assert answers == _choose(tmp_path / "whole.jsonl", Counting())
