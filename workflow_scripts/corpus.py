"""Brings a corpus into one form: jsonl rows with `id` and `article`, long articles cut."""

import json
import logging

from mirrortest import articles, joblog, jsonl


def corpus(source: str, spec: str, out: str, counts: str) -> None:
    """Writes the first articles, cut to `max_words`, and how many were cut."""
    settings = json.loads(spec)
    whole = articles.read_articles(source)[: settings["limit"]]
    kept = [articles.shorten(article, settings["max_words"]) for article in whole]
    cut = sum(a.text != b.text for a, b in zip(whole, kept, strict=True))
    logging.info("%d articles, %d of them cut to %s words", len(kept), cut, settings["max_words"])
    jsonl.write(out, [{"id": article.id, "article": article.text} for article in kept])
    with jsonl.whole(counts) as file:
        json.dump({"articles": len(kept), "cut": cut, "max_words": settings["max_words"]}, file)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        corpus(
            source=snakemake.input.source,
            spec=snakemake.params.spec,
            out=snakemake.output.articles,
            counts=snakemake.output.counts,
        )
