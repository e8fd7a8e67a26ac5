"""Published per-item results beside our own, in the same words.

Reads a folder of result files, or fetches one by its commit, and the table of their names; writes
`rows.parquet` (one judged answer per row) and `examples.jsonl` (one question per evaluation).
"""


rule fetch_published:
    output:
        directory("results/fetch_published"),
    log:
        "logs/fetch_published.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.fetch_published_spec(),
        code=code_of("fetch_published.py"),
    script:
        "../workflow_scripts/fetch_published.py"


rule published:
    input:
        files=lambda w: experiment.published_files(),
        names=lambda w: experiment.published_names(),
    output:
        rows="results/published/rows.parquet",
        examples="results/published/examples.jsonl",
    log:
        "logs/published.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.published_spec(),
        code=code_of("published.py"),
    script:
        "../workflow_scripts/published.py"
