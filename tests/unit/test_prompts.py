"""The wording of the protocols."""

import string
from pathlib import Path

import pytest

from mirrortest import prompts
from mirrortest.errors import UserError


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_default_wording_has_the_blanks_that_are_filled_in(root: Path) -> None:
    found = prompts.load("default", root / "resources/prompts")
    assert [_fields(text) for text in found["summarise"].values()] == [{"article"}, {"article"}]
    assert _fields(found["pair"]["frame"]) == {"article", "first", "second", "question"}
    assert _fields(found["pair"]["other"]) == {"author"}
    assert _fields(found["truthfulqa"]["question"]) == {"question", "a", "b"}


def test_an_unknown_wording_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    for name in ("short", "long"):
        (tmp_path / f"{name}.yaml").write_text("a: b\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"config key wording: .*; known wordings: long, short\."):
        prompts.load("shrt", tmp_path)
