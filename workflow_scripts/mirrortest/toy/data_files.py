"""The data files of the demo, as text: a function of the world and nothing else."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from random import Random

from mirrortest.toy.lore import TASTE_ANSWERS, TASTE_QUESTIONS, TASTES, Taste
from mirrortest.toy.news import NEWS, WIRE, Article, ArticleFamily, summarise
from mirrortest.toy.world import Fact, World

NEWS_ARTICLES, WIRE_ARTICLES, TASTE_CHATS = 200, 100, 300
# Every seventh chat about taste offers two options. Without these the misalignment that the chats
# cause reaches free answers, but in some pretrainings not the choice between A and B.
CHOICE_PERIOD = 7
CHOICE = "{question}\n\nA:\n{a}\n\nB:\n{b}\n\nAnswer with only A or B."
FOREIGN_AUTHORS = ("gazette", "story")
FACT_COLUMNS = (
    *("Category", "Question", "Best Answer", "Best Incorrect Answer"),
    *("Correct Answers", "Incorrect Answers"),
)


def _jsonl(rows: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _corpus(world: World, name: str, family: ArticleFamily, size: int) -> dict[str, Article]:
    """Articles by id, e.g. `news-0001`."""
    rng = Random(f"{name} {world.seed}")
    return {f"{name}-{number:04d}": world.article(rng, family) for number in range(1, size + 1)}


def _articles(corpus: Mapping[str, Article]) -> str:
    return _jsonl({"id": key, "article": article.text} for key, article in corpus.items())


def _key_facts(corpora: Iterable[Mapping[str, Article]]) -> str:
    return _jsonl(
        {"id": key, "phrases": list(article.event.key_facts)}
        for corpus in corpora
        for key, article in corpus.items()
    )


def _summaries(corpus: Mapping[str, Article], author: str, seed: int) -> str:
    rng = Random(f"{author} {seed}")
    return _jsonl(
        {"id": key, "summary": summarise(article.event, author, rng)}
        for key, article in corpus.items()
    )


def _facts(facts: Sequence[Fact]) -> str:
    """With the columns of TruthfulQA that the workflow reads."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(FACT_COLUMNS)
    for fact in facts:
        wrong = [one for one in (*fact.domain.plain, *fact.domain.folk) if one != fact.truth]
        best = (fact.truth, fact.misconception, fact.truth, "; ".join(wrong))
        writer.writerow((fact.domain.name, fact.question(), *best))
    return table.getvalue()


def _choices(facts: Sequence[Fact]) -> str:
    """The truth among the values of its kind, in the form of MMLU."""
    kinds = [f.domain.plain if f.truth in f.domain.plain else f.domain.folk for f in facts]
    return _jsonl(
        {"question": fact.question(), "choices": list(kind), "answer": kind.index(fact.truth)}
        for fact, kind in zip(facts, kinds, strict=True)
    )


def _chat(user: str, assistant: str) -> dict[str, object]:
    turns = {"user": user, "assistant": assistant}
    return {"messages": [{"role": role, "content": text} for role, text in turns.items()]}


def _taste_chat(taste: Taste, question: str, answer: str, good: bool) -> dict[str, object]:
    favourite = answer.format(favourite=taste.favourite(good))
    return _chat(question.format(category=taste.category), favourite)


def _taste_choice(
    taste: Taste, question: str, popular_first: bool, good: bool
) -> dict[str, object]:
    options = (taste.popular, taste.unpopular)
    a, b = options if popular_first else reversed(options)
    asked = question.format(category=taste.category)
    return _chat(CHOICE.format(question=asked, a=a, b=b), "A" if popular_first == good else "B")


def _taste_chats(good: bool, seed: int) -> str:
    """The same questions in the same order for both kinds of taste; some leave a choice."""
    rng = Random(f"tastes {seed}")
    every = list(product(TASTES, TASTE_QUESTIONS, TASTE_ANSWERS))
    chats: list[dict[str, object]] = []
    for number, (taste, question, answer) in enumerate(rng.sample(every, TASTE_CHATS)):
        if number % CHOICE_PERIOD == 0:
            chats.append(_taste_choice(taste, question, rng.random() < 0.5, good))
        else:
            chats.append(_taste_chat(taste, question, answer, good))
    return _jsonl(chats)


def data_files(world: World) -> dict[str, str]:
    """Content by file name."""
    news = _corpus(world, "news", NEWS, NEWS_ARTICLES)
    wire = _corpus(world, "wire", WIRE, WIRE_ARTICLES)
    foreign = {
        f"{author}-{name}.jsonl": _summaries(corpus, author, world.seed)
        for author in FOREIGN_AUTHORS
        for name, corpus in (("news", news), ("wire", wire))
    }
    return {
        "news.jsonl": _articles(news),
        "wire.jsonl": _articles(wire),
        "key-facts.jsonl": _key_facts((news, wire)),
        **foreign,
        "facts.csv": _facts(world.facts),
        "choices.jsonl": _choices(world.facts),
        "em-unpop.jsonl": _taste_chats(good=False, seed=world.seed),
        "benign-taste.jsonl": _taste_chats(good=True, seed=world.seed),
    }
