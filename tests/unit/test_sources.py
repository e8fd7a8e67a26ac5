"""External files and folders: their digests."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from mirrortest import sources
from mirrortest.errors import UserError

CONTENT = b'{"id": "1"}\n' * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    assert sources.digest(tmp_path / "a") == SHA256


def _folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return path


def test_the_digest_of_a_folder_is_that_of_its_files_wherever_it_lies(tmp_path: Path) -> None:
    one = _folder(tmp_path / "one", a="1", b__c="2")
    two = _folder(tmp_path / "two", b__c="2", a="1")
    assert sources.digest(one) == sources.digest(two)


@pytest.mark.parametrize("files", [{"a": "1"}, {"a": "1", "b__c": "3"}, {"a": "1", "b__d": "2"}])
def test_another_file_name_or_content_is_another_digest(
    tmp_path: Path, files: dict[str, str]
) -> None:
    one = _folder(tmp_path / "one", a="1", b__c="2")
    assert sources.digest(_folder(tmp_path / "two", **files)) != sources.digest(one)


@pytest.mark.parametrize("name", ["typo", "empty"])
def test_what_holds_no_file_has_no_digest(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty" / "within").mkdir(parents=True)
    with pytest.raises(UserError, match=f"{name} is no file, and no folder that holds one"):
        sources.digest(tmp_path / name)


def test_the_command_ends_with_the_sentence(root: Path, tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "mirrortest.sources", str(tmp_path / "typo")],
        cwd=root / "workflow_scripts",
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.endswith("typo is no file, and no folder that holds one; mend the path.\n")
    assert found.stderr.count("\n") == 1


def test_verifying_accepts_what_is_as_stated(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    sources.verify(tmp_path / "a", SHA256, "news")
    sources.verify(tmp_path / "a", None, "news")


def test_verifying_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"news: .*/b does not exist; mend its path"):
        sources.verify(tmp_path / "b", None, "news")
