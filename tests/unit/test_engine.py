"""Which engine is opened, and what is said where it cannot be; what all engines share."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mirrortest import chats
from mirrortest.engine import Sampling, Serving, open_engine, seed_of
from mirrortest.engines import packages, tokens
from mirrortest.engines.local import LocalEngine
from mirrortest.engines.tokens import Tokens
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

CHATS = [chats.user(text) for text in ("one a", "two", "one b", "two")]


def test_transformers_is_the_default(tiny_arm: Manifest) -> None:
    assert isinstance(open_engine(tiny_arm), LocalEngine)


@pytest.mark.parametrize(("kind", "package"), [("vllm", "vllm"), ("server", "openai")])
def test_a_missing_package_gives_a_sentence(
    tiny_arm: Manifest, kind: Any, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=f"`{kind}` needs the package {package}, which is not ins"):
        open_engine(tiny_arm, Serving(kind, url="http://127.0.0.1:1"))


def test_a_folder_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mirrortest_cloned").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert importlib.util.find_spec("mirrortest_cloned")
    assert not packages.installed("mirrortest_cloned")
    assert packages.installed("json")


@pytest.mark.skipif(not packages.installed("openai"), reason="openai is not installed")
def test_a_server_needs_its_url(tiny_arm: Manifest) -> None:
    with pytest.raises(UserError, match="needs the url of the server"):
        open_engine(tiny_arm, Serving("server"))


def test_the_seed_is_of_what_is_asked_and_how() -> None:
    seed = seed_of(CHATS, [Sampling(4, 1.0)])
    assert seed == seed_of(list(CHATS), [Sampling(4, 1.0)])
    assert (
        len({seed, seed_of(CHATS[:1], [Sampling(4, 1.0)]), seed_of(CHATS, [Sampling(4, 0.5)])}) == 3
    )
    assert 0 <= seed < 2**63


def test_questions_that_begin_alike_follow_each_other(
    tiny_arm: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Tokens(tiny_arm).plan(CHATS) in ([[0, 2, 1, 3]], [[1, 3, 0, 2]])
    monkeypatch.setattr(tokens, "ASKED_TOGETHER", 3)
    assert [len(batch) for batch in Tokens(tiny_arm).plan(CHATS)] == [3, 1]
    assert Tokens(tiny_arm).plan([]) == []


def test_the_end_tokens_are_known_without_a_generation_config(
    tiny_arm: Manifest, tiny_folder: Path, tmp_path: Path
) -> None:
    for file in tiny_folder.iterdir():
        if file.name != "generation_config.json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    bare = replace(tiny_arm, base=replace(tiny_arm.base, path=str(tmp_path)))
    assert Tokens(bare).ends == Tokens(tiny_arm).ends == [2]
