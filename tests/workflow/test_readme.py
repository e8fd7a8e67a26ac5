"""What the README shows is what the project is."""

import re
import subprocess
import sys

import contract
from project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_contract_is_the_tested_one() -> None:
    assert "\n".join(contract.table()) in README, "run: python tests/workflow/contract.py"


def test_the_rulegraph_is_the_present_one() -> None:
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js"]
    drawn = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", drawn))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", drawn)}
    shown = set(re.findall(r"^    (\w+) --> (\w+)$", README, flags=re.MULTILINE))
    assert shown == {(a, b) for a, b in edges if b != "all"}


def test_the_tree_names_every_library_module() -> None:
    tree = README[README.index("## The tree") : README.index("## Change it")]
    modules = sorted((ROOT / "workflow_scripts/mirrortest").glob("[a-z]*.py"))
    assert len(modules) > 20
    assert [path.name for path in modules if path.name not in tree] == []


def test_the_tree_names_every_folder_and_page() -> None:
    tree = README[README.index("## The tree") : README.index("## Change it")]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    folders = {name.split("/")[0] for name in tracked.stdout.split() if "/" in name}
    visible = sorted(name for name in folders if not name.startswith("."))
    assert len(visible) > 8
    assert [name for name in visible if f"{name}/" not in tree] == []
    pages = [path.stem for path in (ROOT / "docs").glob("*.md")]
    assert [page for page in pages if page not in tree] == []


def test_every_path_that_is_linked_exists() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(linked) >= 4
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_no_two_test_modules_have_one_name() -> None:
    """pytest cannot collect them together, and each folder alone would not show it."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
