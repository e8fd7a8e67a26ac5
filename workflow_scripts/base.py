"""Records an untrained base model as an arm."""

import json

from mirrortest import joblog, pretrained, versions
from mirrortest.chains import BASE
from mirrortest.manifest import BaseWeights, Hosted, Manifest


def base(model: str, spec: str, out: str) -> None:
    """Writes the base model's `model.json`."""
    settings = json.loads(spec)
    hosted, weights = settings.get("hosted"), BaseWeights(**settings["base"])
    Manifest(
        model=model,
        chain=BASE,
        seed=0,
        provider=settings["provider"],
        outcome="base",
        base=weights,
        dtype=settings["dtype"],
        max_length=settings["max_length"],
        template_sha256="" if hosted else pretrained.load_template(weights).sha256,
        hosted=hosted and Hosted(hosted["name"], hosted["name"], hosted["encoding"]),
        versions={} if hosted else versions.installed(*versions.OF_MODELS),
    ).write(out)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        base(snakemake.wildcards.model, snakemake.params.spec, snakemake.output[0])
