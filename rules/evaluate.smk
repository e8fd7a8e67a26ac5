"""From an arm to raw rows, and from those to verdicts: all evaluations of one arm and seed are one job.

Reads `model.json`, summaries, question sets and prompts worded by others; writes one jsonl per evaluation, unjudged,
and the first rows of each beside what was asked. Evaluations that ask about such rows come second. Judges read the
rows of free-form answers and write a file each. Of a hosted arm every call is kept, too.
"""


rule evaluate:
    input:
        lambda w: experiment.evaluate_inputs(arm_of(w)),
        arm=lambda w: experiment.model_json(arm_of(w)),
        wording=lambda w: wording_files(experiment.evaluate_spec(arm_of(w))),
    output:
        rows=expand(
            "results/evaluate/{{model}}/{{chain}}/{{seed}}/{evaluation}.jsonl",
            evaluation=experiment.first_asked(),
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
        code=code_of("evaluate.py", *experiment.evaluate_modules()),
    script:
        "../workflow_scripts/evaluate.py"


rule reflect:
    input:
        lambda w: experiment.reflect_inputs(arm_of(w)),
        arm=lambda w: experiment.model_json(arm_of(w)),
        wording=lambda w: wording_files(experiment.reflect_spec(arm_of(w))),
    output:
        rows=expand(
            "results/reflect/{{model}}/{{chain}}/{{seed}}/{evaluation}.jsonl",
            evaluation=experiment.then_asked(),
        ),
        examples="results/reflect/{model}/{chain}/{seed}/examples.jsonl",
    log:
        "logs/reflect/{model}/{chain}/{seed}.log",
    benchmark:
        "logs/reflect/{model}/{chain}/{seed}.benchmark.tsv"
    conda:
        lambda w: experiment.environment(w.model)
    resources:
        gpu=lambda w: needs.reflect(w.model).gpu,
        mem_mb=lambda w, attempt: attempt * needs.reflect(w.model).mem_mb,
        runtime=lambda w, attempt: attempt * needs.reflect(w.model).runtime,
        hosted_calls=lambda w: experiment.calls(w.model),
    params:
        spec=lambda w: experiment.reflect_spec(arm_of(w)),
        serving=lambda w: experiment.serving_spec(w.model),
        terms=lambda w: experiment.asking(w.model),
        journal="state/journal/reflect/{model}/{chain}/{seed}",
        took="state/throughput/reflect/{model}/{chain}/{seed}.json",
        code=code_of("reflect.py", *experiment.reflect_modules()),
    script:
        "../workflow_scripts/reflect.py"


rule judge:
    input:
        unpack(lambda w: experiment.judge_inputs(w.judge, arm_of(w))),
    output:
        "results/judge/{judge}/{model}/{chain}/{seed}.jsonl",
    log:
        "logs/judge/{judge}/{model}/{chain}/{seed}.log",
    benchmark:
        "logs/judge/{judge}/{model}/{chain}/{seed}.benchmark.tsv"
    conda:
        lambda w: experiment.judge_environment(w.judge)
    resources:
        gpu=lambda w: needs.judge(w.judge).gpu,
        mem_mb=lambda w, attempt: attempt * needs.judge(w.judge).mem_mb,
        runtime=lambda w, attempt: attempt * needs.judge(w.judge).runtime,
        hosted_calls=lambda w: experiment.judge_calls(w.judge),
    params:
        spec=lambda w: experiment.judge_spec(w.judge, arm_of(w)),
        serving=lambda w: experiment.judge_serving(w.judge),
        terms=lambda w: experiment.judge_asking(w.judge),
        journal="state/journal/judge/{judge}/{model}/{chain}/{seed}.jsonl",
        took="state/throughput/judge/{judge}/{model}/{chain}/{seed}.json",
        code=code_of("judge.py"),
    script:
        "../workflow_scripts/judge.py"


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
