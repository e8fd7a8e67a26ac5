"""The code behind a job as one hash, so that a real edit reruns it and a comment does not.

Snakemake watches a script's modification time and ignores what it imports. `code_of` follows the
imports inside `workflow_scripts/` and hashes syntax trees without docstrings. Trees of untouched
files are remembered: each process of a run asks for all of them.
"""

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mirrortest import remembered

SCRIPTS = Path(__file__).resolve().parent.parent
HASHER = hashlib.sha256(f"{sys.version} {Path(__file__).read_text(encoding='utf-8')}".encode())
"""On what the hash of a tree depends beside its file: Python decides how trees are written."""


class Module(NamedTuple):
    """A file's syntax tree as a hash, and the names that it imports."""

    tree: str
    imports: list[str]


@cache
def code_of(script: str, *modules: str) -> str:
    """A hash of the script's syntax tree and of all library modules that it reaches.

    modules: what it imports by a name that it learns when it runs.
    """
    files = set(_reached(SCRIPTS / script, set()))
    for module in modules:
        for file in _files_of(module):
            files |= _reached(file, set())
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(SCRIPTS)}\n{_module(file).tree}\n".encode())
    return digest.hexdigest()[:16]


def _reached(file: Path, seen: set[Path]) -> set[Path]:
    if file not in seen:
        seen.add(file)
        for module in _module(file).imports:
            for found in _files_of(module):
                _reached(found, seen)
    return seen


@cache
def _module(file: Path) -> Module:
    return Module(*remembered.of(file, HASHER.hexdigest(), _read))


def _read(file: Path) -> Module:
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    imports = _imports(tree, file)
    text = ast.dump(_WithoutDocstrings().visit(tree))
    return Module(hashlib.sha256(text.encode()).hexdigest(), imports)


class _WithoutDocstrings(ast.NodeTransformer):
    """Drops strings that stand alone as statements: they are comments to the interpreter."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node


def _imports(tree: ast.Module, file: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ImportError(
                    f"{file}, line {node.lineno}: relative imports cannot be followed"
                )
            module = node.module or ""
            names += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return names


@cache
def _files_of(module: str) -> list[Path]:
    """The module's file and its packages' `__init__` files, if they lie in this folder."""
    parts = module.split(".")
    packages = [SCRIPTS.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)]
    candidates = [*packages, SCRIPTS.joinpath(*parts).with_suffix(".py")]
    return [file for file in candidates if file.is_file()]
