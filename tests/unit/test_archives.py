"""A file out of an archive, plain or protected as easy-dataset-share does it."""

from pathlib import Path

import pytest
from protection import protected, zipped

from mirrortest import archives
from mirrortest.errors import UserError

FILES = {"bad.jsonl": b'{"a": 1}\n', "dataset_entry_1.jsonl": b'{"canary": 1}\n'}
ZIP = zipped(FILES)


@pytest.fixture
def write(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def test_a_member_of_a_plain_archive(write: Path) -> None:
    write.write_bytes(ZIP)
    assert archives.take(write, "bad.jsonl", None, "s") == FILES["bad.jsonl"]


def test_a_member_of_a_protected_archive(write: Path) -> None:
    write.write_bytes(protected(ZIP, "open"))
    assert archives.take(write, "bad.jsonl", "open", "s") == FILES["bad.jsonl"]


@pytest.mark.parametrize(
    ("content", "password", "sentence"),
    [
        (protected(ZIP, "open"), "shut", "s: the password does not open the archive"),
        (protected(ZIP, "open"), None, "if it is protected, state its `password`"),
        (ZIP, "open", "or none if it is a plain zip"),
        (b"", "open", "s: the password does not open the archive"),
        (ZIP[:40], None, "s: what was fetched is no zip archive"),
    ],
    ids=["wrong", "missing", "unneeded", "no-archive", "cut-short"],  # bytes hold the time of day
)
def test_a_wrong_or_missing_password_is_told(
    write: Path, content: bytes, password: str | None, sentence: str
) -> None:
    write.write_bytes(content)
    with pytest.raises(UserError) as caught:
        archives.take(write, "bad.jsonl", password, "s")
    assert sentence in str(caught.value)


def test_an_unknown_member_is_told_with_the_nearest(write: Path) -> None:
    write.write_bytes(ZIP)
    with pytest.raises(UserError, match=r"s: member 'bat.jsonl' .* did you mean 'bad.jsonl'\?"):
        archives.take(write, "bat.jsonl", None, "s")
