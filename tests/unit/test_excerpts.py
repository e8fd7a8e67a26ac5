"""Texts in other people's Python files, on files of our own in the forms that theirs have."""

from pathlib import Path

import pytest

from mirrortest import excerpts
from mirrortest.errors import UserError

MODULE = '''"""Prompts."""
raise SystemExit("this file must never run")
PLAIN = "Be brief."
TEMPLATE = """Text:
{text}

"Left": {one}, {{braces}}, {other}."""
BY_KIND = {"news": "Say it\\nonce.", "tale": "Tell it.", **OTHERS}
HEAD: str = "Read " "this: " + PLAIN + " "
LATE = HEAD + TEMPLATE
FORMATTED = f"{text} is {{not}} {one} " + "or {other}"
PATH = f"{text.strip()}"
ROUNDED = f"{text:.2f}"
CALLED = "a".upper()
NUMBER = 5
TWICE = "once"
TWICE = "again"
GROWN = "a"
GROWN += "b"
ALONE += "b"
ITSELF = ITSELF + "x"
EMPTY: str
class Nested:
    INNER = "x"
'''
BLANKS = {"text": "{article}", "one": "{first}", "other": "a {{thing}}"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "theirs.py").write_text(MODULE, encoding="utf-8")
    return str(tmp_path / "theirs.py")


def test_a_constant_is_taken_as_it_stands(path: str) -> None:
    assert excerpts.excerpt(path, "PLAIN") == "Be brief."
    assert "{{braces}}" in excerpts.excerpt(path, "TEMPLATE")


def test_a_dict_is_read_by_key(path: str) -> None:
    assert excerpts.excerpt(path, "BY_KIND", key="news") == "Say it\nonce."


def test_texts_that_are_put_together_are_one(path: str) -> None:
    assert excerpts.excerpt(path, "HEAD") == "Read this: Be brief. "


def test_placeholders_become_ours_and_braces_stay_braces(path: str) -> None:
    text = excerpts.excerpt(path, "TEMPLATE", blanks=BLANKS)
    assert text.format(article="{A}", first="F") == (
        'Text:\n{A}\n\n"Left": F, {braces}, a {thing}.'
    )


def test_an_f_string_is_a_template_too(path: str) -> None:
    text = excerpts.excerpt(path, "FORMATTED", blanks=BLANKS)
    assert text == "{article} is {{not}} {first} or a {{thing}}"
    assert excerpts.excerpt(path, "LATE", blanks=BLANKS).startswith("Read this: Be brief. Text:\n")


def test_line_ends_are_those_that_python_reads(tmp_path: Path) -> None:
    (tmp_path / "dos.py").write_bytes(b'\xef\xbb\xbfA = """x\r\n\xc3\xa9"""\r\n')
    assert excerpts.excerpt(str(tmp_path / "dos.py"), "A") == "x\né"


MISTAKES: list[tuple[str, str | None, dict[str, str] | None, str]] = [
    ("PLAINN", None, None, "the constant 'PLAINN' is not defined; did you mean 'PLAIN'?"),
    ("INNER", None, None, "the constant 'INNER' is not defined"),
    ("BY_KIND", "mews", None, "BY_KIND: the key 'mews' is not defined; did you mean 'news'?"),
    ("BY_KIND", None, None, "is no text that can be read without running the file."),
    ("PLAIN", "news", None, "line 3: PLAIN is no dict, so it has no key 'news'."),
    ("CALLED", None, None, "'a'.upper()"),
    ("NUMBER", None, None, "'5' is no text"),
    ("TWICE", None, None, "TWICE is not assigned once and whole (line 16, 17)"),
    ("ALONE", None, None, "ALONE is not assigned once and whole"),
    ("GROWN", None, None, "GROWN is not assigned once and whole"),
    ("EMPTY", None, None, "EMPTY is not assigned once and whole"),
    ("ITSELF", None, None, "'ITSELF' is no text"),
    ("FORMATTED", None, None, "is no text"),
    ("PATH", None, BLANKS, "only names can stand in braces, found"),
    ("ROUNDED", None, BLANKS, "only names can stand in braces, found"),
    ("TEMPLATE", None, {"text": "", "one": ""}, "TEMPLATE has the placeholder {other}; say under"),
    ("TEMPLATE", None, BLANKS | {"onee": ""}, "the placeholder 'onee' is not defined; did you"),
]


@pytest.mark.parametrize(("name", "key", "blanks", "words"), MISTAKES)
def test_what_cannot_be_read_is_named(
    path: str, name: str, key: str | None, blanks: dict[str, str] | None, words: str
) -> None:
    with pytest.raises(UserError) as caught:
        excerpts.excerpt(path, name, key, blanks)
    assert words in str(caught.value)
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html>\n", b"A = '\x00'\n", b"A = (\n", b"A='\xff'"]
)
def test_a_file_that_is_not_python_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "page.py").write_bytes(content)
    with pytest.raises(UserError, match=r"page\.py, line \d: this is not Python; fetch the right"):
        excerpts.check(str(tmp_path / "page.py"))
    with pytest.raises(UserError, match=r"none\.py cannot be read"):
        excerpts.check(str(tmp_path / "none.py"))
