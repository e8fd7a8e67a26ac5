"""Articles and summaries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirrortest.articles import (
    Article,
    pick,
    read_articles,
    read_own_summaries,
    read_summaries,
    shorten,
)
from mirrortest.errors import UserError

Write = Callable[[str, list[dict[str, Any]]], str]


def test_ids_are_text_whatever_the_file_says(write_rows: Write) -> None:
    assert read_articles(write_rows("a.jsonl", [{"id": 7, "article": "A"}])) == [Article("7", "A")]


def test_a_short_article_is_left_alone() -> None:
    article = Article("1", "  one\n two ")
    assert shorten(article, 2) is article
    assert shorten(article, None) is article


def test_shortening_keeps_the_first_words_and_the_line_breaks() -> None:
    article = Article("1", "one two\n\nthree  four\tfive")
    assert shorten(article, 4) == Article("1", "one two\n\nthree  four")


def test_shortening_is_not_misled_by_words_within_words() -> None:
    assert shorten(Article("1", "then the he other"), 3).text == "then the he"


def test_picking_keeps_the_order_of_the_articles_and_drops_the_rest() -> None:
    summaries = {"1": "S1", "2": "S2", "3": "S3"}
    picked = pick(summaries, [Article("3", ""), Article("1", "")], "daily")
    assert list(picked.items()) == [("3", "S3"), ("1", "S1")]


def test_a_missing_summary_is_named() -> None:
    with pytest.raises(UserError, match="daily: no summary for article '2'; add it"):
        pick({"1": "S1"}, [Article("1", ""), Article("2", "")], "daily")


def test_a_summary_of_our_own_may_be_empty(write_rows: Write) -> None:
    path = write_rows("s.jsonl", [{"id": "1", "summary": "", "ended": True}])
    assert read_own_summaries(path) == {"1": ""}


def test_a_summary_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"id": 1, "summary": "S"}\n\n{"id": 2, "summary": 5}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"s\.jsonl, line 3: 'summary' must be text"):
        read_summaries(str(path))
