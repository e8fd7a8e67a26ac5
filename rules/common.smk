"""The configuration as one checked object, and the constraints on wildcards. No rules.

Reads `config` and `resources/prompts/`; gives `experiment`, `needs`, `arm_of`, `paths`, `wording_files`
and `code_of`.
"""

import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "workflow_scripts")))
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from mirrortest import chains, checks, layers, outlook, paths, prompts, targets
from mirrortest import config as configuration
from mirrortest.errors import UserError
from mirrortest.experiment import Experiment
from mirrortest.needs import Needs
from mirrortest.provenance import code_of
from mirrortest.wording import files as wording_files

try:
    for file in workflow.configfiles if workflow.is_main_process else ():
        layers.refuse_repeats(Path(file))
    given = [load_configfile(file) for file in workflow.config_settings.configfiles]
    said = layers.typed(workflow.config_settings.config)
    settings = configuration.parse(layers.combine(config, [*given, said]))
    wording = prompts.load(settings.wording)
    settings = wording.with_sources(settings)
    experiment = Experiment(settings, wording)
    checks.check(experiment, files=workflow.is_main_process)
except UserError as error:
    raise WorkflowError(str(error)) from None

needs = Needs(experiment)
outlook.announce(workflow, needs)


def arm_of(wildcards):
    """The arm that a job's wildcards name."""
    return chains.arm(wildcards.model, wildcards.chain, int(wildcards.seed))


# Graphs are millions of small objects, hardly one of them garbage: looking for it takes a fifth of
# the time of a plan of thousands of jobs.
gc.set_threshold(200_000, 20, 50)


wildcard_constraints:
    **targets.named(settings),
    family=r"[^/]+",
    seed=r"\d+",
    text=r"[^/]+",
    wording=r"[^/]+",
