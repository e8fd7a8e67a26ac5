"""What rebuilds what: for each edit of a finished run exactly the jobs that it causes.

`python tests/workflow/contract.py` prints the table of the README. The jobs are those of
tests/tiny.yaml.
"""

from dataclasses import dataclass, field
from typing import Any

Arms = tuple[str, ...] | list[str]
Jobs = set[str]

TRAINED = ("sgtr/0", "sgtr/1", "em-unpop/0", "em-unpop/1", "sgtr+em-unpop/0", "sgtr+em-unpop/1")
ARMS = ("base/0", *TRAINED)
NUMBERS = {"count_items", "scores", "summary", "contrasts", "decomposition", "flags"}
PAIRED = {"contrasts", "decomposition"}
FAMILIES = {"plot_family before-and-after", "plot_family identity"}
FIGURES = FAMILIES | {
    "plot_recognition",
    "plot_misalignment",
    "plot_recognition_misalignment",
    "plot_contrasts",
    "plot_decomposition",
}
RESULTS = NUMBERS | FIGURES | {"report"}
TRAINING = {"plot_training"}
TABLE_HEAD = ["| you edit | Snakemake runs |", "| --- | --- |"]
NO_EDITS = [
    "| the time of every file, by `touch` | nothing |",
    "| nothing, but visit another branch by `git checkout` | nothing |",
]
"""What changes no content; each has a test of its own beside the cases."""


@dataclass(frozen=True)
class Case:
    """edit, rebuilds: the two cells of its row in the README. jobs: exactly what is to run.

    config: an overlay. files: path -> (text, what it becomes).
    """

    edit: str
    rebuilds: str
    jobs: Jobs
    config: dict[str, Any] = field(default_factory=dict)
    files: dict[str, tuple[str, str]] = field(default_factory=dict)


def evaluated(arms: Arms) -> Jobs:
    return {f"evaluate toy/{arm}" for arm in arms}


def asked(arms: Arms) -> Jobs:
    """The jobs that ask an arm something: its summaries of the held-out corpus, its answers."""
    return evaluated(arms) | {f"summarise toy-wire/toy/{arm}" for arm in arms}


def trained(arms: Arms) -> Jobs:
    """The arms' last stages, everything that asks them, and the figure of their losses."""
    return asked(arms) | {f"finetune toy/{arm}" for arm in arms} | TRAINING


def datasets(*names: str) -> Jobs:
    return {f"dataset toy/{name}" for name in names}


ALL_EVALUATIONS = [
    *("recognition-own", "recognition-base"),
    *("truthfulqa-toy", "facts-toy", "summaries-toy"),
]
CHAINS = ["base", "sgtr", "em-unpop", "sgtr+em-unpop"]

CASES = [
    Case(
        "nothing",
        "nothing",
        set(),
    ),
    Case(
        "`seeds`: one more",
        "the jobs of that seed; then numbers, figures and report",
        datasets("sgtr/2", "em-unpop/2")
        | trained(["sgtr/2", "em-unpop/2", "sgtr+em-unpop/2"])
        | RESULTS,
        config={"seeds": [0, 1, 2]},
    ),
    Case(
        "`arms`: one more chain",
        "its last stage and whatever it lacks below, its evaluations; then numbers, figures and "
        "report",
        trained(["em-unpop+sgtr/0", "em-unpop+sgtr/1"]) | RESULTS,
        config={"arms": [{"model": "toy", "chains": [*CHAINS, "em-unpop+sgtr"]}]},
    ),
    Case(
        "`evaluate`: one more evaluation",
        "`evaluate` of every arm, which asks the new questions only; then numbers, figures and "
        "report",
        evaluated(ARMS) | RESULTS,
        config={
            "evaluate": [*ALL_EVALUATIONS, "truthfulqa-bare"],
            "evaluations": {
                "truthfulqa-bare": {
                    "task": "truthfulqa",
                    "source": "toy-facts",
                    "limit": 8,
                    "system": "none",
                }
            },
        },
    ),
    Case(
        "a setting of one evaluation",
        "`evaluate` of every arm, which asks the new questions only; then numbers, figures and "
        "report",
        evaluated(ARMS) | RESULTS,
        config={"evaluations": {"facts-toy": {"max_tokens": 8}}},
    ),
    Case(
        "a stage's learning rate",
        "this stage wherever it occurs, everything trained on top of it, their evaluations; then "
        "numbers, figures and report",
        trained([arm for arm in TRAINED if "em-unpop" in arm]) | RESULTS,
        config={"stages": {"em-unpop": {"training": {"learning_rate": 1.0e-4}}}},
    ),
    Case(
        "a stage's system prompt",
        "its data sets, then the same as for its learning rate",
        datasets("sgtr/0", "sgtr/1") | trained([arm for arm in TRAINED if "sgtr" in arm]) | RESULTS,
        config={"stages": {"sgtr": {"system": "none"}}},
    ),
    Case(
        "a held-out corpus",
        "its summaries and `evaluate` of every arm; then numbers, figures and report",
        {
            "corpus toy-wire",
            "author_summaries toy-wire/gazette",
            "author_summaries toy-wire/story",
        }
        | asked(ARMS)
        | RESULTS,
        config={"corpora": {"toy-wire": {"limit": 13}}},
    ),
    Case(
        "the wording of a question",
        "`evaluate` of every arm, which asks the reworded questions only; then numbers, figures "
        "and report",
        evaluated(ARMS) | RESULTS,
        files={"resources/prompts/default.yaml": ("only A or B", "A or B only")},
    ),
    Case(
        "`contrasts`",
        "contrasts, their parts and flags, the figures (which mark what is flagged) and the report",
        (PAIRED | FIGURES | {"flags", "plot_family contrasts", "report"}) - FAMILIES,
        config={"contrasts": [{"chain": "em-unpop", "reference": "base"}]},
    ),
    Case(
        "`bootstrap`",
        "numbers over seeds, figures and report",
        RESULTS - {"count_items", "scores"},
        config={"bootstrap": 100},
    ),
    Case(
        "`experiment`: another name",
        "numbers, figures and report of that name; everything else is shared",
        RESULTS | TRAINING,
        config={"experiment": "renamed"},
    ),
    Case(
        "`gpu_memory_gb` or a model's `parameters`",
        "nothing: they say what jobs ask for, not what they do",
        set(),
        config={"gpu_memory_gb": 24.0, "models": {"toy": {"parameters": 7.0}}},
    ),
    Case(
        "a registry entry that nothing uses",
        "nothing",
        set(),
        config={"stages": {"ictr": {"training": {"epochs": 9}}}},
    ),
    Case(
        "`mirror`, or `sources.lock`",
        "nothing",
        set(),
        config={"mirror": "elsewhere"},
    ),
    Case(
        "a figure's script",
        "this figure and the report",
        {"plot_contrasts", "report"},
        files={"workflow_scripts/plot_contrasts.py": ("size=1.9", "size=3")},
    ),
    Case(
        "a comment or the layout of a script",
        "nothing",
        set(),
        files={
            "workflow_scripts/plot_contrasts.py": ("import plotnine", "# why\n\nimport plotnine")
        },
    ),
    Case(
        "a library module",
        "the jobs whose scripts reach it by imports, and what follows from them",
        RESULTS - {"count_items"},
        files={"workflow_scripts/mirrortest/bootstrap.py": ("import numpy", "import os, numpy")},
    ),
    Case(
        "a caption",
        "the report",
        {"report"},
        files={"resources/captions/training.rst": ("", "A new first sentence.\n\n")},
    ),
]


def table() -> list[str]:
    """The lines of the README's table."""
    return [*TABLE_HEAD, *(f"| {case.edit} | {case.rebuilds} |" for case in CASES), *NO_EDITS]


if __name__ == "__main__":
    print("\n".join(table()))
