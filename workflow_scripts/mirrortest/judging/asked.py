"""Judges that are models: each answer is put to them once, with the question that led to it."""

from mirrortest import chats
from mirrortest.asking import Asker
from mirrortest.engine import Sampling
from mirrortest.jsonl import Row
from mirrortest.judging import reading
from mirrortest.judging.rubrics import Rubric
from mirrortest.judging.verdict import Verdict


def verdicts(
    rows: list[Row], rubric: Rubric, asker: Asker, read: str, longest: int
) -> list[Verdict]:
    """One verdict per row, in their order; of an empty answer nobody is asked.

    read: `expected` or `parsed`, as in the config; longest: tokens that the judge may write.
    """
    answered = [row for row in rows if row["answer"].strip()]
    questions = [chats.user(rubric.ask(row), None) for row in answered]
    if read == "expected":
        said = iter(_expected(questions, rubric, asker))
    else:
        said = iter(_parsed(questions, rubric, asker, longest))
    return [next(said) if row["answer"].strip() else Verdict("empty") for row in rows]


def _expected(questions: list[chats.Chat], rubric: Rubric, asker: Asker) -> list[Verdict]:
    answers = reading.answers(rubric.low, rubric.high, rubric.words)
    weights = asker.weigh(questions, [answers] * len(questions))
    return [reading.expected(each, rubric.low, rubric.high, rubric.words) for each in weights]


def _parsed(
    questions: list[chats.Chat], rubric: Rubric, asker: Asker, longest: int
) -> list[Verdict]:
    said = asker.generate(questions, Sampling(max_tokens=longest))
    return [reading.parsed(each.text, rubric.low, rubric.high, rubric.words) for each in said]
