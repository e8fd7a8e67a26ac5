"""Rebuilds the tiny model of the demo and its data, which ship in resources/toy.

Never part of the default graph: ask for `toy_world` or `toy_model` by name and copy what they wrote.
Reads resources/prompts/default.yaml.
Writes results/toy_world/ (the data files) and results/toy_model/ (tokenizer and weights).
"""


rule toy_world:
    output:
        data=directory("results/toy_world"),
    log:
        "logs/toy_world.log",
    conda:
        "../envs/torch.yaml"
    threads: 1
    params:
        seed=0,
        code=code_of("toy_world.py"),
    script:
        "../workflow_scripts/toy_world.py"


rule toy_model:
    input:
        prompts="resources/prompts/default.yaml",
    output:
        model=directory("results/toy_model"),
    log:
        "logs/toy_model.log",
    conda:
        "../envs/torch.yaml"
    threads: 1
    params:
        seed=0,
        steps=1700,
        code=code_of("toy_model.py"),
    script:
        "../workflow_scripts/toy_model.py"
