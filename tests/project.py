"""The project in a temporary folder: how tests run Snakemake there and read its plans."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TINY = "tests/tiny.yaml"
NOTHING = "Nothing to be done"
_BLOCK = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """One job of a plan, named by its rule and wildcards: `finetune toy/sgtr/0`."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A copy of the project, in which Snakemake runs as a user would run it."""

    folder: Path

    @classmethod
    def fresh(cls, folder: Path) -> "Project":
        """What git would commit: nothing that was computed."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in listed.stdout.split("\0"):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        return cls(folder)

    def copy(self, folder: Path) -> "Project":
        """All of it, with what was computed; times are kept."""
        return Project(shutil.copytree(self.folder, folder))

    # --- running

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Snakemake under way; if it still is when the block ends, it is killed with its jobs."""
        command = [sys.executable, "-m", "snakemake", *arguments]
        with (self.folder / "console.txt").open("w") as console:
            process = subprocess.Popen(command, cwd=self.folder, stdout=console, stderr=console)
        try:
            yield process
        finally:
            if process.poll() is None:
                self.kill()
            process.wait()

    def snakemake(self, *arguments: str, fails: bool = False) -> str:
        """Runs to the end; what the console showed. The exit status must be as expected."""
        with self.start(*arguments) as process:
            status = process.wait(timeout=600)
        console = self.text("console.txt")
        assert (status != 0) == fails, f"exit status {status}\n{console[-6000:]}"
        return console

    def run(self, *targets: str, configs: Iterable[str] = (TINY,), fails: bool = False) -> str:
        return self.snakemake(*targets, "--cores", "2", "--configfile", *configs, fails=fails)

    def resume(self, *targets: str, configs: Iterable[str] = (TINY,)) -> None:
        """What `make resume` does."""
        self.snakemake("--unlock", "--configfile", *configs)
        self.run(*targets, configs=configs)

    def plan(
        self, *targets: str, configs: Iterable[str] = (TINY,), forced: bool = False
    ) -> list[Job]:
        """The jobs of a dry run."""
        overlay = ["--configfile", *configs] if configs else []
        console = self.snakemake("-n", *targets, *overlay, *(["--forceall"] if forced else []))
        assert NOTHING in console or "Job stats:" in console
        found = [_job(rule, block) for rule, block in _BLOCK.findall(console)]
        return [job for job in found if job.name != "all"]

    def planned(self, *configs: str) -> list[str]:
        """The sorted names of the jobs that would run."""
        return sorted(job.name for job in self.plan(configs=[TINY, *configs]))

    # --- files

    def text(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def overlay(self, name: str, config: dict[str, Any]) -> str:
        """Writes a config overlay; its name, for `configs`."""
        (self.folder / name).write_text(yaml.safe_dump(config), encoding="utf-8")
        return name

    def hashes(self, *parts: str) -> dict[str, str]:
        """The files below these folders or at these paths, with their hashes."""
        paths = [path for part in parts for path in _files(self.folder / part)]
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(paths)
        }

    # --- processes

    def processes(self, text: str = "") -> list[int]:
        """Running processes that work in this folder and hold the text in their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                here = entry.name.isdecimal() and (entry / "cwd").readlink() == self.folder
            except OSError:
                continue
            if here and text in command:
                found.append(int(entry.name))
        return found

    def kill(self, text: str = "") -> None:
        """`kill -9` for such processes, orphans too; returns when they are gone."""
        while left := self.processes(text):
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.01)


def without_seconds(project: Project, *parts: str) -> dict[str, str]:
    """`Project.hashes`, but of training records the text without their column `seconds`."""
    hashes = project.hashes(*parts)
    for path in hashes:
        if path.endswith("/training.csv"):
            lines = project.text(path).splitlines()
            assert lines[0].endswith(",seconds")
            hashes[path] = "\n".join(line.rpartition(",")[0] for line in lines)
    return hashes


def _files(path: Path) -> Iterator[Path]:
    return (p for p in [path, *path.rglob("*")] if p.is_file())


def _job(rule: str, block: str) -> Job:
    fields = dict(line.strip().partition(": ")[::2] for line in block.splitlines())
    wildcards = [pair.partition("=")[2] for pair in _list(fields.get("wildcards"))]
    name = " ".join([rule, *(["/".join(wildcards)] if wildcards else [])])
    return Job(name, tuple(_list(fields.get("input"))), tuple(_list(fields.get("output"))))


def _list(field: str | None) -> list[str]:
    return field.split(", ") if field else []
