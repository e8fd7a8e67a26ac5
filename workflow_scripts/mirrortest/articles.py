"""Articles and their summaries, as they lie in jsonl files."""

from dataclasses import dataclass

from mirrortest import jsonl
from mirrortest.errors import UserError


@dataclass(frozen=True)
class Article:
    """One news article."""

    id: str
    text: str


def read_articles(path: str) -> list[Article]:
    """Rows with `id` and `article`. Raises UserError for duplicates, gaps and broken lines."""
    rows = jsonl.read(path, required=("id", "article"), unique="id")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row["article"], str):
            raise UserError(f"{path}, line {number}: 'article' must be text.")
    return [Article(str(row["id"]), row["article"]) for row in rows]


def read_summaries(path: str) -> dict[str, str]:
    """Summaries by article id. Raises UserError for duplicates, gaps and broken lines."""
    rows = jsonl.read(path, required=("id", "summary"), unique="id")
    return {str(row["id"]): row["summary"] for row in rows}


def read_own_summaries(path: str) -> dict[str, str]:
    """Summaries in the workflow's own files; a model may have written an empty one."""
    return {str(row["id"]): row["summary"] for row in jsonl.read(path, required=("id",))}


def shorten(article: Article, max_words: int | None) -> Article:
    """The article's first words, line breaks kept; the article itself if it is short enough."""
    if max_words is None or len(article.text.split()) <= max_words:
        return article
    end = 0
    for word in article.text.split()[:max_words]:
        end = article.text.index(word, end) + len(word)
    return Article(article.id, article.text[:end])


def pick(summaries: dict[str, str], articles: list[Article], name: str) -> dict[str, str]:
    """The summaries of these articles. Raises UserError that names the first one missing."""
    for article in articles:
        if article.id not in summaries:
            raise UserError(
                f"{name}: no summary for article {article.id!r}; add it, or shorten the corpus "
                "with `limit`."
            )
    return {article.id: summaries[article.id] for article in articles}
