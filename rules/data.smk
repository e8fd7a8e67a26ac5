"""From external files to the rows that models are trained on.

Reads the sources of the config; writes corpora, prompts worded by others, summaries by foreign authors
and by our own arms, and the training rows of every stage.
"""


rule fetch:
    output:
        "results/fetch/{source}",
    log:
        "logs/fetch/{source}.log",
    conda:
        "../envs/fetch.yaml"
    params:
        spec=lambda w: experiment.fetch_spec(w.source),
        code=code_of("fetch.py"),
    script:
        "../workflow_scripts/fetch.py"


rule corpus:
    input:
        source=lambda w: experiment.source(settings.corpora[w.corpus].source),
    output:
        articles="results/corpus/{corpus}.jsonl",
        counts="results/corpus/{corpus}.counts.json",
    log:
        "logs/corpus/{corpus}.log",
    conda:
        "../envs/torch.yaml"
    params:
        spec=lambda w: experiment.corpus_spec(w.corpus),
        code=code_of("corpus.py"),
    script:
        "../workflow_scripts/corpus.py"


rule author_summaries:
    input:
        source=lambda w: experiment.author_source(w.corpus, w.author),
        corpus=rules.corpus.output.articles,
    output:
        "results/author_summaries/{corpus}/{author}.jsonl",
    log:
        "logs/author_summaries/{corpus}/{author}.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code_of("author_summaries.py"),
    script:
        "../workflow_scripts/author_summaries.py"


rule wording:
    input:
        lambda w: experiment.wording_input(w.text),
    output:
        "results/wording/{wording}/{text}.txt",
    log:
        "logs/wording/{wording}/{text}.log",
    conda:
        "../envs/torch.yaml"
    params:
        spec=lambda w: experiment.wording_spec(w.text),
        code=code_of("wording.py"),
    script:
        "../workflow_scripts/wording.py"


rule summarise:
    input:
        arm=lambda w: experiment.model_json(arm_of(w)),
        corpus=rules.corpus.output.articles,
        wording=lambda w: wording_files(experiment.summarise_spec(w.corpus, w.model)),
    output:
        "results/summarise/{corpus}/{model}/{chain}/{seed}.jsonl",
    log:
        "logs/summarise/{corpus}/{model}/{chain}/{seed}.log",
    conda:
        lambda w: experiment.environment(w.model)
    resources:
        gpu=lambda w: needs.summarise(w.model, w.corpus).gpu,
        mem_mb=lambda w, attempt: attempt * needs.summarise(w.model, w.corpus).mem_mb,
        runtime=lambda w, attempt: attempt * needs.summarise(w.model, w.corpus).runtime,
        hosted_calls=lambda w: experiment.calls(w.model),
    params:
        spec=lambda w: experiment.summarise_spec(w.corpus, w.model),
        serving=lambda w: experiment.serving_spec(w.model),
        terms=lambda w: experiment.asking(w.model),
        journal="state/journal/summarise/{corpus}/{model}/{chain}/{seed}.jsonl",
        took="state/throughput/summarise/{model}/{corpus}/{chain}/{seed}.json",
        code=code_of("summarise.py"),
    script:
        "../workflow_scripts/summarise.py"


rule dataset:
    input:
        unpack(lambda w: experiment.dataset_inputs(w.model, w.stage, int(w.seed))),
        wording=lambda w: wording_files(experiment.dataset_spec(w.model, w.stage, int(w.seed))),
    output:
        "results/dataset/{model}/{stage}/{seed}.jsonl",
    log:
        "logs/dataset/{model}/{stage}/{seed}.log",
    conda:
        "../envs/torch.yaml"
    params:
        spec=lambda w: experiment.dataset_spec(w.model, w.stage, int(w.seed)),
        code=code_of("dataset.py"),
    script:
        "../workflow_scripts/dataset.py"
