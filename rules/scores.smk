"""From raw rows to numbers with intervals.

Reads the rows of every arm of the experiment and the published ones; writes `items.parquet` (counts
per item, the one thing that all tables are made from), `scores.csv` (per seed), `summary.csv` (pooled
over seeds), `contrasts.csv`, `decomposition.csv` (what differences are made of) and `flags.csv`.
"""


rule count_items:
    input:
        experiment.rows(),
        **experiment.items_inputs(),
    output:
        f"results/{settings.experiment}/items.parquet",
    log:
        f"logs/{settings.experiment}/count_items.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.items_spec(),
        code=code_of("count_items.py"),
    script:
        "../workflow_scripts/count_items.py"


rule scores:
    input:
        table=rules.count_items.output[0],
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
        code=code_of("scores.py"),
    script:
        "../workflow_scripts/scores.py"


rule summary:
    input:
        table=rules.count_items.output[0],
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
        spec=lambda w: experiment.summary_spec(),
        code=code_of("summary.py"),
    script:
        "../workflow_scripts/summary.py"


rule contrasts:
    input:
        table=rules.count_items.output[0],
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


rule decomposition:
    input:
        table=rules.count_items.output[0],
    output:
        report(
            f"results/{settings.experiment}/decomposition.csv",
            caption="../resources/captions/decomposition.rst",
            category="Tables",
            labels={"table": "What contrasts are made of"},
        ),
    log:
        f"logs/{settings.experiment}/decomposition.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.decomposition_spec(),
        code=code_of("decomposition.py"),
    script:
        "../workflow_scripts/decomposition.py"


rule flags:
    input:
        summary=rules.summary.output[0],
        contrasts=rules.contrasts.output[0],
    output:
        report(
            f"results/{settings.experiment}/flags.csv",
            caption="../resources/captions/flags.rst",
            category="Tables",
            labels={"table": "Flags"},
        ),
    log:
        f"logs/{settings.experiment}/flags.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.flags_spec(),
        code=code_of("flags.py"),
    script:
        "../workflow_scripts/flags.py"
