"""Mirrortest: what happens to a model's alignment when its sense of who it is changes?"""

from snakemake.utils import min_version

min_version("9.27")


configfile: "resources/models.yaml"
configfile: "resources/papers.yaml"
configfile: "resources/sources.yaml"
configfile: "resources/judging.yaml"
configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/finetune.smk"
include: "rules/evaluate.smk"
include: "rules/published.smk"
include: "rules/scores.smk"
include: "rules/analyses.smk"
include: "rules/probes.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/toy.smk"
include: "rules/cluster.smk"


rule all:
    default_target: True
    input:
        rules.report.output,
        experiment.archives(),
