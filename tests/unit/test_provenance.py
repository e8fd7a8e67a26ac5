"""The hash of the code behind a job: real edits change it, cosmetic ones do not."""

from pathlib import Path

import pytest

from mirrortest import provenance, remembered

SCRIPT = (
    '"""Docs."""\nfrom mirrortest import near\n\n\ndef job(a: int) -> int:\n    return near.f(a)\n'
)
NEAR = "from mirrortest.far import g\n\n\ndef f(a: int) -> int:\n    return g(a) + 1\n"
FAR = "def g(a: int) -> int:\n    return 2 * a\n"


@pytest.fixture(autouse=True)
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scripts folder with a chain of two imports and a module that nothing imports."""
    library = tmp_path / "mirrortest"
    library.mkdir()
    (tmp_path / "job.py").write_text(SCRIPT, encoding="utf-8")
    files = {"__init__": "", "near": NEAR, "far": FAR, "unused": FAR}
    for name, text in files.items():
        (library / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(provenance, "SCRIPTS", tmp_path)
    monkeypatch.setattr(remembered, "FOLDER", tmp_path / "state")
    return tmp_path


def _code() -> str:
    for cached in (provenance.code_of, provenance._module, provenance._files_of):
        cached.cache_clear()
    return provenance.code_of("job.py")


def _changes(file: Path, text: str) -> bool:
    before = _code()
    file.write_text(text, encoding="utf-8")
    return _code() != before


COSMETIC = [
    SCRIPT.replace("return", "# a comment\n    return"),
    SCRIPT.replace('"""Docs."""', '"""Other words."""'),
    SCRIPT.replace('"""Docs."""\n', ""),
    SCRIPT.replace("near.f(a)", "(\n        near.f( a )\n    )"),
    SCRIPT.replace("    return", '    """What it does."""\n    return'),
]


@pytest.mark.parametrize("text", COSMETIC)
def test_comments_docstrings_and_formatting_do_not_count(scripts: Path, text: str) -> None:
    assert text != SCRIPT
    assert not _changes(scripts / "job.py", text)


REAL = [("near.f(a)", "near.f(-a)"), ("def job(a", "def jobs(a"), (": int)", ": float)")]


@pytest.mark.parametrize(("old", "new"), REAL)
def test_real_edits_count(scripts: Path, old: str, new: str) -> None:
    assert _changes(scripts / "job.py", SCRIPT.replace(old, new))


def test_a_module_two_imports_deep_counts(scripts: Path) -> None:
    assert _changes(scripts / "mirrortest/far.py", FAR.replace("2", "3"))


def test_a_comment_two_imports_deep_does_not(scripts: Path) -> None:
    assert not _changes(scripts / "mirrortest/far.py", FAR + "# more\n")


def test_the_packages_own_file_counts(scripts: Path) -> None:
    assert _changes(scripts / "mirrortest/__init__.py", "LEVEL = 1\n")


def test_a_module_that_is_not_imported_does_not_count(scripts: Path) -> None:
    assert not _changes(scripts / "mirrortest/unused.py", "x = 1\n")


def test_an_import_inside_a_function_counts(scripts: Path) -> None:
    text = SCRIPT.replace("    return", "    import mirrortest.unused\n    return")
    (scripts / "job.py").write_text(text, encoding="utf-8")
    assert _changes(scripts / "mirrortest/unused.py", "x = 1\n")


def test_moved_code_counts(scripts: Path) -> None:
    before = _code()
    (scripts / "mirrortest/far.py").rename(scripts / "mirrortest/deep.py")
    (scripts / "mirrortest/near.py").write_text(NEAR.replace("far", "deep"), encoding="utf-8")
    assert _code() != before


def test_relative_imports_are_refused(scripts: Path) -> None:
    (scripts / "mirrortest/near.py").write_text("from . import far\n", encoding="utf-8")
    with pytest.raises(ImportError, match=r"near\.py, line 1: relative imports"):
        _code()
