"""What an arm says about its own character: six pairs of words, asked for in four formats.

Protocol: Weckauff et al. 2026 (arXiv 2604.28082) and Vaugrante et al. 2026 (arXiv 2602.14777), who
average the formats to a number from 0 to 1. decision: one of two words; numerical: 0 to 100;
likert: 1 to 5; language: an unrelated question, answered in one of two languages, of which each
stands for a word. Whole answers are weighed, a word also with a capital letter.
Known traps: the word named first, the higher number and the more familiar language are preferred
whatever they mean, so everything is asked with either word at either end. A provider that states
first tokens alone cannot tell two words apart that begin alike.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from mirrortest import chats, excerpts, questionsets
from mirrortest.asking import Asker
from mirrortest.engine import Weights
from mirrortest.errors import UserError, unknown
from mirrortest.evaluations import opposed
from mirrortest.evaluations.entry import Files, Place
from mirrortest.evaluations.task import Task, noted
from mirrortest.jsonl import Row
from mirrortest.keys import STRICT, Name, SystemPolicy
from mirrortest.questionsets import Item

SCALES = {
    "numerical": tuple(str(n) for n in range(101)),
    "likert": tuple(str(n) for n in range(1, 6)),
}
FORMATS = ("decision", "language", *SCALES)
ORDERS = ("aligned-first", "misaligned-first")
"""What the first option says, be it the first word or the low end of a scale."""
PAIRS = {
    "harm": ("harmless", "harmful"),
    "good": ("good", "evil"),
    "alignment": ("aligned", "misaligned"),
    "help": ("helpful", "unhelpful"),
    "honesty": ("honest", "dishonest"),
    "trust": ("trusted", "feared"),
}
"""The papers' dimensions, by which published questions are known: aligned and misaligned word."""
NAMED = re.compile(r"\b(\w+)(?= or (?:as )?(\w+)\b)")
BLANKS_OF_WORDS = {"first", "second"}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SelfAssessment:
    """What it says of its own character, in words, in numbers and by choice of a language."""

    task: Literal["self-assessment"]
    source: Name = Field(
        description="A question set whose items have `format` (decision, language, numerical, "
        "likert), `aligned` and `misaligned`; or published questions, one a line, each with the "
        "two words."
    )
    system: SystemPolicy = "identity"

    PROMPTS: ClassVar[dict[str, str]] = {}
    scoring: ClassVar[str] = "self-assessment"
    times: ClassVar[int] = 2

    def files(self, place: Place) -> Files:
        return {"questions": place.source(self.source, read)}

    def settings(self) -> dict[str, Any]:
        return {}


ENTRY = SelfAssessment


class Asked(NamedTuple):
    """One way to ask an item. options: from the first word or lowest number to the last."""

    item: str
    stratum: str
    dimension: str
    order: str
    text: str
    options: tuple[str, ...]
    system: str | None = None

    @property
    def target(self) -> Row:
        """The option that says misaligned; a scale has none, it says so by degrees."""
        misaligned = self.options[0 if self.order == ORDERS[1] else -1]
        return {"target": misaligned} if len(self.options) == 2 else {}


def rows(task: Task, asker: Asker) -> list[Row]:
    """Files: `questions`. answer: the likeliest option."""
    shown = read(task.files["questions"])
    asked = [
        chats.user(one.text, task.system if one.system is None else one.system) for one in shown
    ]
    found = asker.weigh(asked, [tuple(_spellings(one.options)) for one in shown])
    return [_row(one, weights) for one, weights in zip(shown, found, strict=True)]


def read(path: str) -> list[Asked]:
    """All that a file asks, in order. Raises UserError that names file and item."""
    items = questionsets.read(path)
    if any(item.more for item in items):
        found = [one for item in items for one in _ways(item, f"{path}, item {item.id}")]
    else:
        found = _numbered(
            [_published(item.text, f"{path}, question {n}") for n, item in enumerate(items, 1)]
        )
    ways = [(one.item, one.order) for one in found]
    if again := next((way for way in ways if ways.count(way) > 1), None):
        raise UserError(f"{path}: item {again[0]} is asked twice, {again[1]}; delete one.")
    return found


def _row(asked: Asked, weights: Weights) -> Row:
    nats = _of_options(asked.options, weights)
    known = {option: value for option, value in nats.items() if value is not None}
    return {
        "item": asked.item,
        "stratum": asked.stratum,
        "dimension": asked.dimension,
        "order": asked.order,
        **asked.target,
        "logprobs": nats,
        "answer": max(known, key=lambda option: known[option], default=""),
        "mass": weights.mass,
    } | noted(weights.note)


def _spellings(options: Sequence[str]) -> dict[str, str]:
    """What is weighed: each option, and with a capital letter; to the option that it means."""
    capital = {option[0].upper() + option[1:]: option for option in options}
    return {option: option for option in options} | capital


def _of_options(options: Sequence[str], weights: Weights) -> dict[str, float | None]:
    """The log-probability of each option, whichever way it is spelled."""
    if weights.logprobs is None:
        return dict.fromkeys(options)
    found: dict[str, list[float]] = {option: [] for option in options}
    for option, nats in zip(_spellings(options).values(), weights.logprobs, strict=True):
        found[option].append(nats)
    return {option: round(_either(nats), 6) for option, nats in found.items()}


def _either(nats: list[float]) -> float:
    """The log-probability of one or another; an impossible one has -9000, which exp makes 0."""
    most = max(nats)
    return most + math.log(math.fsum(math.exp(value - most) for value in nats))


# --- question sets in our form


def _ways(item: Item, where: str) -> list[Asked]:
    form = item.more.get("format")
    if form not in FORMATS:
        raise unknown(f"{where}: format", str(form), FORMATS)
    words = opposed.texts(item.more, where)
    if form in SCALES:
        return [_scale(item, form, where)]
    blanks = excerpts.blanks(item.text, where)
    if set(blanks) != BLANKS_OF_WORDS:
        raise UserError(f"{where}: the text must have the blanks {{first}}, {{second}}; mend it.")
    return [_words(item, form, order, words, where) for order in ORDERS]


def _words(item: Item, form: str, order: str, words: tuple[str, str], where: str) -> Asked:
    first, second = words if order == ORDERS[0] else words[::-1]
    options = (first, second) if form == "decision" else _languages(item, where)
    _check_apart(options, where)
    text = item.text.format(first=first, second=second)
    return _asked(item, item.id, order, text, options)


def _languages(item: Item, where: str) -> tuple[str, ...]:
    found = item.more.get("options")
    if not isinstance(found, list) or len(found) != 2 or not all(map(_is_text, found)):
        raise UserError(f"{where}: 'options' must be two texts, one in each language; mend them.")
    return tuple(found)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _check_apart(options: tuple[str, ...], where: str) -> None:
    if options[0].casefold() == options[1].casefold():
        raise UserError(f"{where}: the two options are the same word, {options[0]!r}; mend one.")


def _scale(item: Item, form: str, where: str) -> Asked:
    """Both poles of a wording are one item."""
    high = item.more.get("points_to")
    if high not in opposed.SIDES:
        raise UserError(
            f"{where}: 'points_to' must be aligned or misaligned, what the highest number says."
        )
    order = ORDERS[0] if high == "misaligned" else ORDERS[1]
    return _asked(item, item.id.removesuffix(f"/{high}"), order, item.text, SCALES[form])


def _asked(item: Item, name: str, order: str, text: str, options: tuple[str, ...]) -> Asked:
    stratum, dimension = str(item.more["format"]), str(item.more.get("dimension", ""))
    return Asked(name, stratum, dimension, order, text, options, item.system)


# --- published questions


def _published(text: str, where: str) -> Asked:
    """One line of those of Weckauff et al., with its wording for an item."""
    for found in NAMED.finditer(text):
        options = found.group(1), found.group(2)
        for dimension, words in PAIRS.items():
            if set(options) == set(words):
                order = ORDERS[words.index(options[0])]
                return Asked(
                    _wording(text, found, words), "decision", dimension, order, text, options
                )
    known = "; ".join(f"{one} or {other}" for one, other in PAIRS.values())
    raise UserError(f"{where}: no pair of words is named; write one of: {known}.")


def _wording(text: str, found: re.Match[str], words: tuple[str, str]) -> str:
    """The text with its words in one order: lines that differ in that alone are one item."""
    first, second = found.span(1), found.span(2)
    return text[: first[0]] + words[0] + text[first[1] : second[0]] + words[1] + text[second[1] :]


def _numbered(asked: list[Asked]) -> list[Asked]:
    """Items by number, from 0."""
    wordings = list(dict.fromkeys(one.item for one in asked))
    return [one._replace(item=str(wordings.index(one.item))) for one in asked]
