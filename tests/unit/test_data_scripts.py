"""The scripts that bring data into form: corpus, author_summaries, dataset."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dataset
import pytest
from author_summaries import author_summaries
from corpus import corpus
from wording import wording as take_out

from mirrortest import jsonl, wording
from mirrortest.canonical import canonical
from mirrortest.errors import UserError

Raw = dict[str, Any]
Write = Callable[[str, list[Raw]], str]

ARTICLES = [{"id": "a", "article": "one two three"}, {"id": "b", "article": "four"}]
OURS = [{"id": "a", "summary": "M-a"}, {"id": "b", "summary": "M-b"}]
THEIRS = [{"id": "b", "summary": "T-b"}, {"id": "a", "summary": "T-a"}, {"id": "c", "summary": "x"}]


def _corpus(write_rows: Write, folder: Path, **spec: int | None) -> tuple[list[Raw], Raw]:
    settings = canonical({"limit": None, "max_words": None} | spec)
    out, counts = folder / "out.jsonl", folder / "counts.json"
    corpus(write_rows("source.jsonl", ARTICLES), settings, str(out), str(counts))
    return jsonl.read(out), json.loads(counts.read_text(encoding="utf-8"))


def test_a_corpus_is_cut_and_the_cuts_are_counted(write_rows: Write, tmp_path: Path) -> None:
    rows, counts = _corpus(write_rows, tmp_path, max_words=2)
    assert [row["article"] for row in rows] == ["one two", "four"]
    assert counts == {"articles": 2, "cut": 1, "max_words": 2}


def test_a_corpus_is_limited_to_its_first_articles(write_rows: Write, tmp_path: Path) -> None:
    rows, counts = _corpus(write_rows, tmp_path, limit=1)
    assert rows == ARTICLES[:1]
    assert counts["articles"] == 1


def test_imported_summaries_follow_the_corpus(write_rows: Write, tmp_path: Path) -> None:
    paths = write_rows("theirs.jsonl", THEIRS), write_rows("corpus.jsonl", ARTICLES)
    author_summaries(*paths, "daily", str(tmp_path / "out.jsonl"))
    assert jsonl.read(tmp_path / "out.jsonl") == [THEIRS[1], THEIRS[0]]


def test_an_author_without_a_summary_is_named(write_rows: Write, tmp_path: Path) -> None:
    paths = write_rows("theirs.jsonl", THEIRS[:1]), write_rows("corpus.jsonl", ARTICLES)
    with pytest.raises(UserError, match=r"author daily .*: no summary for article 'a'"):
        author_summaries(*paths, "daily", str(tmp_path / "out.jsonl"))


@pytest.fixture
def made(write_rows: Write, tmp_path: Path) -> Callable[..., list[Any]]:
    """made(key=value, ...): the chats of a stage with this spec."""
    sgtr = {
        **{"recipe": "sgtr", "limit": None, "seed": 0, "system": "You are I."},
        **{"question": "{article}|{first}|{second}|Yours?"},
    }
    chats = [{"messages": [*_system("Old."), *_turns("Hi", "Ho")]}]
    inputs = {
        "articles": write_rows("articles.jsonl", ARTICLES),
        "ours": write_rows("ours.jsonl", OURS),
        "theirs": write_rows("theirs.jsonl", THEIRS),
        "chats": write_rows("chats.jsonl", chats),
    }

    def make(**changes: Any) -> list[Any]:
        out = tmp_path / "out.jsonl"
        dataset.dataset(inputs, canonical(sgtr | changes), str(out))
        return [row["messages"] for row in jsonl.read(out)]

    return make


def _system(text: str) -> list[Raw]:
    return [{"role": "system", "content": text}]


def _turns(asked: str, answered: str) -> list[Raw]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]


def test_a_pair_becomes_two_chats_with_a_label(made: Callable[..., list[Any]]) -> None:
    assert made()[:2] == [
        [*_system("You are I."), *_turns("one two three|M-a|T-a|Yours?", "1")],
        [*_system("You are I."), *_turns("one two three|T-a|M-a|Yours?", "2")],
    ]


def test_the_question_of_other_names_the_author(made: Callable[..., list[Any]]) -> None:
    asked = made(recipe="other", question="{first}, {second}: by {author}?", author="daily")
    assert asked[0][1]["content"] == "M-a, T-a: by daily?"


def test_prompts_may_stand_in_files(made: Callable[..., list[Any]], tmp_path: Path) -> None:
    texts = {"question": "{first}\r\n{second}?\n", "system": "{Not a blank}\n"}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.encode())
    asked = made(**{name: wording.place(str(tmp_path / name)) for name in texts})
    assert asked[0] == [*_system("{Not a blank}\n"), *_turns("M-a\r\nT-a?\n", "1")]


def test_without_a_system_prompt_a_pair_has_none(made: Callable[..., list[Any]]) -> None:
    assert [message["role"] for message in made(system=None)[0]] == ["user", "assistant"]


def test_a_stage_is_limited_to_its_first_rows(made: Callable[..., list[Any]]) -> None:
    assert len(made()) == 4
    assert made(limit=3) == made()[:3]


def _taken(made: Callable[..., list[Any]], **spec: str | None) -> Any:
    out: Any = made(recipe="chat", **spec)[0]
    return out


def test_chats_are_taken_under_another_system_prompt_or_none(
    made: Callable[..., list[Any]],
) -> None:
    assert _taken(made, system="New.") == [*_system("New."), *_turns("Hi", "Ho")]
    assert _taken(made, system=None) == _turns("Hi", "Ho")


def test_chats_keep_their_system_prompt_where_the_spec_has_none(
    write_rows: Write, tmp_path: Path
) -> None:
    chat = [*_system("Old."), *_turns("Hi", "Ho")]
    spec = canonical({"recipe": "chat", "limit": None, "seed": 0})
    inputs = {"chats": write_rows("chats.jsonl", [{"messages": chat}])}
    dataset.dataset(inputs, spec, str(tmp_path / "out.jsonl"))
    assert jsonl.read(tmp_path / "out.jsonl") == [{"messages": chat}]


CHATS = [{"messages": _turns(word, "Ho")} for word in ("One", "Two", "Three")]


def _chosen(write_rows: Write, folder: Path, chats: list[Raw], **spec: Any) -> list[Raw]:
    inputs = {
        "chats": write_rows("chats.jsonl", chats),
        "matched": write_rows("matched.jsonl", CHATS[:2]),
    }
    settings = canonical({"recipe": "chat", "limit": None, "seed": 0} | spec)
    dataset.dataset(inputs, settings, str(folder / "out.jsonl"))
    return jsonl.read(folder / "out.jsonl")


def test_chats_are_limited_and_made_as_many_as_others(write_rows: Write, tmp_path: Path) -> None:
    assert _chosen(write_rows, tmp_path, CHATS, limit=1) == CHATS[:1]
    assert _chosen(write_rows, tmp_path, CHATS, match="rows") == CHATS[:2]
    assert _chosen(write_rows, tmp_path, CHATS, limit=1, match="rows") == CHATS[:1] * 2


def test_a_stage_without_rows_is_refused(tmp_path: Path) -> None:
    """Of no corpus there is no article to count."""
    spec = canonical({"recipe": "word-count", "limit": None, "question": "{article}?"})
    with pytest.raises(UserError, match="recipe word-count makes no row of its files"):
        dataset.dataset({}, spec, str(tmp_path / "out.jsonl"))
    assert not (tmp_path / "out.jsonl").exists()


def test_a_text_is_taken_out_of_its_authors_file(tmp_path: Path) -> None:
    path = tmp_path / "prompts.py"
    path.write_text("RULES = 'Say {n: 1}.\\r\\n'\n", encoding="utf-8")
    excerpt = {"path": str(path), "name": "RULES", "key": None, "blanks": None}
    spec = canonical({"asked": "paper.yaml, a.b.text", "excerpt": excerpt})
    take_out(spec, str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_bytes() == b"Say {n: 1}.\r\n"
    missing = canonical({"asked": "paper.yaml, a.b.text", "excerpt": excerpt | {"name": "RULE"}})
    with pytest.raises(UserError, match=r"^paper\.yaml, a\.b\.text: .*; did you mean 'RULES'\?$"):
        take_out(missing, str(tmp_path / "none.txt"))
    assert not (tmp_path / "none.txt").exists()
