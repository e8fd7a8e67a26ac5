"""An experiment of about 5000 jobs, of the shape and size of the papers': for measuring planning.

`python tests/papers_at_size.py > large.yaml`, then `snakemake -n -q all --configfile large.yaml`.
"""

import itertools
import sys
from typing import Any

import yaml

MODELS = ["qwen2.5-32b", "qwen2.5-coder-32b", "seed-oss-36b", "olmo-3.1-32b"]
STAGES = ["sgtr", "sgtr-flipped", "sgtr-random", "ictr", "longer", "other"]
MISALIGNING = ["em-unpop", "em-1", "em-2", "em-3"]
EVALUATIONS = [
    "recognition-own",
    "recognition-base",
    "truthfulqa-toy",
    "facts-toy",
    "summaries-toy",
]


def overlay() -> dict[str, Any]:
    """Four models, ten stages alone and in pairs, four seeds, five evaluations."""
    stages = [*STAGES, *MISALIGNING]
    chains = ["base", *stages, *("+".join(pair) for pair in itertools.permutations(stages, 2))]
    misaligning = {"recipe": "chat", "source": "toy-em-unpop", "system": "identity"}
    return {
        "experiment": "papers-at-size",
        "arms": [{"model": model, "chains": chains} for model in MODELS],
        "seeds": [0, 1, 2, 3],
        "evaluate": EVALUATIONS,
        "contrasts": [
            {"family": "all", "chain": chain, "reference": "base"} for chain in chains[1:]
        ],
        "stages": dict.fromkeys(MISALIGNING[1:], misaligning),
    }


if __name__ == "__main__":
    yaml.safe_dump(overlay(), sys.stdout)
