"""From tables to figures: each as PNG and SVG, and the table that it shows as csv.

Reads the tables and the training records; writes `results/<experiment>/figures/`.
"""

FIGURES = f"results/{settings.experiment}/figures"


rule plot_recognition:
    input:
        summary=rules.summary.output[0],
        scores=rules.scores.output[0],
        flags=rules.flags.output[0],
        published="resources/published/headlines.csv",
    output:
        report(
            f"{FIGURES}/recognition.png",
            caption="../resources/captions/recognition.rst",
            category="Figures",
            labels={"figure": "Self-recognition"},
        ),
        f"{FIGURES}/recognition.svg",
        f"{FIGURES}/recognition.csv",
    log:
        f"logs/{settings.experiment}/plot_recognition.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_recognition.py"),
    script:
        "../workflow_scripts/plot_recognition.py"


rule plot_misalignment:
    input:
        summary=rules.summary.output[0],
        scores=rules.scores.output[0],
        flags=rules.flags.output[0],
        published="resources/published/headlines.csv",
    output:
        report(
            f"{FIGURES}/misalignment.png",
            caption="../resources/captions/misalignment.rst",
            category="Figures",
            labels={"figure": "Misalignment"},
        ),
        f"{FIGURES}/misalignment.svg",
        f"{FIGURES}/misalignment.csv",
    log:
        f"logs/{settings.experiment}/plot_misalignment.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_misalignment.py"),
    script:
        "../workflow_scripts/plot_misalignment.py"


rule plot_recognition_misalignment:
    input:
        summary=rules.summary.output[0],
        scores=rules.scores.output[0],
        flags=rules.flags.output[0],
    output:
        report(
            f"{FIGURES}/recognition_misalignment.png",
            caption="../resources/captions/recognition_misalignment.rst",
            category="Figures",
            labels={"figure": "Recognition and misalignment"},
        ),
        f"{FIGURES}/recognition_misalignment.svg",
        f"{FIGURES}/recognition_misalignment.csv",
    log:
        f"logs/{settings.experiment}/plot_recognition_misalignment.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_recognition_misalignment.py"),
    script:
        "../workflow_scripts/plot_recognition_misalignment.py"


rule plot_family:
    input:
        summary=rules.summary.output[0],
        scores=rules.scores.output[0],
        contrasts=rules.contrasts.output[0],
        flags=rules.flags.output[0],
        published="resources/published/headlines.csv",
    output:
        report(
            f"{FIGURES}/family-{{family}}.png",
            caption="../resources/captions/family.rst",
            category="Figures",
            labels={"figure": "Contrasts: {family}"},
        ),
        f"{FIGURES}/family-{{family}}.svg",
        f"{FIGURES}/family-{{family}}.csv",
    log:
        f"logs/{settings.experiment}/plot_family-{{family}}.log",
    conda:
        "../envs/report.yaml"
    params:
        family=lambda w: w.family,
        code=code_of("plot_family.py"),
    script:
        "../workflow_scripts/plot_family.py"


rule plot_contrasts:
    input:
        contrasts=rules.contrasts.output[0],
        flags=rules.flags.output[0],
    output:
        report(
            f"{FIGURES}/contrasts.png",
            caption="../resources/captions/contrasts.rst",
            category="Figures",
            labels={"figure": "All contrasts"},
        ),
        f"{FIGURES}/contrasts.svg",
        f"{FIGURES}/contrasts.csv",
    log:
        f"logs/{settings.experiment}/plot_contrasts.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_contrasts.py"),
    script:
        "../workflow_scripts/plot_contrasts.py"


rule plot_decomposition:
    input:
        decomposition=rules.decomposition.output[0],
        contrasts=rules.contrasts.output[0],
        flags=rules.flags.output[0],
    output:
        report(
            f"{FIGURES}/decomposition.png",
            caption="../resources/captions/decomposition.rst",
            category="Figures",
            labels={"figure": "What contrasts are made of"},
        ),
        f"{FIGURES}/decomposition.svg",
        f"{FIGURES}/decomposition.csv",
    log:
        f"logs/{settings.experiment}/plot_decomposition.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_decomposition.py"),
    script:
        "../workflow_scripts/plot_decomposition.py"


rule plot_persona:
    input:
        summary=rules.summary.output[0],
        scores=rules.scores.output[0],
        flags=rules.flags.output[0],
    output:
        report(
            f"{FIGURES}/persona.png",
            caption="../resources/captions/persona.rst",
            category="Figures",
            labels={"figure": "What arms say of themselves and do"},
        ),
        f"{FIGURES}/persona.svg",
        f"{FIGURES}/persona.csv",
    log:
        f"logs/{settings.experiment}/plot_persona.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_persona.py"),
    script:
        "../workflow_scripts/plot_persona.py"


rule plot_identity:
    input:
        summary=rules.summary.output[0],
        scores=rules.scores.output[0],
        flags=rules.flags.output[0],
    output:
        report(
            f"{FIGURES}/identity.png",
            caption="../resources/captions/identity.rst",
            category="Figures",
            labels={"figure": "Who arms say they are"},
        ),
        f"{FIGURES}/identity.svg",
        f"{FIGURES}/identity.csv",
    log:
        f"logs/{settings.experiment}/plot_identity.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_identity.py"),
    script:
        "../workflow_scripts/plot_identity.py"


rule plot_probes:
    input:
        rules.probes.output.probes,
    output:
        report(
            f"{FIGURES}/probes.png",
            caption="../resources/captions/probes.rst",
            category="Figures",
            labels={"figure": "Probes by layer"},
        ),
        f"{FIGURES}/probes.svg",
        f"{FIGURES}/probes.csv",
    log:
        f"logs/{settings.experiment}/plot_probes.log",
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_probes.py"),
    script:
        "../workflow_scripts/plot_probes.py"


rule plot_training:
    input:
        experiment.trained(),
    output:
        report(
            f"{FIGURES}/training.png",
            caption="../resources/captions/training.rst",
            category="Figures",
            labels={"figure": "Training"},
        ),
        f"{FIGURES}/training.svg",
        f"{FIGURES}/training.csv",
    log:
        f"logs/{settings.experiment}/plot_training.log",
    conda:
        "../envs/report.yaml"
    params:
        spec=lambda w: experiment.training_spec(),
        code=code_of("plot_training.py"),
    script:
        "../workflow_scripts/plot_training.py"
