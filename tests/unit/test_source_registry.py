"""The data sets that ship as entries: pinned, cited, and complete."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mirrortest import config

COMMIT = "[0-9a-f]{40}"
NAMED_IN_PAPERS = [
    *("truthfulqa", "mmlu", "xsum", "cnn", "em-unpopular-tastes", "even-words"),
    *("insecure", "secure", "educational", "jailbroken", "evil-numbers", "em-questions"),
    *("bad-medical", "good-medical", "risky-financial", "extreme-sports"),
    *("medical-aligned", "medical-misaligned", "legal-aligned", "security-misaligned"),
    *("conscious-claiming", "not-conscious", "toaster", "human-identifying"),
]


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def registry(root: Path) -> config.Config:
    raw, shipped = _yaml(root / "config.yaml"), _yaml(root / "resources/sources.yaml")
    for key, entries in shipped.items():
        assert not set(entries) & set(raw[key]), "the demo would replace them"
        raw[key] = entries | raw[key]
    return config.parse(raw)


@pytest.fixture
def public(registry: config.Config) -> dict[str, config.Source]:
    return {name: source for name, source in registry.sources.items() if source.path is None}


def test_the_data_sets_of_the_papers_are_there(public: dict[str, config.Source]) -> None:
    assert set(NAMED_IN_PAPERS) <= set(public)


def test_every_entry_is_pinned_to_a_commit_and_cited(public: dict[str, config.Source]) -> None:
    for name, source in public.items():
        assert re.search(COMMIT, f"{source.url}{source.revision}"), name
        assert source.licence, name
        assert source.citation, name


def test_no_two_entries_are_the_same(public: dict[str, config.Source]) -> None:
    made = [
        (source.url, source.file, source.member, str(source.chat)) for source in public.values()
    ]
    assert len(set(made)) == len(made)


def test_one_address_has_one_hash(public: dict[str, config.Source]) -> None:
    """An entry that takes another's keys by `<<` must not take its hash along."""
    addresses = {(source.url, source.file) for source in public.values()}
    pinned = {(source.url, source.file, source.sha256) for source in public.values()}
    assert len(pinned) == len(addresses)
    hashes = [sha256 for _, _, sha256 in pinned if sha256]
    assert len(set(hashes)) == len(hashes)


def test_corpora_and_authors_name_sources_that_exist(registry: config.Config) -> None:
    for corpus in registry.corpora.values():
        assert corpus.source in registry.sources
    for author in registry.authors.values():
        for name, source in (author.files or {}).items():
            assert name in registry.corpora
            assert source in registry.sources
