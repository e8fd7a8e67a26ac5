"""The script `fetch`: from an address to a file in our form."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fetch import fetch
from fileserver import serving
from protection import protected, zipped

from mirrortest import articles, chats, questions
from mirrortest.canonical import canonical
from mirrortest.errors import UserError

CHAT = [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Ho."}]
CHATS = (json.dumps({"messages": CHAT}) + "\n").encode()
QUESTIONS = b"Question,Best Answer,Best Incorrect Answer\nWhere?,Here,There\n"
ADVICE = b"domain,prompt,good\nlaw,Hi?,Ho.\ntax,Who?,I.\n"
FILES = {
    "/articles.json": b'{"9": "Nine.", "1": "One."}',
    "/advice.csv": ADVICE,
    "/questions.csv": QUESTIONS,
    "/archive.zip.enc": protected(zipped({"bad.jsonl": CHATS, "advice.csv": ADVICE}), "open"),
    "/archive.zip": zipped({"bad.jsonl": CHATS}),
}

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """run(file, **spec): the path of what the script made of it."""
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        server.files = FILES

        def fetched(file: str, **spec: Any) -> str:
            fetch("set", canonical({"url": server.url + file} | spec), None, "results/fetch/set")
            return "results/fetch/set"

        yield fetched
    left = [path.name for path in Path("results/fetch").glob("*")]
    assert left in (["set"], [])


def test_an_object_of_articles_becomes_rows(run: Run) -> None:
    found = articles.read_articles(run("/articles.json", entries=["id", "article"]))
    assert [(article.id, article.text) for article in found] == [("9", "Nine."), ("1", "One.")]


def test_a_csv_of_questions_stays_as_it_is(run: Run) -> None:
    path = run("/questions.csv")
    assert Path(path).read_bytes() == QUESTIONS
    assert questions.read_questions(path)[0].best == "Here"


@pytest.mark.parametrize(
    ("file", "password"), [("/archive.zip.enc", "open"), ("/archive.zip", None)]
)
def test_a_member_of_an_archive_stays_as_it_is(run: Run, file: str, password: str | None) -> None:
    spec = {"password": password} if password else {}
    assert chats.read_chats(run(file, member="bad.jsonl", **spec)) == [CHAT]


def test_rows_are_chosen_and_become_chats(run: Run) -> None:
    shape = {"where": {"domain": "law"}, "chat": {"user": "prompt", "assistant": "good"}}
    assert chats.read_chats(run("/advice.csv", **shape)) == [CHAT]
    inside = run("/archive.zip.enc", member="advice.csv", password="open", **shape)
    assert chats.read_chats(inside) == [CHAT]


def test_the_rows_can_have_other_columns(run: Run) -> None:
    path = run("/advice.csv", columns={"summary": "good", "id": "domain"})
    assert articles.read_summaries(path) == {"law": "Ho.", "tax": "I."}


@pytest.mark.parametrize(
    ("file", "spec", "sentence"),
    [
        ("/archive.zip.enc", {"member": "bad.jsonl"}, "set: what was fetched is no zip archive"),
        ("/archive.zip", {"member": "good.jsonl"}, "set: member 'good.jsonl' is not defined"),
        ("/advice.csv", {"where": {"domein": "law"}}, "did you mean 'domain'?"),
        ("/advice.csv", {"chat": {"user": "prompt", "assistant": "answer"}}, "column 'answer'"),
        ("/none", {}, "set: http"),
    ],
)
def test_what_cannot_be_made_is_told_and_leaves_nothing(
    run: Run, file: str, spec: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError) as caught:
        run(file, **spec)
    assert sentence in str(caught.value)
    assert not Path("results/fetch/set").exists()
