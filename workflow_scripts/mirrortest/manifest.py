"""`model.json`: what an arm is, whoever made it. Everything downstream reads only this."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mirrortest import jsonl
from mirrortest.canonical import fingerprint
from mirrortest.errors import UserError

Outcome = Literal["base", "succeeded", "failed", "cancelled", "blocked"]


@dataclass(frozen=True)
class BaseWeights:
    """The base model under an arm: a local folder or a hub repository, pinned.

    template: how its chat template is applied, see `mirrortest.template.Template`.
    merged: adapters that are merged into the weights when they are loaded, each with its hash.
    """

    path: str | None
    hub: str | None
    revision: str | None
    sha256: str | None
    template: dict[str, Any] = field(default_factory=dict, hash=False)
    merged: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def location(self) -> str:
        """What `from_pretrained` takes."""
        return self.path or self.hub or ""


@dataclass(frozen=True)
class StageRecord:
    """What one stage was trained on. tokens, learnt_tokens and steps are over all epochs.

    Of a hosted stage learnt_tokens and steps are unknown, tokens are counted before it is trained.
    """

    stage: str
    dataset: str
    dataset_sha256: str
    rows: int
    rows_too_long: int
    tokens: int
    learnt_tokens: int | None
    steps: int | None
    training: dict[str, Any]


@dataclass(frozen=True)
class Adopted:
    """A stage that was trained elsewhere: where its adapter is from, and its weights' hash."""

    stage: str
    origin: str
    sha256: str


@dataclass(frozen=True)
class Hosted:
    """An arm at a provider's API.

    base: the provider's name of the base model. model: the name by which the arm is asked; none
    where there is nothing to ask. encoding: its tokenizer, by tiktoken's name. key: the hash of all
    that defines the job which made it, its parents included; the base's is empty. job: the
    provider's id of that job. trained_tokens: those billed. why: why the arm did not succeed.
    """

    base: str
    model: str | None
    encoding: str
    key: str = ""
    job: str | None = None
    trained_tokens: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Manifest:
    """One arm. `adapter` is a PEFT folder over the base model; the base itself has none.

    versions: of the packages that made it, for the record.
    """

    model: str
    chain: str
    seed: int
    provider: str
    outcome: Outcome
    base: BaseWeights
    dtype: str
    max_length: int
    template_sha256: str
    adapter: str | None = None
    adapter_sha256: str | None = None
    stages: list[StageRecord] = field(default_factory=list)
    adopted: list[Adopted] = field(default_factory=list)
    hosted: Hosted | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """What its answers depend on, as one hash; not where files lie, nor the versions."""
        if self.hosted is not None:
            return fingerprint([self.provider, self.hosted.model])
        base = (self.base.sha256, self.base.hub, self.base.revision)
        parts = [base, self.dtype, self.template_sha256, self.adapter_sha256]
        return fingerprint(parts + [list(self.base.merged.values())] * bool(self.base.merged))

    @property
    def can_be_asked(self) -> bool:
        """Whether there is a model: of a hosted one the provider may have made none."""
        return self.hosted is None or self.hosted.model is not None

    def merged(self) -> "Manifest":
        """The same with its adapter, if it has one, as part of the weights to train on."""
        if self.adapter is None or self.adapter_sha256 is None:
            return self
        merged = self.base.merged | {self.adapter: self.adapter_sha256}
        base = replace(self.base, merged=merged)
        return replace(self, base=base, adapter=None, adapter_sha256=None)

    def write(self, path: str | Path) -> None:
        """Writes `model.json`; it appears whole or not at all."""
        with jsonl.whole(path) as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")


def read(path: str | Path) -> Manifest:
    """The manifest in a `model.json`. Raises UserError if it is not one."""
    try:
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
        base = BaseWeights(**raw.pop("base"))
        stages = [StageRecord(**record) for record in raw.pop("stages")]
        adopted = [Adopted(**record) for record in raw.pop("adopted", [])]
        hosted = Hosted(**found) if (found := raw.pop("hosted", None)) else None
        return Manifest(base=base, stages=stages, adopted=adopted, hosted=hosted, **raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is not a model.json ({error}); delete it to have it made anew."
        ) from None
