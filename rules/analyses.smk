"""Further tables, made where an experiment has the evaluations that they need.

Reads verdicts and the tables of scores; writes `agreement.csv` and `swaps.csv` (judges against each other),
`persona.csv` and `correlations.csv` (what arms say of themselves and what they do), `prediction.csv` (what they
know of the harm they do) and `stages.csv` (what every stage changed, item by item).
"""


rule agreement:
    input:
        experiment.verdicts(),
        contrasts=rules.contrasts.output[0],
    output:
        agreement=report(
            f"results/{settings.experiment}/agreement.csv",
            caption="../resources/captions/agreement.rst",
            category="Tables",
            labels={"table": "Agreement of judges"},
        ),
        swaps=report(
            f"results/{settings.experiment}/swaps.csv",
            caption="../resources/captions/swaps.rst",
            category="Tables",
            labels={"table": "Contrasts by another judge"},
        ),
    log:
        f"logs/{settings.experiment}/agreement.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.agreement_spec(),
        code=code_of("agreement.py"),
    script:
        "../workflow_scripts/agreement.py"


rule persona:
    input:
        summary=rules.summary.output[0],
        scores=rules.scores.output[0],
    output:
        personas=report(
            f"results/{settings.experiment}/persona.csv",
            caption="../resources/captions/personas.rst",
            category="Tables",
            labels={"table": "Personas"},
        ),
        correlations=report(
            f"results/{settings.experiment}/correlations.csv",
            caption="../resources/captions/correlations.rst",
            category="Tables",
            labels={"table": "Correlations over arms"},
        ),
    log:
        f"logs/{settings.experiment}/persona.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.summary_spec(),
        code=code_of("persona.py"),
    script:
        "../workflow_scripts/persona.py"


rule prediction:
    input:
        table=rules.count_items.output[0],
    output:
        report(
            f"results/{settings.experiment}/prediction.csv",
            caption="../resources/captions/prediction.rst",
            category="Tables",
            labels={"table": "Predicted harm"},
        ),
    log:
        f"logs/{settings.experiment}/prediction.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("prediction.py"),
    script:
        "../workflow_scripts/prediction.py"


rule stages:
    input:
        table=rules.count_items.output[0],
    output:
        report(
            f"results/{settings.experiment}/stages.csv",
            caption="../resources/captions/stages.rst",
            category="Tables",
            labels={"table": "What every stage changed"},
        ),
    log:
        f"logs/{settings.experiment}/stages.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("stages.py"),
    script:
        "../workflow_scripts/stages.py"
