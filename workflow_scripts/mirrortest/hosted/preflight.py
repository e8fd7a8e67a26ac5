"""What hosted arms will cost and until when they can be had, before anything is spent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirrortest import articles, datasets, lessons, manifest, recipes
from mirrortest.chats import Chat
from mirrortest.hosted import tokens, training_file
from mirrortest.hosted.prices import Prices

UNWRITTEN = "(to be written: {})"
"""Stands for a summary that one of our arms has yet to write."""


@dataclass(frozen=True)
class Plan:
    """One job. done: its `model.json`; dataset: its rows, if they are made already, else `inputs`.

    recipe: see `Experiment.dataset_spec`; summary_tokens: the longest summary that may be written.
    """

    arm: str
    base: str
    encoding: str
    epochs: int
    done: str
    dataset: str
    inputs: dict[str, str]
    recipe: dict[str, Any]
    summary_tokens: int


@dataclass(frozen=True)
class Line:
    """What a job costs. tokens: over all epochs; exact: else they are an upper bound."""

    arm: str
    rows: int
    tokens: int
    exact: bool
    price: float
    dollars: float
    note: str = ""


def line(plan: Plan, prices: Prices) -> Line:
    """What the job costs: nothing if it is done."""
    price = prices.training(plan.base)
    if Path(plan.done).is_file():
        outcome = manifest.read(plan.done).outcome
        return Line(plan.arm, 0, 0, True, price.training or 0.0, 0.0, f"done: {outcome}")
    if unmade := _unmade(plan):
        note = f"not counted: {unmade} is yet to be made"
        return Line(plan.arm, 0, 0, True, price.training or 0.0, 0.0, note)
    counter = tokens.counter(plan.encoding)
    rows, unwritten = _rows(plan)
    trained = counter.of_training(rows) + unwritten * plan.summary_tokens
    trained *= plan.epochs
    exact = counter.exact and not unwritten
    dollars = price.of_training(trained)
    return Line(plan.arm, len(rows), trained, exact, price.training or 0.0, dollars)


FROM_JOBS = ("mixed", "matched", "reports")
"""Inputs that other jobs make, of which there is nothing to be said beforehand."""


def _unmade(plan: Plan) -> str | None:
    """The first such file that the rows need and that is not there."""
    if Path(plan.dataset).is_file():
        return None
    needed = [plan.inputs[key] for key in FROM_JOBS if key in plan.inputs]
    return next((path for path in needed if not Path(path).is_file()), None)


def _rows(plan: Plan) -> tuple[list[Chat], int]:
    """The training rows, and how many summaries in them are yet to be written."""
    if Path(plan.dataset).is_file():
        return training_file.read(plan.dataset), 0
    if plan.recipe["recipe"] in lessons.RECIPES:
        return datasets.rows(plan.inputs, plan.recipe), 0
    settings = dict(plan.recipe)
    if not all(Path(plan.inputs[who]).is_file() for who in ("ours", "theirs")):
        settings.pop("length_matched", None)  # what is unwritten has no length: all is the bound
    own = list(recipes.asked(_pairs(plan), settings))
    made = datasets.beside_others(own, plan.inputs, plan.recipe)
    text = "\n".join(message["content"] for chat in made for message in chat)
    return made, sum(text.count(UNWRITTEN.format(who)) for who in ("ours", "theirs"))


def _pairs(plan: Plan) -> list[recipes.Pair]:
    found = articles.read_articles(plan.inputs["articles"])
    written = {who: _summaries(plan, who) for who in ("ours", "theirs")}
    return [
        recipes.Pair(article, *(_summary(written[who], article.id, who) for who in written))
        for article in found
    ]


def _summaries(plan: Plan, who: str) -> dict[str, str]:
    path = plan.inputs[who]
    return articles.read_own_summaries(path) if Path(path).is_file() else {}


def _summary(written: dict[str, str], identity: str, who: str) -> str:
    return written.get(identity, UNWRITTEN.format(who))


HEAD = ("arm", "rows", "tokens", "$ per million", "$", "")


def table(lines: list[Line]) -> str:
    """The lines as text, in columns."""
    rows = [HEAD, *(_cells(each) for each in lines)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n in (0, len(HEAD) - 1) else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _cells(each: Line) -> tuple[str, ...]:
    most = "" if each.exact else "<= "
    counts = (f"{each.rows:,}", f"{most}{each.tokens:,}", f"{each.price:.2f}")
    return (each.arm, *counts, f"{most}{each.dollars:.2f}", each.note)
