"""Fetches folders of one commit of a git repository; the commit is the hash of their content."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from mirrortest import joblog
from mirrortest.errors import UserError

UNKNOWN = ("not our ref", "couldn't find remote ref", "unadvertised object", "bad object")


def fetch(repository: str, commit: str, folders: list[str], out: str) -> None:
    """Puts the folders of the commit into `out`, which appears only when they are whole.

    Raises UserError where git is missing, or the repository, commit or a folder is not there.
    """
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise UserError(f"published: commit {commit!r} is not a full hash; state all 40 digits.")
    target = Path(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as name:
        tree = Path(name, "tree")
        tree.mkdir()
        _checkout(repository, commit, folders, tree)
        for folder in folders:
            if not Path(tree, folder).is_dir():
                raise UserError(
                    f"published: {repository} at {commit} has no folder {folder!r}; mend `folders`."
                )
        shutil.rmtree(tree / ".git")
        if target.is_dir():
            shutil.rmtree(target)
        tree.replace(target)


def _checkout(repository: str, commit: str, folders: list[str], tree: Path) -> None:
    where = f"published: {repository} at {commit}"
    _git(tree, where, "init", "--quiet")
    _git(tree, where, "remote", "add", "origin", repository)
    _git(tree, where, "sparse-checkout", "set", "--no-cone", *(f"/{f}/" for f in folders))
    _git(tree, where, "fetch", "--quiet", "--depth", "1", "--filter=blob:none", "origin", commit)
    _git(tree, where, "-c", "advice.detachedHead=false", "checkout", "--quiet", commit)


def _git(tree: Path, where: str, *arguments: str) -> None:
    """Runs git, never asking for a password. Raises UserError with what git says."""
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=tree, env=environment, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise UserError("published: git is not installed; install it, or name a folder.") from None
    if done.returncode == 0:
        return
    if any(words in done.stderr for words in UNKNOWN):
        raise UserError(f"{where}: the repository has no such commit; mend `commit`.")
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    said = lines[-1] if lines else f"exit status {done.returncode}"
    raise UserError(f"{where} could not be fetched ({said}); check the address and connection.")


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        fetch(**json.loads(snakemake.params.spec), out=snakemake.output[0])
