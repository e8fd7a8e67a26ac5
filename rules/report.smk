"""The report: one self-contained page.

Reads every table and figure of the experiment; writes `results/<experiment>/report.html`.
"""


rule report:
    input:
        scores=rules.scores.output[0],
        summary=rules.summary.output[0],
        contrasts=rules.contrasts.output[0],
        figures=expand(f"{FIGURES}/{{name}}.svg", name=experiment.figures()),
        models=[paths.model_json(arm) for arm in experiment.arms()],
        training=experiment.trained(),
        corpora=expand("results/corpus/{name}.counts.json", name=experiment.corpora()),
        template="resources/report.html.j2",
        captions=expand("resources/captions/{name}.rst", name=experiment.figures()),
    output:
        f"results/{settings.experiment}/report.html",
    log:
        f"logs/{settings.experiment}/report.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.report_spec(),
        code=code_of("report.py"),
    script:
        "../workflow_scripts/report.py"
