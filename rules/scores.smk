"""From raw rows to numbers with intervals.

Reads the rows of every arm of the experiment; writes `scores.csv` (per seed), `summary.csv`
(pooled over seeds) and `contrasts.csv`.
"""


rule scores:
    input:
        experiment.rows(),
    output:
        report(
            f"results/{settings.experiment}/scores.csv",
            caption="../resources/captions/scores.rst",
            category="Tables",
            labels={"table": "Scores by seed"},
        ),
    log:
        f"logs/{settings.experiment}/scores.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.scores_spec(),
        code=code_of("scores.py"),
    script:
        "../workflow_scripts/scores.py"


rule summary:
    input:
        experiment.rows(),
    output:
        report(
            f"results/{settings.experiment}/summary.csv",
            caption="../resources/captions/summary.rst",
            category="Tables",
            labels={"table": "Scores by arm"},
        ),
    log:
        f"logs/{settings.experiment}/summary.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.scores_spec(),
        code=code_of("summary.py"),
    script:
        "../workflow_scripts/summary.py"


rule contrasts:
    input:
        experiment.rows(),
    output:
        report(
            f"results/{settings.experiment}/contrasts.csv",
            caption="../resources/captions/contrasts.rst",
            category="Tables",
            labels={"table": "Contrasts"},
        ),
    log:
        f"logs/{settings.experiment}/contrasts.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.contrasts_spec(),
        code=code_of("contrasts.py"),
    script:
        "../workflow_scripts/contrasts.py"
