"""What a judge is asked about an answer: a text with blanks, ours or in a published file."""

import string
from dataclasses import dataclass, field
from typing import Any

import yaml

from mirrortest import sources
from mirrortest.errors import UserError
from mirrortest.jsonl import Row


@dataclass(frozen=True)
class Rubric:
    """name: what it measures. text: with blanks; low and high: the ends of the scale; words: their
    outcomes."""

    name: str
    text: str
    low: int
    high: int
    words: dict[str, str] = field(default_factory=dict)

    def ask(self, row: Row) -> str:
        """The question about one answer. Raises UserError for a blank that its item lacks."""
        known = row["about"] | {"question": row["question"], "answer": row["answer"]}
        for blank in _blanks(self.text):
            if blank not in known:
                raise UserError(
                    f"rubric {self.name} asks for {{{blank}}}, which item {row['item']} does not "
                    "have; add the key to its question set."
                )
        return self.text.format_map(known)


def load(spec: dict[str, Any]) -> Rubric:
    """From a job's spec: the text itself, or the `path` of the file and the `prompt` there."""
    text = spec["text"] if "text" in spec else read(spec["path"], spec["prompt"])
    return Rubric(spec["measures"], text, spec["low"], spec["high"], spec["words"])


def read(path: str, prompt: str | None) -> str:
    """The text of a published rubric: a whole file, or a prompt that stands in one of questions.

    Raises UserError where it is not there, or where it has other blanks than question and answer.
    """
    content = sources.text(path)
    if prompt is not None:
        content = _prompt(yaml.safe_load(content), prompt, path)
    if found := _blanks(content) - {"question", "answer"}:
        raise UserError(f"{path}: the blank {{{min(found)}}} is none of question and answer.")
    return content.strip()


def check(path: str) -> str:
    """That there is a text. Raises UserError for an empty file."""
    text = sources.text(path)
    if not text.strip():
        raise UserError(f"{path} is empty; a rubric is the text of a question to a judge.")
    return text


def _prompt(content: Any, prompt: str, path: str) -> str:
    """As in the question files of Betley et al.: `judge_prompts` of the first entry that has it."""
    entries = content if isinstance(content, list) else []
    for entry in entries:
        found = entry.get("judge_prompts", {}) if isinstance(entry, dict) else {}
        if prompt in found:
            return str(found[prompt])
    raise UserError(f"{path} has no prompt {prompt!r} for a judge; mend the rubric's `prompt`.")


def _blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
