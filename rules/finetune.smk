"""From a base model to one small adapter per arm and seed.

Reads the training rows of a stage and the arm below it, or an adapter that was trained elsewhere;
writes `model.json`, the adapter of the whole chain, and a record of the training. Of a hosted model
it writes `model.json` and the provider's events alone.
"""


rule base:
    output:
        "results/base/{model}/model.json",
    log:
        "logs/base/{model}.log",
    conda:
        "../envs/torch.yaml"
    params:
        spec=lambda w: experiment.base_spec(w.model),
        code=code_of("base.py"),
    script:
        "../workflow_scripts/base.py"


rule finetune:
    input:
        unpack(lambda w: experiment.finetune_inputs(arm_of(w))),
    output:
        model="results/finetune/{model}/{chain}/{seed}/model.json",
        adapter="results/finetune/{model}/{chain}/{seed}/adapter/adapter_model.safetensors",
        settings="results/finetune/{model}/{chain}/{seed}/adapter/adapter_config.json",
        training="results/finetune/{model}/{chain}/{seed}/training.csv",
    log:
        "logs/finetune/{model}/{chain}/{seed}.log",
    benchmark:
        "logs/finetune/{model}/{chain}/{seed}.benchmark.tsv"
    wildcard_constraints:
        **targets.trained(settings, "local"),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=lambda w: needs.finetune(w.model, w.chain).gpu,
        mem_mb=lambda w, attempt: attempt * needs.finetune(w.model, w.chain).mem_mb,
        runtime=lambda w, attempt: attempt * needs.finetune(w.model, w.chain).runtime,
    params:
        spec=lambda w: experiment.finetune_spec(arm_of(w)),
        state="state/checkpoints/{model}/{chain}/{seed}",
        took="state/throughput/finetune/{model}/{chain}/{seed}.json",
        code=code_of("finetune.py"),
    script:
        "../workflow_scripts/finetune.py"


rule finetune_hosted:
    input:
        unpack(lambda w: experiment.finetune_inputs(arm_of(w))),
    output:
        model="results/finetune_hosted/{model}/{chain}/{seed}/model.json",
        events="results/finetune_hosted/{model}/{chain}/{seed}/events.jsonl",
    log:
        "logs/finetune_hosted/{model}/{chain}/{seed}.log",
    wildcard_constraints:
        **targets.trained(settings, "hosted"),
    retries: 0
    conda:
        "../envs/hosted.yaml"
    resources:
        hosted_jobs=1,
    params:
        spec=lambda w: experiment.finetune_hosted_spec(arm_of(w)),
        terms=lambda w: experiment.terms(),
        state="state/hosted",
        code=code_of("finetune_hosted.py"),
    script:
        "../workflow_scripts/finetune_hosted.py"


rule preflight:
    input:
        experiment.preflight_inputs(),
        wording_files(experiment.preflight_spec()),
    log:
        f"logs/{settings.experiment}/preflight.log",
    conda:
        "../envs/hosted.yaml"
    params:
        spec=lambda w: experiment.preflight_spec(),
        terms=lambda w: experiment.terms(),
        state="state/hosted",
        code=code_of("preflight.py"),
    script:
        "../workflow_scripts/preflight.py"


rule adopt:
    input:
        unpack(lambda w: experiment.adopt_inputs(arm_of(w))),
    output:
        model="results/adopt/{model}/{chain}/{seed}/model.json",
        adapter="results/adopt/{model}/{chain}/{seed}/adapter/adapter_model.safetensors",
        settings="results/adopt/{model}/{chain}/{seed}/adapter/adapter_config.json",
    log:
        "logs/adopt/{model}/{chain}/{seed}.log",
    wildcard_constraints:
        **targets.adopted(settings),
    conda:
        "../envs/torch.yaml"
    params:
        spec=lambda w: experiment.adopt_spec(arm_of(w)),
        code=code_of("adopt.py"),
    script:
        "../workflow_scripts/adopt.py"
