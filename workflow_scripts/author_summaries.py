"""Takes in the summaries that a foreign author wrote of a corpus."""

from mirrortest import articles, joblog, jsonl


def author_summaries(source: str, corpus: str, author: str, out: str) -> None:
    """Writes one row per article of the corpus, in its order."""
    found = articles.read_summaries(source)
    kept = articles.pick(found, articles.read_articles(corpus), f"author {author} ({source})")
    jsonl.write(out, [{"id": key, "summary": text} for key, text in kept.items()])


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        author_summaries(
            source=snakemake.input.source,
            corpus=snakemake.input.corpus,
            author=snakemake.wildcards.author,
            out=snakemake.output[0],
        )
