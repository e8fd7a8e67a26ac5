"""`pretending.py ARGUMENTS` is `snakemake ARGUMENTS`, but every job only touches its outputs.

All else is Snakemake's own: the rules as they are read, the graph, and the metadata of finished
jobs. So thousands of jobs are done in seconds, and a second run has nothing to do.
"""

import sys
from pathlib import Path

from snakemake import cli
from snakemake.scheduling.job_scheduler import JobScheduler


def pretend(scheduler: JobScheduler) -> bool:
    workflow = scheduler.workflow
    for jobs in workflow.dag.toposorted():
        for job in jobs:
            for path in map(Path, job.output):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            workflow.async_run(workflow.persistence.finished(job))
    return True


if __name__ == "__main__":
    JobScheduler.schedule = pretend
    cli.main(sys.argv[1:])
