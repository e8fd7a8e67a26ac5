"""How much a job reads and writes, estimated from the config and the sizes of local files.

In tokens, at four bytes each. Nothing is fetched: a file that is not there yet counts as a
thousand rows of 3000 bytes, some 500 words.
"""

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mirrortest import config
from mirrortest.experiment import Experiment
from mirrortest.meter import CHARACTERS_PER_TOKEN

CHARACTERS_PER_WORD = 6
FRAME = 150
"""Tokens around an article or a question: system prompt, instruction, chat template."""
ORDERS = 2
RUBRIC = 400
"""Tokens of a rubric's question to a judge."""


@dataclass(frozen=True)
class Work:
    """Rows, and the tokens that are read and written for all of them."""

    rows: float
    read: float
    written: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.rows + other.rows, self.read + other.read, self.written + other.written)


NOTHING = Work(0, 0)


class Extent(NamedTuple):
    """Rows of a file, and tokens of one."""

    rows: int
    tokens: float

    def first(self, limit: int | None) -> "Extent":
        return self if limit is None else Extent(min(self.rows, limit), self.tokens)


UNSEEN = Extent(1000, 3000 / CHARACTERS_PER_TOKEN)


def extent(path: str) -> Extent:
    """The extent of a file, by its lines and bytes; a question set has as many rows as items."""
    if not Path(path).is_file():
        return UNSEEN
    content = Path(path).read_bytes()
    lines = content.splitlines()
    if path.endswith(".yaml"):
        lines = [line for line in lines if line.startswith(b"- ")]
    rows = max(len(lines), 1)
    return Extent(rows, len(content) / rows / CHARACTERS_PER_TOKEN)


def training(experiment: Experiment, model: str, name: str) -> Work:
    """A stage, over all its epochs."""
    stage, longest = experiment.settings.stages[name], experiment.settings.models[model].max_length
    rows, tokens = _data(experiment, model, name)
    rows *= stage.training.epochs
    return Work(rows, rows * min(tokens, longest))


def _data(experiment: Experiment, model: str, name: str) -> Extent:
    """A stage's data set: its own rows, those of a stage mixed in, as many as they are to be."""
    stage = experiment.settings.stages[name]
    rows, tokens = _own(experiment, model, stage).first(stage.limit)
    if stage.mix is not None:
        share, other = 1 / stage.mix.step, _data(experiment, model, stage.mix.stage)
        rows, tokens = round(rows / (1 - share)), tokens + share * (other.tokens - tokens)
    if stage.match is not None:
        other = _data(experiment, model, stage.match.stage)
        by_words = stage.match.by == "words"
        rows = round(other.rows * other.tokens / tokens) if by_words else other.rows
    return Extent(rows, tokens)


def _own(experiment: Experiment, model: str, stage: config.Stage) -> Extent:
    if stage.source is not None:
        return extent(experiment.source(stage.source))
    if stage.reports is not None:
        return UNSEEN
    if stage.corpora is not None:
        found = [_corpus(experiment, name) for name in stage.corpora]
        longest = max(each.tokens for each in found)
        return Extent(sum(each.rows for each in found), longest + FRAME)
    articles = _corpus(experiment, str(stage.corpus))
    labels = 2 if stage.recipe == "ictr" else 1
    pair = _pair(articles, experiment.settings.models[model])
    return Extent(articles.rows * ORDERS * labels, pair)


def summaries(experiment: Experiment, model: str, corpus: str) -> Work:
    """A summary of each article."""
    rows, tokens = _corpus(experiment, corpus)
    longest = experiment.settings.models[model].summary_tokens
    return Work(rows, rows * (tokens + FRAME), rows * longest)


def answers(experiment: Experiment, model: str, names: list[str]) -> Work:
    """These evaluations of one arm."""
    entries = [experiment.settings.evaluations[name] for name in names]
    return sum((_asked(experiment, model, entry) for entry in entries), NOTHING)


def read_again(experiment: Experiment, model: str, names: list[str]) -> Work:
    """Prompts and answers of these evaluations, none of which is written anew."""
    rows, read, written = astuple(answers(experiment, model, names))
    return Work(rows, read + written)


def verdicts(experiment: Experiment, judge: str) -> Work:
    """All that a judge judges of one arm: each answer with the question of each rubric."""
    found = NOTHING
    for name in experiment.judged_by(judge):
        entry: Any = experiment.settings.evaluations[name]
        asked = _source(experiment, entry)
        rows = asked.rows * entry.times * len(entry.rubrics)
        longest = experiment.settings.judges[judge].max_tokens
        found += Work(rows, rows * (RUBRIC + asked.tokens + entry.max_tokens), rows * longest)
    return found


def _asked(experiment: Experiment, model: str, entry: Any) -> Work:
    """Of articles with every author, or of the items of a question set."""
    if (corpus := getattr(entry, "corpus", None)) is not None:
        articles = _corpus(experiment, corpus)
        rows = articles.rows * len(getattr(entry, "authors", [""])) * entry.times
        return Work(rows, rows * _pair(articles, experiment.settings.models[model]))
    if not hasattr(entry, "source"):
        return _about(experiment, model, entry)
    found = _source(experiment, entry)
    rows = found.rows * entry.times
    written = rows * getattr(entry, "max_tokens", 0)
    return Work(rows, rows * (found.tokens + FRAME), written)


def _about(experiment: Experiment, model: str, entry: Any) -> Work:
    """Questions about one answer to each item of another evaluation: it is read once more."""
    answered = answers(experiment, model, [entry.about])
    asked = entry.times / experiment.settings.evaluations[entry.about].times
    read = answered.read + answered.written + answered.rows * FRAME
    return Work(asked * answered.rows, asked * read)


def _source(experiment: Experiment, entry: Any) -> Extent:
    return extent(experiment.source(entry.source)).first(getattr(entry, "limit", None))


def _corpus(experiment: Experiment, name: str) -> Extent:
    corpus = experiment.settings.corpora[name]
    found = extent(experiment.source(corpus.source)).first(corpus.limit)
    if corpus.max_words is None:
        return found
    longest = corpus.max_words * CHARACTERS_PER_WORD / CHARACTERS_PER_TOKEN
    return Extent(found.rows, min(found.tokens, longest))


def _pair(articles: Extent, model: config.Model) -> float:
    """Tokens of a question about two summaries of an article."""
    return articles.tokens + 2 * model.summary_tokens + FRAME
