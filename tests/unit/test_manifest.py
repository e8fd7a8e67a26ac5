"""`model.json`."""

from dataclasses import replace
from pathlib import Path

import pytest

from mirrortest import manifest
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights, Manifest, StageRecord

RECORD = StageRecord("sgtr", "d.jsonl", "ab", 5, 1, 90, 9, 3, {"rank": 4})
ARM = Manifest(
    model="tiny",
    chain="sgtr",
    seed=1,
    provider="local",
    outcome="succeeded",
    base=BaseWeights("model", None, None, "cd"),
    dtype="float32",
    max_length=256,
    template_sha256="ef",
    adapter="folder",
    adapter_sha256="01",
    stages=[RECORD],
    versions={"torch": "1.0"},
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    ARM.write(tmp_path / "new/model.json")
    assert manifest.read(tmp_path / "new/model.json") == ARM


def test_where_the_files_lie_is_no_part_of_the_fingerprint() -> None:
    moved = replace(ARM, adapter="elsewhere", base=replace(ARM.base, path="there"))
    assert moved.fingerprint == ARM.fingerprint


def test_versions_are_no_part_of_the_fingerprint() -> None:
    assert replace(ARM, versions={"torch": "9"}).fingerprint == ARM.fingerprint


CHANGES = [
    {"adapter_sha256": "02"},
    {"template_sha256": "00"},
    {"dtype": "bfloat16"},
    {"base": BaseWeights("model", None, None, "00")},
    {"base": BaseWeights(None, "a/b", "1", None)},
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_answers_depend_on_is_in_the_fingerprint(change: dict[str, str]) -> None:
    assert replace(ARM, **change).fingerprint != ARM.fingerprint


@pytest.mark.parametrize("change", [{"hub": "a/c"}, {"revision": "2"}])
def test_bases_of_the_hub_differ_in_their_name_and_revision(change: dict[str, str]) -> None:
    base = BaseWeights(None, "a/b", "1", None)
    other = replace(base, **change)
    assert replace(ARM, base=base).fingerprint != replace(ARM, base=other).fingerprint


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"base": {}}', '{"base": 1, "stages": []}'])
def test_what_is_no_manifest_gives_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"is not a model\.json .*; delete it"):
        manifest.read(path)


def test_a_missing_manifest_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.json is not a model\.json"):
        manifest.read(tmp_path / "no.json")
