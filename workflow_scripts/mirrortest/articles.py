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
    rows = jsonl.read(path, required=("id",), unique="id", text=("article",))
    return [Article(str(row["id"]), row["article"]) for row in rows]


def read_summaries(path: str) -> dict[str, str]:
    """Summaries by article id. Raises UserError for duplicates, gaps and broken lines."""
    rows = jsonl.read(path, required=("id",), unique="id", text=("summary",))
    return {str(row["id"]): row["summary"] for row in rows}


def read_own_summaries(path: str) -> dict[str, str]:
    """Summaries in the workflow's own files; a model may have written an empty one."""
    return {str(row["id"]): row["summary"] for row in jsonl.read(path, required=("id",))}


def read_phrases(path: str) -> dict[str, list[str]]:
    """The phrases that state each article's key facts. Raises UserError where there are none."""
    rows = jsonl.read(path, required=("id", "phrases"), unique="id")
    for number, row in enumerate(rows, start=1):
        phrases = row["phrases"] if isinstance(row["phrases"], list) else []
        if not phrases or not all(isinstance(p, str) and p.strip() for p in phrases):
            raise UserError(f"{path}, line {number}: 'phrases' must be a list of texts, not empty.")
    return {str(row["id"]): row["phrases"] for row in rows}


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
