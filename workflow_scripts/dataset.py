"""Makes the training rows of a stage: OpenAI-style chat jsonl."""

import logging

from mirrortest import articles, chats, joblog, jsonl, recipes, wording


def dataset(inputs: dict[str, str], spec: str, out: str) -> None:
    """Writes the stage's chats under its system prompt, at most `limit` of them."""
    settings = wording.settings(spec)
    if settings["recipe"] == "chat":
        made = recipes.taken(chats.read_chats(inputs["chats"]), settings)
    else:
        made = recipes.asked(_pairs(inputs), settings)
    rows = [{"messages": chat} for chat in made][: settings["limit"]]
    logging.info("%d rows", len(rows))
    jsonl.write(out, rows)


def _pairs(inputs: dict[str, str]) -> list[recipes.Pair]:
    ours = articles.read_own_summaries(inputs["ours"])
    theirs = articles.read_own_summaries(inputs["theirs"])
    found = articles.read_articles(inputs["articles"])
    return [recipes.Pair(article, ours[article.id], theirs[article.id]) for article in found]


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        dataset(dict(snakemake.input.items()), snakemake.params.spec, snakemake.output[0])
