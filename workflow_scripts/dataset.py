"""Makes the training rows of a stage: OpenAI-style chat jsonl."""

import logging
from collections.abc import Iterator
from typing import Any

from mirrortest import articles, chats, joblog, jsonl, recipes, wording
from mirrortest.chats import Chat


def dataset(inputs: dict[str, str], spec: str, out: str) -> None:
    """Writes the stage's chats under its system prompt, at most `limit` of them."""
    settings = wording.settings(spec)
    made = _taken(inputs, settings) if settings["recipe"] == "chat" else _asked(inputs, settings)
    rows = [{"messages": chat} for chat in made][: settings["limit"]]
    logging.info("%d rows", len(rows))
    jsonl.write(out, rows)


def _taken(inputs: dict[str, str], settings: dict[str, Any]) -> Iterator[Chat]:
    for chat in chats.read_chats(inputs["chats"]):
        yield chats.with_system(chat, settings["system"]) if "system" in settings else chat


def _asked(inputs: dict[str, str], settings: dict[str, Any]) -> Iterator[Chat]:
    for example in recipes.examples(settings["recipe"], _pairs(inputs), settings["seed"]):
        shown = (example.article.text, example.first, example.second)
        text = recipes.ask(settings["question"], *shown, author=settings.get("author"))
        question = chats.user(text, settings["system"])
        yield [*question, {"role": "assistant", "content": example.label}]


def _pairs(inputs: dict[str, str]) -> list[recipes.Pair]:
    ours = articles.read_own_summaries(inputs["ours"])
    theirs = articles.read_own_summaries(inputs["theirs"])
    found = articles.read_articles(inputs["articles"])
    return [recipes.Pair(article, ours[article.id], theirs[article.id]) for article in found]


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        dataset(dict(snakemake.input.items()), snakemake.params.spec, snakemake.output[0])
