"""From an arm to raw rows: all evaluations of one arm and seed are one job.

Reads `model.json`, summaries, question sets and prompts worded by others; writes one jsonl per evaluation, unjudged,
and the first rows of each beside what was asked.
"""


rule evaluate:
    input:
        lambda w: experiment.evaluate_inputs(arm_of(w)),
        arm=lambda w: experiment.model_json(arm_of(w)),
        wording=lambda w: wording_files(experiment.evaluate_spec(arm_of(w))),
    output:
        rows=expand(
            "results/evaluate/{{model}}/{{chain}}/{{seed}}/{evaluation}.jsonl",
            evaluation=settings.evaluate,
        ),
        examples="results/evaluate/{model}/{chain}/{seed}/examples.jsonl",
    log:
        "logs/evaluate/{model}/{chain}/{seed}.log",
    benchmark:
        "logs/evaluate/{model}/{chain}/{seed}.benchmark.tsv"
    conda:
        lambda w: experiment.environment(w.model)
    resources:
        gpu=lambda w: needs.evaluate(w.model).gpu,
        mem_mb=lambda w, attempt: attempt * needs.evaluate(w.model).mem_mb,
        runtime=lambda w, attempt: attempt * needs.evaluate(w.model).runtime,
    params:
        spec=lambda w: experiment.evaluate_spec(arm_of(w)),
        serving=lambda w: experiment.serving_spec(w.model),
        journal="state/journal/evaluate/{model}/{chain}/{seed}",
        took="state/throughput/evaluate/{model}/{chain}/{seed}.json",
        code=code_of("evaluate.py"),
    script:
        "../workflow_scripts/evaluate.py"
