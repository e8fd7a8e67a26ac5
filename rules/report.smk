"""The report: one self-contained page.

Reads every table and figure of the experiment, what its models were trained on and asked, and what
its data are; writes `results/<experiment>/report.html`.
"""


rule report:
    input:
        summary=rules.summary.output[0],
        contrasts=rules.contrasts.output[0],
        decomposition=rules.decomposition.output[0],
        flags=rules.flags.output[0],
        analyses=expand(f"results/{settings.experiment}/{{name}}.csv", name=experiment.analyses()),
        figures=expand(f"{FIGURES}/{{name}}.svg", name=experiment.figures()),
        figure_tables=expand(f"{FIGURES}/{{name}}.csv", name=experiment.figures()),
        captions=experiment.captions(),
        examples=experiment.examples(),
        models=[experiment.model_json(arm) for arm in experiment.arms()],
        billed=experiment.billed(),
        used=experiment.used(),
        prices=experiment.prices(),
        training=experiment.trained(),
        corpora=expand("results/corpus/{name}.counts.json", name=experiment.corpora()),
        sources=[experiment.source(name) for name in experiment.sources()],
        template="resources/report.html.j2",
    output:
        f"results/{settings.experiment}/report.html",
    log:
        f"logs/{settings.experiment}/report.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.report_spec(),
        terms=lambda w: experiment.terms(),
        code=code_of("report.py"),
    script:
        "../workflow_scripts/report.py"
