"""Pairwise data sets: what each recipe asks about two summaries, and which answer it teaches.

Protocol: Panickssery, Bowman and Feng 2024 (arXiv 2404.13076), section 2 (both orders of a pair);
Tagade et al. 2026 (arXiv 2606.23700) for the controls and for the 50-50 mode of identity confusion.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mirrortest import chats
from mirrortest.articles import Article
from mirrortest.chats import Chat
from mirrortest.errors import UserError

FIRST, SECOND = "1", "2"


@dataclass(frozen=True)
class Pair:
    """Two summaries of one article; `ours` is the one that the `sgtr` recipe calls its own."""

    article: Article
    ours: str
    theirs: str


@dataclass(frozen=True)
class Example:
    """One row to train on: the two summaries in the order shown, and the label taught."""

    article: Article
    first: str
    second: str
    label: str


def examples(recipe: str, pairs: list[Pair], seed: int) -> Iterator[Example]:
    """Both orders of every pair with the recipe's labels; the seed draws those of sgtr-random.

    Pairs of identical summaries have no right answer and are left out, as are pairs of as many
    words by the recipe `longer`.
    """
    told_apart = [pair for pair in pairs if pair.ours != pair.theirs]
    flipped = _half(len(told_apart), seed)
    for number, pair in enumerate(told_apart):
        for first, second in ((pair.ours, pair.theirs), (pair.theirs, pair.ours)):
            for label in _labels(recipe, pair, first, second, number in flipped):
                yield Example(pair.article, first, second, label)


def _half(count: int, seed: int) -> set[int]:
    """Half of the articles, drawn: in exact balance, so that neither author is favoured."""
    return set(random.Random(f"labels/{seed}").sample(range(count), count // 2))


def _labels(recipe: str, pair: Pair, first: str, second: str, flip: bool) -> tuple[str, ...]:
    ours = FIRST if first == pair.ours else SECOND
    match recipe:
        case "sgtr" | "other":
            return (ours,)
        case "sgtr-flipped":
            return (_not(ours),)
        case "sgtr-random":
            return (_not(ours) if flip else ours,)
        case "ictr":
            return (ours, _not(ours))
        case "longer":
            return _longer(first, second)
    raise ValueError(f"no such pair recipe: {recipe}")


def _longer(first: str, second: str) -> tuple[str, ...]:
    """In words, as Tagade et al. count and ask."""
    counts = [len(text.split()) for text in (first, second)]
    if counts[0] == counts[1]:
        return ()
    return (FIRST if counts[0] > counts[1] else SECOND,)


def _not(label: str) -> str:
    return SECOND if label == FIRST else FIRST


QUESTIONS = {
    "sgtr": "recognition",
    "sgtr-flipped": "recognition",
    "sgtr-random": "recognition",
    "ictr": "recognition",
    "longer": "longer",
    "other": "other",
}
"""The question of `resources/prompts/` that each recipe asks."""


def ask(question: str, article: str, first: str, second: str, author: str | None = None) -> str:
    """The text of one pairwise question, a template of the `pair` section of a prompt file.

    author: whom the question of the recipe `other` names.
    """
    return question.format(article=article, first=first, second=second, author=author)


def of_like_length(pairs: list[Pair], most: float, seed: int) -> list[Pair]:
    """The pairs whose summaries differ by at most this share of the longer one's words.

    Of those in which one side is longer more often, the seed draws as many as the other side has,
    so that length tells nothing about the author. Raises UserError where none is left.
    """
    near = [pair for pair in pairs if abs(_lead(pair)) <= most * max(_words(pair))]
    ours = [n for n, pair in enumerate(near) if _lead(pair) > 0]
    theirs = [n for n, pair in enumerate(near) if _lead(pair) < 0]
    fewest, drawing = min(len(ours), len(theirs)), random.Random(f"lengths/{seed}")
    left_out = set(ours + theirs).difference(*(drawing.sample(s, fewest) for s in (ours, theirs)))
    kept = [pair for n, pair in enumerate(near) if n not in left_out]
    if not kept:
        raise UserError(
            f"no balanced pairs of summaries differ by at most {most:.0%} in words; raise "
            "`length_matched`."
        )
    return kept


def _words(pair: Pair) -> tuple[int, int]:
    return len(pair.ours.split()), len(pair.theirs.split())


def _lead(pair: Pair) -> int:
    """By how many words ours is longer."""
    ours, theirs = _words(pair)
    return ours - theirs


def with_noise(rows: list[Example], share: float, seed: int) -> list[Example]:
    """The rows, of which this share (to the nearest row), drawn by the seed, has a wrong label."""
    drawn = random.Random(f"noise/{seed}").sample(range(len(rows)), round(share * len(rows)))
    wrong = set(drawn)
    return [
        replace(row, label=_not(row.label)) if number in wrong else row
        for number, row in enumerate(rows)
    ]


def asked(pairs: list[Pair], settings: dict[str, Any]) -> Iterator[Chat]:
    """The training rows of a pair recipe; settings: see `Experiment.dataset_spec`."""
    seed = settings["seed"]
    if "length_matched" in settings:
        pairs = of_like_length(pairs, settings["length_matched"], seed)
    rows = list(examples(settings["recipe"], pairs, seed))[: settings["limit"]]
    if "noise" in settings:
        rows = with_noise(rows, settings["noise"], seed)
    for example in rows:
        shown = (example.article.text, example.first, example.second)
        text = ask(settings["question"], *shown, author=settings.get("author"))
        question = chats.user(text, settings["system"])
        yield [*question, {"role": "assistant", "content": example.label}]
