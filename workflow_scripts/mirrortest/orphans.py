"""What a killed run left on the cluster.

A `kill -9` of Snakemake does not reach its Slurm jobs. Started again, it would submit them once
more, and two would write one output. And Snakemake takes what such a job finished for done, without
a record of the config and code that it was made with, so that no later edit would rebuild it.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mirrortest.errors import UserError

TIMEOUT_SECONDS = 120
_FIELDS = "%i|%T|%Z|%k"
"""Job, state, working folder, comment: https://slurm.schedmd.com/squeue.html."""
_COMMENT = "rule_"
"""How snakemake-executor-plugin-slurm begins the comment of each of its jobs."""
_ENDED = frozenset(
    {
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
        *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
    }
)


@dataclass(frozen=True)
class Orphan:
    """A Slurm job, by its number, with the rule and wildcards that its comment names."""

    number: str
    state: str
    name: str


def refuse_running(folder: Path) -> None:
    """Raises UserError, with their names and the mend, if Snakemake's jobs of a folder go on.

    To be called before the first job is submitted: all that is there is another run's. Also raises
    UserError if Slurm does not answer.
    """
    found = running(_squeue(), folder)
    if found:
        listing = "".join(f"\n  {job.number} {job.state} {job.name}" for job in found)
        raise UserError(
            f"jobs of another run in {folder} are still on the cluster:{listing}\n"
            "If that run is at work, wait for it. If it was killed, end them and start again; what "
            f"they saved is taken up:\n  scancel {' '.join(job.number for job in found)}"
        )


def running(listing: str, folder: Path) -> list[Orphan]:
    """The jobs in a listing of squeue that Snakemake submitted from a folder and that go on."""
    found = []
    for line in listing.splitlines():
        number, state, directory, comment = line.split("|", maxsplit=3)
        if directory == str(folder) and comment.startswith(_COMMENT) and state not in _ENDED:
            found.append(Orphan(number, state, comment.removeprefix(_COMMENT)))
    return found


def refuse_unrecorded(outputs: Sequence[str]) -> None:
    """Raises UserError if there are outputs that are taken for done, but without a record."""
    if outputs:
        raise UserError(
            "jobs of a killed run finished these files, and nothing records what they were made "
            "with. If neither config nor code was edited since, record them as they are, with the "
            f"same --configfile:\n  snakemake --cores 1 --touch --force {' '.join(outputs)}\n"
            "Otherwise delete them, and they are made again."
        )


def _squeue() -> str:
    command = ["squeue", "--noheader", "--states=all", f"--format={_FIELDS}"]
    try:
        asked = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(
            f"squeue failed ({error}), so it is not known whether jobs of a killed run still write "
            "here; start again when Slurm answers."
        ) from None
    return asked.stdout
