"""From an arm to raw rows: all evaluations of one arm and seed are one job.

Reads `model.json`, summaries, question sets and prompts worded by others; writes one jsonl per evaluation, unjudged,
and the first rows of each beside what was asked. Of a hosted arm it also keeps every call.
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
        hosted_calls=lambda w: experiment.calls(w.model),
    params:
        spec=lambda w: experiment.evaluate_spec(arm_of(w)),
        serving=lambda w: experiment.serving_spec(w.model),
        terms=lambda w: experiment.asking(w.model),
        journal="state/journal/evaluate/{model}/{chain}/{seed}",
        took="state/throughput/evaluate/{model}/{chain}/{seed}.json",
        code=code_of("evaluate.py"),
    script:
        "../workflow_scripts/evaluate.py"


rule archive:
    input:
        lambda w: experiment.archive_inputs(arm_of(w)),
        model=lambda w: experiment.model_json(arm_of(w)),
    output:
        model="results/archive/{model}/{chain}/{seed}.json",
        calls="results/archive/{model}/{chain}/{seed}.jsonl.gz",
        sha256="results/archive/{model}/{chain}/{seed}.jsonl.gz.sha256",
        used="results/archive/{model}/{chain}/{seed}.used.json",
    log:
        "logs/archive/{model}/{chain}/{seed}.log",
    conda:
        "../envs/hosted.yaml"
    params:
        state="state/calls",
        code=code_of("archive.py"),
    script:
        "../workflow_scripts/archive.py"
