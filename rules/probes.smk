"""Linear probes: what of an arm's harm and self-assessment can be read off its residual stream.

Reads the rows of the two evaluations of the config key `probes` and the leading judge's verdicts; writes the
activations of every local arm, and `probes.csv`, `transfer.csv` and `directions.csv` of all of them.
"""


rule activations:
    input:
        unpack(lambda w: experiment.activations_inputs(arm_of(w))),
        wording=lambda w: wording_files(experiment.activations_spec(arm_of(w))),
    output:
        vectors="results/activations/{model}/{chain}/{seed}.npz",
        index="results/activations/{model}/{chain}/{seed}.jsonl",
    log:
        "logs/activations/{model}/{chain}/{seed}.log",
    benchmark:
        "logs/activations/{model}/{chain}/{seed}.benchmark.tsv"
    conda:
        lambda w: experiment.environment(w.model)
    resources:
        gpu=lambda w: needs.activations(w.model).gpu,
        mem_mb=lambda w, attempt: attempt * needs.activations(w.model).mem_mb,
        runtime=lambda w, attempt: attempt * needs.activations(w.model).runtime,
    params:
        spec=lambda w: experiment.activations_spec(arm_of(w)),
        serving=lambda w: experiment.serving_spec(w.model),
        journal="state/journal/evaluate/{model}/{chain}/{seed}",
        code=code_of("activations.py", *experiment.activations_modules()),
    script:
        "../workflow_scripts/activations.py"


rule probes:
    input:
        **experiment.probes_inputs(),
    output:
        probes=report(
            f"results/{settings.experiment}/probes.csv",
            caption="../resources/captions/probed.rst",
            category="Tables",
            labels={"table": "Probes"},
        ),
        transfer=report(
            f"results/{settings.experiment}/transfer.csv",
            caption="../resources/captions/transfer.rst",
            category="Tables",
            labels={"table": "Probes on other arms"},
        ),
        directions=report(
            f"results/{settings.experiment}/directions.csv",
            caption="../resources/captions/directions.rst",
            category="Tables",
            labels={"table": "Directions of probes"},
        ),
    log:
        f"logs/{settings.experiment}/probes.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.probes_spec(),
        code=code_of("probes.py"),
    script:
        "../workflow_scripts/probes.py"
