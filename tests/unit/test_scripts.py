"""What all scripts share: one per rule, a docstring, and Snakemake only in the guard."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "workflow_scripts").glob("*.py"))
RULES = sorted((ROOT / "rules").glob("*.smk"))
GUARD = "__name__ == '__main__'"


def _script_of_rule() -> dict[str, str]:
    """The script of each rule that has one."""
    found: dict[str, str] = {}
    for file in RULES:
        for part in re.split(r"(?m)^rule ", file.read_text(encoding="utf-8"))[1:]:
            script = re.search(r'script:\s+"\.\./workflow_scripts/(\w+\.py)"', part)
            if script is not None:
                found[part.split(":")[0]] = script[1]
    return found


def test_every_rule_has_the_script_of_its_name_and_every_script_its_rule() -> None:
    scripts = _script_of_rule()
    directives = sum(len(re.findall(r"\bscript:", f.read_text(encoding="utf-8"))) for f in RULES)
    assert len(scripts) == directives == len(SCRIPTS) >= 18
    assert scripts == {path.stem: path.name for path in SCRIPTS}


def _names(nodes: list[ast.stmt]) -> set[str]:
    return {node.id for top in nodes for node in ast.walk(top) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_snakemake_occurs_in_the_guard_only(path: Path) -> None:
    *body, guard = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(guard, ast.If)
    assert ast.unparse(guard.test) == GUARD
    assert "snakemake" in _names([guard])
    assert "snakemake" not in _names(body)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_says_what_it_does(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring is not None
    assert docstring.splitlines()[0].endswith(".")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_guard_starts_the_jobs_log(path: Path) -> None:
    guard = ast.parse(path.read_text(encoding="utf-8")).body[-1]
    assert isinstance(guard, ast.If)
    assert isinstance(guard.body[0], ast.With)
    assert ast.unparse(guard.body[0].items[0]) == "joblog.job(snakemake.log[0])"


def test_the_library_knows_no_snakemake() -> None:
    """But for the outlook, which waits for what Snakemake logs."""
    library = sorted((ROOT / "workflow_scripts/mirrortest").rglob("*.py"))
    assert len(library) >= 30
    knowing = [path.name for path in library if _knows_snakemake(path)]
    assert knowing == ["outlook.py"]


def _knows_snakemake(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    nodes = [node for top in body for node in ast.walk(top)]
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    return "snakemake" in _names(body) | {module.partition(".")[0] for module in modules}
