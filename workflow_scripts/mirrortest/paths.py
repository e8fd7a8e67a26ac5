"""Where every shared artefact lies: the same names as the rules that make them."""

from mirrortest.chains import BASE, Arm

FETCHED_PUBLISHED = "results/fetch_published"
PUBLISHED_ROWS = "results/published/rows.parquet"
PUBLISHED_EXAMPLES = "results/published/examples.jsonl"
ADAPTER_FILES = {"settings": "adapter_config.json", "weights": "adapter_model.safetensors"}
"""PEFT's two files."""


def fetched(source: str) -> str:
    return f"results/fetch/{source}"


def wording(name: str, text: str) -> str:
    return f"results/wording/{name}/{text}.txt"


def corpus(name: str) -> str:
    return f"results/corpus/{name}.jsonl"


def author_summaries(name: str, author: str) -> str:
    return f"results/author_summaries/{name}/{author}.jsonl"


def model_json(arm: Arm) -> str:
    if arm.chain == BASE:
        return f"results/base/{arm.model}/model.json"
    return f"results/finetune/{arm}/model.json"


def adopted_model_json(arm: Arm) -> str:
    return f"results/adopt/{arm}/model.json"


def hosted_model_json(arm: Arm) -> str:
    """Of a trained arm at a provider's API."""
    return f"results/finetune_hosted/{arm}/model.json"


def training(arm: Arm) -> str:
    return f"results/finetune/{arm}/training.csv"


def summaries(name: str, arm: Arm) -> str:
    return f"results/summarise/{name}/{arm}.jsonl"


def is_written_by_us(path: str) -> bool:
    """Whether one of our arms writes these summaries, which costs time or money."""
    return path.startswith("results/summarise/")


def dataset(model: str, stage: str, seed: int) -> str:
    return f"results/dataset/{model}/{stage}/{seed}.jsonl"


def rows(rule: str, arm: Arm, evaluation: str) -> str:
    """rule: `evaluate`, or `reflect` for those that ask about the rows of the former."""
    return f"results/{rule}/{arm}/{evaluation}.jsonl"


def verdicts(judge: str, arm: Arm) -> str:
    return f"results/judge/{judge}/{arm}.jsonl"


def activations(arm: Arm) -> str:
    return f"results/activations/{arm}.npz"


def activations_index(arm: Arm) -> str:
    """Beside them: a line for each vector."""
    return f"results/activations/{arm}.jsonl"


def is_made_for_training(path: str) -> bool:
    """Whether it is a data set, or answers that one is made of: their makers may cost, too."""
    return path.startswith(("results/dataset/", "results/evaluate/", "results/reflect/"))


def is_written_by(arm: Arm, path: str) -> bool:
    """Whether these are summaries of the arm."""
    return is_written_by_us(path) and path.endswith(f"/{arm}.jsonl")


def archived_model_json(folder: str, arm: Arm) -> str:
    return f"{folder}/{arm}.json"


def archive(arm: Arm) -> str:
    return f"results/archive/{arm}.jsonl.gz"


def used(arm: Arm) -> str:
    """Beside the archive: the tokens of its calls."""
    return f"results/archive/{arm}.used.json"


def examples(rule: str, arm: Arm) -> str:
    """rule: as of `rows`."""
    return f"results/{rule}/{arm}/examples.jsonl"


def asking_time(arm: Arm) -> str:
    """How long `evaluate` took: written by Snakemake beside the logs, and no declared output."""
    return f"logs/evaluate/{arm}.benchmark.tsv"


def caption(figure: str) -> str:
    """All figures of families share one."""
    name = "family" if figure.startswith("family-") else figure
    return f"resources/captions/{name}.rst"
