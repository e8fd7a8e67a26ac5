"""Puts an adapter that was made elsewhere in the place of an arm's last stage."""

import json
from dataclasses import replace
from pathlib import Path

from mirrortest import adapters, adoption, chains, joblog, manifest, sources, versions
from mirrortest.chains import Arm
from mirrortest.manifest import Adopted


def adopt(arm: Arm, parent: str, spec: str, out: Path) -> None:
    """Writes `adapter/`, of the whole chain, and `model.json` into the folder `out`."""
    below = manifest.read(parent)
    found = json.loads(spec)
    origin = found["path"] or f"{found['hub']}@{found['revision']}"
    folder = Path(found["path"] or adoption.fetched(found["hub"], found["revision"]))
    adapter = adoption.read(folder, f"the adapter {origin}", below.base, found["base"])
    if below.adapter is not None:
        adapter = adapters.stack(adapters.load(Path(below.adapter)), adapter)
    adapters.save(adapter, out / "adapter", below.base.location)
    sha256 = sources.digest(folder / adapters.WEIGHTS)
    record = Adopted(chains.stages_of(arm.chain)[-1], origin, sha256)
    replace(
        below,
        chain=arm.chain,
        seed=arm.seed,
        outcome="succeeded",
        adapter=str(out / "adapter"),
        adapter_sha256=sources.digest(out / "adapter"),
        adopted=[*below.adopted, record],
        versions=versions.installed(*versions.OF_MODELS),
    ).write(out / "model.json")


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        adopt(
            arm=chains.arm(
                snakemake.wildcards.model,
                snakemake.wildcards.chain,
                int(snakemake.wildcards.seed),
            ),
            parent=snakemake.input.parent,
            spec=snakemake.params.spec,
            out=Path(snakemake.output.model).parent,
        )
