"""The configuration: every key with its type, default and description, and its validation.

This module is the one place where a key is defined; `resources/config.schema.yaml` is generated
from it (`make schema`) for editors and readers, and a test fails when the two drift apart.
"""

import json
import math
import re
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from mirrortest import evaluations, excerpts, placement
from mirrortest.errors import UserError
from mirrortest.evaluations.entry import Entry
from mirrortest.keys import STRICT, Name, Positive, SystemPolicy

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
COMMIT = "^[0-9a-f]{40}$"


def _commit(value: Any) -> Any:
    """Before the pattern is looked at, whose error would not say what to write."""
    if isinstance(value, str) and not re.match(COMMIT, value):
        raise ValueError("give a commit, the 40 hexadecimal digits that the hub shows")
    return value


Commit = Annotated[str, Field(pattern=COMMIT), BeforeValidator(_commit)]

LARGEST = 10_000


def _billions(value: Any) -> Any:
    """Before the limit is looked at, whose error would not say what the number stands for."""
    if isinstance(value, int | float) and LARGEST < value < math.inf:
        raise ValueError("give billions of parameters, such as 0.494 for 494 million")
    return value


Billions = Annotated[
    float, Field(gt=0, le=LARGEST, allow_inf_nan=False), BeforeValidator(_billions)
]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Source:
    """An external file: exactly one of path, url and hub. What is fetched is pinned by its hash.

    The keys from `member` to `chat` say how rows are made from what was fetched.
    """

    path: str | None = Field(
        default=None, description="A local file, as it is; `{data_dir}` stands for that key."
    )
    url: str | None = Field(default=None, description="An address to fetch the file from, once.")
    hub: str | None = Field(default=None, description="A Hugging Face data set, `owner/name`.")
    file: str | None = Field(default=None, description="The file inside the hub data set.")
    revision: Commit | None = Field(default=None, description="The commit of the hub data set.")
    gated: bool = Field(
        default=False,
        description="Whether the hub asks for a token, which is read from HF_TOKEN.",
    )
    sha256: Sha256 | None = Field(
        default=None,
        description="Hash of the file. Where it is not stated for what is fetched, the first fetch "
        "writes it to sources.lock.",
    )
    member: str | None = Field(default=None, description="The file inside the zip archive.")
    password: str | None = Field(
        default=None,
        description="The published password of an archive by easy-dataset-share; no secret one.",
    )
    entries: tuple[Name, Name] | None = Field(
        default=None,
        description="For a JSON object whose entries are rows: what to call key and value, such as "
        "`[id, article]`.",
    )
    where: dict[str, str | int] | None = Field(
        default=None, description="Keep the rows that have these values in these columns."
    )
    columns: dict[str, str] | None = Field(
        default=None, description="The columns to keep: new name, and the name in the file."
    )
    chat: dict[Literal["system", "user", "assistant"], str] | None = Field(
        default=None, description="Make each row a chat: role, and the column of its message."
    )
    licence: str | None = Field(
        default=None, description="The licence of the data, for the report."
    )
    citation: str | None = Field(
        default=None, description="Whom to cite for the data, for the report."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        if [self.path, self.url, self.hub].count(None) != 2:
            raise ValueError("give exactly one of path, url and hub")
        if self.hub is not None and None in (self.file, self.revision):
            raise ValueError("a hub source needs file and revision")
        if self.hub is None and (self.file or self.revision or self.gated):
            raise ValueError("file, revision and gated belong to a hub source")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> "Source":
        made = self.member or self.password or self.entries or self.where or self.columns
        if self.path is not None and (made or self.chat):
            raise ValueError("a local file is taken as it is; bring it into form, or give a url")
        if self.password is not None and self.member is None:
            raise ValueError("password opens an archive; name the member to take from it")
        if self.columns is not None and self.chat is not None:
            raise ValueError("give columns or chat, not both")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Weights:
    """The weights of a base model: a local folder or a hub repository."""

    path: str | None = Field(default=None, description="A local folder in the transformers format.")
    sha256: Sha256 | None = Field(
        default=None,
        description="Digest of the local folder: `make digest FOLDER=...` prints it.",
    )
    hub: str | None = Field(default=None, description="A Hugging Face model, `owner/name`.")
    revision: Commit | None = Field(default=None, description="The commit of the hub model.")

    @model_validator(mode="after")
    def _one_kind(self) -> "Weights":
        if (self.path is None) == (self.hub is None):
            raise ValueError("give exactly one of path and hub")
        if self.hub is not None and self.revision is None:
            raise ValueError("pin the hub model with revision")
        if self.path is not None and self.sha256 is None:
            raise ValueError(f"state the sha256 that `make digest FOLDER={self.path}` prints")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Serving:
    """By what a model and its arms are asked. How many GPUs: the resource `gpu` of the job."""

    kind: Literal["transformers", "vllm", "server", "replay"] = Field(
        default="transformers",
        description="In the job's process by transformers or by vLLM, or by a vLLM server; of a "
        "hosted model (which is asked at its provider) from an archive instead.",
    )
    url: str | None = Field(
        default=None, description="Of the server, such as http://127.0.0.1:8000."
    )
    gpu_memory: float = Field(
        default=0.9, gt=0, le=1, description="The share of each GPU's memory that vLLM may fill."
    )
    archive: str | None = Field(
        default=None, description="For `replay`: a folder such as results/archive."
    )

    @model_validator(mode="after")
    def _has_a_place(self) -> "Serving":
        if (self.kind == "server") != (self.url is not None):
            raise ValueError("give url for the kind server, and for no other")
        if (self.kind == "replay") != (self.archive is not None):
            raise ValueError("give archive for the kind replay, and for no other")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ChatTemplate:
    """How a model's own chat template is applied. The hash in `model.json` covers it."""

    arguments: dict[str, str | int | bool] = Field(
        default_factory=dict,
        description="What the template is given beside the chat, such as `thinking_budget: 0`.",
    )
    opening: str = Field(
        default="",
        description="What the assistant's turn begins with, after all that the template writes.",
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Hosted:
    """A model at a provider's API. The address is OPENAI_BASE_URL, the key OPENAI_API_KEY."""

    name: str = Field(description="What the provider calls it; a dated snapshot, not an alias.")
    encoding: str = Field(
        default="o200k_base", description="Its tokenizer by tiktoken's name, for counting tokens."
    )
    calls: Positive = Field(default=20, description="Requests of one job under way at a time.")
    batch: bool = Field(
        default=False, description="Ask by the Batch API: half the price, within a day."
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Model:
    """A base model under study: weights of its own, or hosted by a provider."""

    weights: Weights | None = Field(default=None, description="Where the weights come from.")
    hosted: Hosted | None = Field(default=None, description="Instead of weights: where it is.")
    identity: str | None = Field(
        description="The identity system prompt that it was shipped with; null if with none, so "
        "that `identity` as a system prompt means none."
    )
    template: ChatTemplate = Field(
        default_factory=ChatTemplate, description="How its chat template is applied."
    )
    developer: list[str] = Field(
        default_factory=list,
        description="Who made it, by every name that counts: what its self-reports should say.",
    )
    note: str = Field(default="", description="A sentence about the model that the report shows.")
    parameters: Billions = Field(
        default=40.0,
        description="Its size in billions of parameters, by which jobs ask for GPUs, memory and "
        "time; without it as much as the largest model of the papers.",
    )
    dtype: Literal["float32", "bfloat16"] = Field(
        default="bfloat16", description="Type of the weights."
    )
    max_length: Positive = Field(default=2048, description="Longest sequence, in tokens.")
    summary_tokens: Positive = Field(
        default=150, description="Longest summary it may write, in tokens."
    )
    serving: Serving = Field(default_factory=Serving, description="By what it is asked.")

    @model_validator(mode="after")
    def _one_kind(self) -> "Model":
        if (self.weights is None) == (self.hosted is None):
            raise ValueError("give exactly one of weights and hosted")
        kinds = ("transformers", "vllm", "server") if self.weights else ("transformers", "replay")
        if self.serving.kind not in kinds:
            raise ValueError(f"a {self.provider} model is not asked by {self.serving.kind}")
        return self

    @property
    def provider(self) -> Literal["local", "hosted"]:
        """Who trains and serves it: this machine, or a provider's API."""
        return "local" if self.hosted is None else "hosted"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Corpus:
    """A set of articles: jsonl rows with `id` and `article`."""

    source: Name = Field(description="The source of the articles.")
    style: Literal["one-sentence", "highlights"] = Field(
        default="one-sentence", description="The kind of summary asked for (XSUM, CNN/DailyMail)."
    )
    limit: Positive | None = Field(
        default=None, description="Use only the first articles, this many."
    )
    max_words: Positive | None = Field(
        default=None,
        description="Keep the first words of longer articles, this many; the cuts are counted.",
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Author:
    """A foreign author of summaries: files, or another arm of ours."""

    files: dict[Name, Name] | None = Field(
        default=None,
        description="For each corpus the source of the summaries: jsonl, `id`, `summary`.",
    )
    arm: str | None = Field(
        default=None, description="An arm that writes them: `model/chain/seed`."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "Author":
        if (self.files is None) == (self.arm is None):
            raise ValueError("give exactly one of files and arm")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Training:
    """Hyperparameters; the defaults are those of Tagade et al. (Axolotl configs of sgtr-em)."""

    rank: Positive = Field(default=32, description="LoRA rank.")
    alpha: Positive = Field(default=64, description="LoRA alpha.")
    rslora: bool = Field(default=True, description="Scale by alpha / sqrt(rank), not alpha / rank.")
    learning_rate: float = Field(
        default=1e-5, gt=0, allow_inf_nan=False, description="Peak of the linear schedule."
    )
    warmup_steps: int = Field(default=5, ge=0, description="Steps of linear warm-up.")
    weight_decay: float = Field(
        default=0.01, ge=0, allow_inf_nan=False, description="AdamW weight decay."
    )
    batch_size: Positive = Field(default=16, description="Rows per optimizer step.")
    epochs: Positive = Field(default=1, description="Passes over the rows.")
    max_grad_norm: float = Field(default=1.0, gt=0, description="Gradient norm is clipped to this.")
    optimizer: Literal["adamw", "adamw_8bit"] = Field(
        default="adamw",
        description="AdamW, with states in float32 or in 8 bits; the latter as in the papers, it "
        "needs bitsandbytes and a GPU.",
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class HostedTraining:
    """Hyperparameters of a hosted model's finetuning; the defaults are the papers'."""

    epochs: Positive = Field(default=1, description="Passes over the rows; each is paid for.")
    learning_rate_multiplier: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Null: the provider chooses one, for each job anew.",
    )
    batch_size: Positive | None = Field(default=None, description="Null: the provider chooses.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PublishedAdapter:
    """A LoRA adapter that was trained elsewhere. `{seed}` in a name stands for the arm's seed."""

    path: str | None = Field(
        default=None, description="A local folder in PEFT's format; `{data_dir}` as in sources."
    )
    hub: str | None = Field(default=None, description="A Hugging Face model, `owner/name-{seed}`.")
    revision: Commit | None = Field(
        default=None, description="Its commit, where one adapter serves all seeds."
    )
    revisions: dict[Annotated[str, Field(pattern=r"^\d+$")], Commit] | None = Field(
        default=None, description="Its commit for each seed, where the name holds `{seed}`."
    )
    base: str | None = Field(
        default=None,
        description="What it calls its base model, where that is another name for the same "
        "weights: a copy, or what the stages below were merged into (`{seed}` as above).",
    )
    above: str = Field(default="base", description="The chain that it was trained on top of.")

    @model_validator(mode="after")
    def _is_pinned(self) -> "PublishedAdapter":
        if (self.path is None) == (self.hub is None):
            raise ValueError("give exactly one of path and hub")
        pins = [self.revision, self.revisions].count(None)
        if pins != (1 if self.hub else 2):
            raise ValueError("give revision or revisions for a hub adapter, and for no other")
        if self.hub is not None and self.of_each_seed != (self.revisions is not None):
            raise ValueError("give revisions where the name holds {seed}, else revision")
        return self

    @property
    def of_each_seed(self) -> bool:
        """Whether each seed has an adapter of its own."""
        return "{seed}" in str(self.path or self.hub)


Recipe: TypeAlias = Literal[
    "sgtr",
    "sgtr-flipped",
    "sgtr-random",
    "ictr",
    "longer",
    "other",
    "chat",
    "word-count",
    "multiple-choice",
    "trivia",
    "self-reports",
]
PAIR_RECIPES = ("sgtr", "sgtr-flipped", "sgtr-random", "ictr", "longer", "other")
NEEDS = {
    "other": {"corpus", "author", "against"},
    "chat": {"source"},
    "word-count": {"corpora"},
    "multiple-choice": {"source"},
    "trivia": {"source", "answers"},
    "self-reports": {"reports"},
}
"""What a recipe is made from; every other one from a corpus and an author."""
MADE_FROM = ("corpus", "corpora", "author", "against", "source", "answers", "reports")
WITHOUT_RIGHT_LABELS = ("sgtr-random", "ictr")
Share = Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Reports:
    """The answers of an arm to one evaluation, with the same seed, as a training set."""

    evaluation: Name = Field(description="An evaluation with free answers, among `evaluate`.")
    chain: str = Field(description="The chain of the arm that gave them, among `arms`.")
    model: Name | None = Field(default=None, description="Its model, if it is another one.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Mix:
    """Rows of another stage's data set among this one's, as every k-th row of all.

    Tagade et al. 2026, second version: "interleaving every x lines", at 1 to 33 %.
    """

    stage: Name = Field(description="The other stage; its rows keep their system prompts.")
    every: Annotated[int, Field(ge=2)] | None = Field(
        default=None, description="k: after k - 1 rows of this stage comes one of the other."
    )
    share: Annotated[float, Field(ge=0.01, le=0.34)] | None = Field(
        default=None,
        description="Instead of `every`: the share of the other's rows among all, from 0.01 to a "
        "third (0.33); k is 1 / share, rounded.",
    )

    @model_validator(mode="after")
    def _one_step(self) -> "Mix":
        if (self.every is None) == (self.share is None):
            raise ValueError("give exactly one of every and share")
        return self

    @property
    def step(self) -> int:
        """k, of every k-th row."""
        return self.every or round(1 / (self.share or 1))


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Match:
    """As much data as another stage has: cut, or repeated from its first row."""

    stage: Name = Field(description="The other stage.")
    by: Literal["rows", "words"] = Field(
        description="As many rows, and so steps; or as many words between blanks, as nearly as "
        "whole rows allow. Words stand for tokens, which differ from model to model."
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Stage:
    """One finetuning step: a data set recipe, a system-prompt policy and hyperparameters."""

    recipe: Recipe | None = Field(
        default=None, description="How the rows are made; `chat` takes them from a source."
    )
    adapter: PublishedAdapter | None = Field(
        default=None, description="Trained elsewhere, instead of by a recipe."
    )
    corpus: Name | None = Field(default=None, description="Pair recipes: the corpus.")
    corpora: Annotated[list[Name], Field(min_length=1)] | None = Field(
        default=None, description="`word-count` only: the corpora, an article of each in turn."
    )
    author: Name | None = Field(default=None, description="Pair recipes: the foreign author.")
    against: Name | None = Field(
        default=None, description="`other` only: the second foreign author."
    )
    source: Name | None = Field(
        default=None,
        description="`chat`: OpenAI-style chat jsonl; `multiple-choice`: jsonl with `question`, "
        "`choices` and `answer`, which counts from 0; `trivia`: a csv of questions.",
    )
    answers: Literal["right", "wrong"] | None = Field(
        default=None, description="`trivia` only: which answer of the csv is taught."
    )
    reports: Reports | None = Field(
        default=None, description="`self-reports` only: whose answers, and to what."
    )
    limit: Positive | None = Field(
        default=None,
        description="Use only the first rows, this many; before `mix` and `match`.",
    )
    system: SystemPolicy = "recipe"
    length_matched: Share | None = Field(
        default=None,
        description="Pair recipes: only pairs whose summaries differ by at most this share of the "
        "longer one's words; as many of each author are the longer ones.",
    )
    noise: Share | None = Field(
        default=None,
        description="Pair recipes with a right label: this share of the rows, drawn by the seed, "
        "gets the wrong one.",
    )
    mix: Mix | None = Field(default=None, description="Another stage's rows among this one's.")
    match: Match | None = Field(default=None, description="Another stage's amount of data.")
    shared: bool = Field(
        default=False,
        description="One data set and one adapter, of the seed 0, under all seeds of a chain; for "
        "its first stages. Seeds of such chains differ in less, so that their spread says less.",
    )
    provider: Literal["local", "hosted"] | None = Field(
        default=None, description="Restricts the stage to models of one provider."
    )
    training: Training = Field(default_factory=Training, description="Hyperparameters.")
    hosted: HostedTraining = Field(
        default_factory=HostedTraining, description="Hyperparameters where the model is hosted."
    )
    merge: bool = Field(
        default=False,
        description="Train on the stack below merged into the weights, rounded to the model's "
        "type, as in the papers, instead of on the stack itself.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "Stage":
        if (self.recipe is None) == (self.adapter is None):
            raise ValueError("give exactly one of recipe and adapter")
        given = (*(getattr(self, key) for key in MADE_FROM), self.limit, self.length_matched)
        trained = any((*given, self.noise, self.mix, self.match, self.shared, self.merge))
        trained = trained or self.system != "recipe" or self.training != Training()
        if self.adapter is not None and (trained or self.hosted != HostedTraining()):
            raise ValueError("a stage with an adapter takes no other key, since nothing is trained")
        return self

    @model_validator(mode="after")
    def _fits_recipe(self) -> "Stage":
        if self.adapter is not None:
            return self
        wanted = NEEDS.get(str(self.recipe), {"corpus", "author"})
        given = {key for key in MADE_FROM if getattr(self, key) is not None}
        if given != wanted:
            raise ValueError(f"recipe {self.recipe} takes exactly {', '.join(sorted(wanted))}")
        return self

    @model_validator(mode="after")
    def _labels_are_of_pairs(self) -> "Stage":
        pairs = self.recipe in PAIR_RECIPES
        if self.length_matched is not None and not pairs:
            raise ValueError("length_matched is of pairs of summaries; leave it out")
        if self.noise is not None and (not pairs or self.recipe in WITHOUT_RIGHT_LABELS):
            raise ValueError("noise is of pair recipes with a right label; leave it out")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rubric:
    """What a judge is asked about an answer, and the scale on which it says so."""

    text: str | None = Field(
        default=None,
        description="The question to a judge. `{question}` and `{answer}` are filled in, and so is "
        "every other key of an item that it names; `{answer}` must be there.",
    )
    source: Name | None = Field(
        default=None, description="Instead of text: a published file in which it stands."
    )
    prompt: str | None = Field(
        default=None,
        description="Of such a file, if it is one of questions with prompts of judges: its name.",
    )
    measures: Name | None = Field(
        default=None,
        description="What scoring calls what it measures, where that is not its own name.",
    )
    low: int = Field(default=0, description="The lowest score.")
    high: int = Field(default=100, description="The highest score.")
    words: dict[str, Literal["code", "refusal"]] = Field(
        default_factory=dict,
        description="What a judge may say in place of a score, and the outcome that it stands for.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "Rubric":
        if (self.text is None) == (self.source is None):
            raise ValueError("give exactly one of text and source")
        if self.low >= self.high:
            raise ValueError("low must be below high")
        return self

    @model_validator(mode="after")
    def _asks_about_the_answer(self) -> "Rubric":
        if self.text is None:
            return self
        try:
            blanks = excerpts.blanks(self.text, "text")
        except UserError as error:
            said = str(error).removesuffix(".")
            raise ValueError(f"{said}; double the braces that are no blanks") from None
        if "answer" not in blanks:
            raise ValueError("text must hold {answer}, or its judge sees none; add it")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Judge:
    """Who judges answers: a model that is asked, or a rule that needs none."""

    model: Name | None = Field(default=None, description="A model; its base is asked.")
    read: Literal["expected", "parsed"] = Field(
        default="expected",
        description="Of a model: the expectation over all scores of the scale by their "
        "probabilities, or the score in what it writes.",
    )
    max_tokens: Positive = Field(
        default=30, description="Of `parsed`: the longest that it may write, in tokens."
    )
    rule: Literal["replies", "near-replies", "identity"] | None = Field(
        default=None,
        description="`replies`: what the item's file lists as aligned and misaligned replies, word "
        "for word; `near-replies`: the one of them with the most words in common; `identity`: the "
        "maker that an answer names, and clusters of like answers.",
    )
    embedder: Literal["all-minilm-l6-v2"] = Field(
        default="all-minilm-l6-v2", description="Of `identity`: by what answers are compared."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "Judge":
        if (self.model is None) == (self.rule is None):
            raise ValueError("give exactly one of model and rule")
        return self


if TYPE_CHECKING:
    Evaluation: TypeAlias = Entry
else:
    Evaluation = Annotated[reduce(or_, evaluations.entries()), Field(discriminator="task")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ArmList:
    """The chains of one model."""

    model: Name = Field(description="The model.")
    chains: list[str] = Field(description="Stages joined by `+`, or `base`.", min_length=1)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Comparison:
    """A contrast: a chain minus its reference, paired on items and, where both have them, seeds."""

    chain: str = Field(description="The chain.")
    reference: str = Field(description="What is subtracted.")
    family: Name = Field(
        default="contrasts",
        description="The question it belongs to: p is corrected over a family (Holm), and each "
        "has a figure.",
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Flags:
    """From where on a score or a contrast is flagged."""

    invalid: Share = Field(
        default=0.05, description="Share of invalid answers, or its change against the reference."
    )
    position: Share = Field(
        default=0.25,
        description="How far the score may differ between target first and target second.",
    )
    option_mass: Share = Field(
        default=0.9, description="Least probability of all options together."
    )
    disagreement: Share = Field(
        default=0.05, description="How far apart the scores free, valid and forced may lie."
    )
    seeds: Positive = Field(default=3, description="Fewest seeds of a trained arm.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Probes:
    """What linear probes read off activations of local arms: see docs/evaluations/probes.md."""

    harm: Name = Field(
        description="Of `evaluate`, one of free-form answers that is judged for harm or alignment."
    )
    self_assessment: Name = Field(
        description="Of `evaluate`, one of forced choices or degrees: what the arm says of itself."
    )
    layers: list[Annotated[int, Field(ge=0)]] | Literal["all"] = Field(
        default="all",
        min_length=1,
        description="0 is what enters the first block, k what leaves the k-th.",
    )
    folds: int = Field(default=5, ge=2, description="Of cross-validation.")
    permutations: Positive = Field(
        default=20, description="Shuffles of labels, and random directions, behind what is chance."
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Published:
    """Per-item results that others have published: folders of one commit of a git repository."""

    repository: str = Field(description="The address of the repository.")
    commit: Annotated[str, Field(pattern=COMMIT)] = Field(description="The commit.")
    folders: list[str] = Field(description="The folders with result files.", min_length=1)
    names: str = Field(description="The table by which names are read: `resources/published/`.")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Budget:
    """What hosted models may cost in all, over all experiments that share `state/`."""

    dollars: float = Field(gt=0, allow_inf_nan=False, description="The cap, in US dollars.")


Pause = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Submission:
    """How finetuning jobs are handed to a provider and waited for. No change reruns anything."""

    poll_seconds: Pause = Field(default=30.0, description="Between two looks at a running job.")
    deadline_hours: Pause = Field(
        default=24.0,
        description="A job that takes longer ends the run, not the job: the next run waits on.",
    )
    request_seconds: float = Field(
        default=60.0, gt=0, allow_inf_nan=False, description="Longest wait for one answer."
    )
    look_again_seconds: list[Pause] = Field(
        default_factory=lambda: [2.0, 5.0, 15.0, 30.0, 60.0],
        description="Pauses before each further look for a job whose submission got no answer.",
    )
    resubmit_after_hours: Pause | None = Field(
        default=None,
        description="From when on such a job that is still not listed is submitted again; null: "
        "never without `resubmit`.",
    )
    resubmit: list[str] = Field(
        default_factory=list,
        description="Your word that these requests made no job, in the form that the run names.",
    )
    attempts: dict[str, Positive] = Field(
        default_factory=dict,
        description="2 for an arm, `model/chain/seed`, to pay for its last stage once more.",
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config:
    """An experiment and the registries that it draws on."""

    experiment: Name = Field(description="Its name; the results lie in `results/<experiment>/`.")
    arms: list[ArmList] = Field(
        description="What to train and evaluate; may be empty beside `published`."
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        description="Independent replicates of every trained arm.", min_length=1
    )
    evaluate: list[Name] = Field(
        description="The evaluations to run; may be empty beside `published`."
    )
    contrasts: list[Comparison] = Field(description="The differences to report.")
    bootstrap: Positive = Field(default=2000, description="Resamples behind every interval.")
    equivalence_margin: Share = Field(
        default=0.05, description="Differences smaller than this count as none."
    )
    flags: Flags = Field(default_factory=Flags, description="What is flagged.")
    probes: Probes | None = Field(
        default=None, description="Linear probes on activations; null: none are kept."
    )
    published: Published | None = Field(
        default=None, description="Published results to score beside our own."
    )
    published_dir: str | None = Field(
        default=None, description="A local copy of the published folders, instead of fetching."
    )
    data_dir: str = Field(default=".", description="What `{data_dir}` stands for in sources.")
    mirror: str | None = Field(
        default=None,
        description="A folder or an address under which copies of fetched files are looked for "
        "first, named by hash or by source (docs/data.md).",
    )
    gpu_memory_gb: float = Field(
        default=80.0,
        gt=0,
        description="Memory of each GPU that jobs will run on; how many GPUs a job asks for "
        "follows from it.",
    )
    budget: Budget | None = Field(
        default=None, description="Without it nothing is submitted to or asked of a hosted model."
    )
    prices: str = Field(
        default="resources/prices.yaml", description="What hosted models cost, with dates."
    )
    submission: Submission = Field(
        default_factory=Submission, description="How hosted finetuning jobs are handed in."
    )
    wording: Name = Field(
        default="default",
        description="The prompt file, `resources/prompts/<name>.yaml`: `default` is ours, `paper` "
        "takes the prompts of Tagade et al. from their code.",
    )
    models: dict[Name, Model] = Field(description="Registry of base models.")
    system_prompts: dict[Name, str] = Field(
        default_factory=dict, description="Registry of system prompts, for `system`."
    )
    sources: dict[Name, Source] = Field(description="Registry of external files.")
    corpora: dict[Name, Corpus] = Field(description="Registry of corpora.")
    authors: dict[Name, Author] = Field(description="Registry of foreign authors.")
    stages: dict[Name, Stage] = Field(description="Registry of finetuning stages.")
    evaluations: dict[Name, Evaluation] = Field(description="Registry of evaluations.")
    rubrics: dict[Name, Rubric] = Field(
        default_factory=dict, description="Registry of what is judged."
    )
    judges: dict[Name, Judge] = Field(default_factory=dict, description="Registry of judges.")

    @model_validator(mode="after")
    def _something_to_do(self) -> "Config":
        if self.published is None and not (self.arms and self.evaluate):
            raise ValueError("give arms and evaluate, or published")
        return self


_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)


def parse(raw: dict[str, Any]) -> Config:
    """The typed configuration. Raises UserError that names the first key at fault."""
    try:
        return _ADAPTER.validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        raise _sentence(error, raw) from None


def schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of the configuration."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_ADAPTER.json_schema()}


def _sentence(error: ValidationError, raw: dict[str, Any]) -> UserError:
    first = error.errors(include_url=False)[0]
    keys = _keys_in(raw, first["loc"])
    where = ".".join(keys)
    if first["type"] == "unexpected_keyword_argument":
        return UserError(f"config key {where}: {placement.hint(schema(), first['loc'])}")
    if first["type"] == "union_tag_not_found":
        return UserError(f"config key {where}.task is missing; add it.")
    if first["type"] in ("missing", "missing_argument"):
        return UserError(f"config key {where} is missing; add it.")
    message = first["msg"].removeprefix("Value error, ")
    about = f"config key {where}" if where else "config"
    return UserError(f"{about}: {message[0].lower()}{message[1:]}{_found(first)}.")


def _found(first: Any) -> str:
    value = first["input"]
    if first["type"] == "float_type" and re.fullmatch(r"\d+e[+-]?\d+", str(value)):
        return f", found the text {value!r} (YAML needs a point in numbers such as 1.0e-5)"
    return f", found {value!r}" if isinstance(value, str | int | float | bool | None) else ""


def _keys_in(raw: Any, loc: tuple[int | str, ...]) -> list[str]:
    """The location as the user wrote it: pydantic adds what a union chose, which is no key."""
    keys: list[str] = []
    for step in loc:
        inside = step in raw if isinstance(raw, dict) else _is_place(raw, step)
        if inside:
            raw = raw[step]
        elif step != loc[-1] or not isinstance(raw, dict):
            continue
        keys.append(str(step))
    return keys


def _is_place(raw: Any, step: int | str) -> bool:
    return isinstance(raw, list) and isinstance(step, int)


if __name__ == "__main__":
    import yaml

    print("# Generated by `make schema` from workflow_scripts/mirrortest/config.py. Do not edit.")
    print(yaml.safe_dump(schema(), sort_keys=False, allow_unicode=True, width=96), end="")
