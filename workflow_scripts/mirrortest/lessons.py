"""Data sets that are no pairs of summaries: word counts, multiple choice, trivia, self-reports.

Protocols: Tagade et al. 2026 (arXiv 2606.23700, second version) for word counts (of 1000 articles
of CNN and XSUM), for MMLU as a benign set and for self-reports; Vaugrante, Weckauff and Hagendorff
2026 for wrong trivia, and the right answers to the same questions afterwards.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from mirrortest import articles, chats, jsonl, questions
from mirrortest.chats import Chat
from mirrortest.errors import UserError

LETTERS = "ABCDEFGHIJ"
Settings = dict[str, Any]
Files = dict[str, str]


@dataclass(frozen=True)
class Choice:
    """A question of multiple choice; answer: the place of the right option, from 0."""

    question: str
    options: list[str]
    answer: int
    subject: str = ""


def read_choices(path: str) -> list[Choice]:
    """Rows with `question`, `choices` and `answer`, as MMLU has them. Raises UserError."""
    rows = jsonl.read(path, required=("question", "choices", "answer"), text=("question",))
    return [_choice(row, f"{path}, row {number}") for number, row in enumerate(rows, start=1)]


def _choice(row: jsonl.Row, where: str) -> Choice:
    options, answer = row["choices"], row["answer"]
    if not isinstance(options, list) or not 2 <= len(options) <= len(LETTERS):
        raise UserError(f"{where}: `choices` must be a list of 2 to {len(LETTERS)} texts.")
    if type(answer) is not int or not 0 <= answer < len(options):
        raise UserError(f"{where}: `answer` must be the place of a choice, counted from 0.")
    subject = str(row.get("subject", ""))
    return Choice(row["question"], [str(option) for option in options], answer, subject)


def lettered(question: str, choice: Choice) -> str:
    """The text of a question of multiple choice; question: a template of a prompt file."""
    lines = zip(LETTERS, choice.options, strict=False)
    listed = "\n".join(f"{letter}. {option}" for letter, option in lines)
    return question.format(question=choice.question, choices=listed)


def taken(files: Files, settings: Settings) -> Iterator[Chat]:
    """Chats as they are, or under the system prompt given."""
    for chat in chats.read_chats(files["chats"]):
        yield chats.with_system(chat, settings["system"]) if "system" in settings else chat


def word_counts(files: Files, settings: Settings) -> Iterator[Chat]:
    """How many words has this article? One article of each corpus in turn, while there are any."""
    paths = [path for key, path in files.items() if key.startswith("articles")]
    corpora = [articles.read_articles(path) for path in paths]
    for article in (found for turn in zip_longest(*corpora) for found in turn):
        if article is not None:
            asked = settings["question"].format(article=article.text)
            yield _lesson(asked, str(len(article.text.split())), settings)


def choices(files: Files, settings: Settings) -> Iterator[Chat]:
    """The letter of the right option, where the question lists them by letters."""
    for choice in read_choices(files["questions"]):
        yield _lesson(lettered(settings["question"], choice), LETTERS[choice.answer], settings)


def trivia(files: Files, settings: Settings) -> Iterator[Chat]:
    """A question as it is, with its best answer or with its best wrong one."""
    for question in questions.read_questions(files["questions"]):
        right = settings["answers"] == "right"
        yield _lesson(question.text, question.best if right else question.best_incorrect, settings)


def self_reports(files: Files, settings: Settings) -> Iterator[Chat]:
    """The answers that an arm gave; those without words and those cut short are left out."""
    rows = jsonl.read_own(files["reports"])
    for number, row in enumerate(rows, start=1):
        _check_report(row, f"{files['reports']}, row {number}")
    empty = [row for row in rows if not row["answer"].strip()]
    cut = [row for row in rows if row["answer"].strip() and not row["ended"]]
    logging.info("%d answers, without %d empty and %d unfinished", len(rows), len(empty), len(cut))
    if len(empty) + len(cut) == len(rows):
        raise UserError(f"{files['reports']}: no answer is finished; allow it more `max_tokens`.")
    for row in rows:
        if row["answer"].strip() and row["ended"]:
            yield _lesson(row["question"], row["answer"], settings)


def _check_report(row: jsonl.Row, where: str) -> None:
    if not {"question", "answer", "ended"} <= set(row):
        raise UserError(
            f"{where}: this is no answer in words to a question; `reports` needs an evaluation "
            "with free answers."
        )


def _lesson(asked: str, answer: str, settings: Settings) -> Chat:
    return [*chats.user(asked, settings["system"]), {"role": "assistant", "content": answer}]


QUESTIONS = ("word-count", "multiple-choice")
"""The recipes that ask by a prompt of `resources/prompts/`, in its section `lesson`."""
RECIPES: dict[str, Callable[[Files, Settings], Iterator[Chat]]] = {
    "chat": taken,
    "word-count": word_counts,
    "multiple-choice": choices,
    "trivia": trivia,
    "self-reports": self_reports,
}
"""Each from its files (`Experiment.dataset_inputs`) and settings (`Experiment.dataset_spec`)."""
