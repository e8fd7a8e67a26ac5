"""An experiment as jobs: for each artefact the inputs it needs and the slice of config it uses.

The rules ask this module; nothing here reads or writes data. Each `..._spec` is the canonical text
that Snakemake stores and compares: it holds what a job depends on and nothing else.
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mirrortest import chains, config, paths, recipes
from mirrortest.canonical import canonical
from mirrortest.chains import BASE, Arm
from mirrortest.config import Config, Evaluation
from mirrortest.errors import UserError
from mirrortest.prompts import Excerpt, Text, Wording
from mirrortest.wording import place

Inputs = dict[str, str]


@dataclass(frozen=True)
class Experiment:
    """A configuration with the prompts of its wording."""

    settings: Config
    wording: Wording

    # --- what to make

    def arms(self) -> list[Arm]:
        """Every arm of the experiment, without repeats, in the order of the config."""
        return list(self._arms)

    @cached_property
    def _arms(self) -> tuple[Arm, ...]:
        found = [
            chains.arm(entry.model, chain, seed)
            for entry in self.settings.arms
            for chain in entry.chains
            for seed in self.settings.seeds
        ]
        return tuple(dict.fromkeys(found))

    def rows(self) -> list[str]:
        """The raw rows of every arm and evaluation."""
        return [paths.rows(arm, name) for arm in self.arms() for name in self.settings.evaluate]

    def trained(self) -> list[str]:
        """The training records of every stage behind the arms of the experiment."""
        return [paths.training(arm) for arm in self._trained()]

    def _trained(self) -> list[Arm]:
        found = dict.fromkeys(a for arm in self.arms() for a in lineage(arm))
        return [arm for arm in found if self.adapter(arm) is None]

    def model_json(self, arm: Arm) -> str:
        """Where the arm is recorded: the base, what was trained, or what was adopted."""
        if self.adapter(arm) is None:
            return paths.model_json(arm)
        return paths.adopted_model_json(arm)

    def adapter(self, arm: Arm) -> config.PublishedAdapter | None:
        """What stands in for the arm's last stage, if that was trained elsewhere."""
        if arm.chain == BASE:
            return None
        return self.settings.stages[chains.stages_of(arm.chain)[-1]].adapter

    # --- sources

    def source(self, name: str) -> str:
        """The file of a source: its own path, or where `fetch` puts it."""
        path = self.settings.sources[name].path
        if path is None:
            return paths.fetched(name)
        return path.replace("{data_dir}", self.settings.data_dir)

    def fetch_spec(self, name: str) -> str:
        """What is stated of the file and its rows; what is not stated may get new keys."""
        stated = asdict(self.settings.sources[name])
        about = ("path", "licence", "citation")
        return canonical({key: v for key, v in stated.items() if v and key not in about})

    # --- corpora and summaries

    def corpus_spec(self, name: str) -> str:
        corpus = self.settings.corpora[name]
        return canonical({"limit": corpus.limit, "max_words": corpus.max_words})

    def summaries(self, corpus: str, author: str) -> str:
        """A foreign author's summaries: imported ones, or those of another arm."""
        arm = self.settings.authors[author].arm
        if arm is not None:
            return paths.summaries(corpus, parse_arm(arm))
        return paths.author_summaries(corpus, author)

    def author_source(self, corpus: str, author: str) -> str:
        return self.source((self.settings.authors[author].files or {})[corpus])

    def summarise_spec(self, corpus: str, model: str) -> str:
        name, tokens = self._summary(corpus), self.settings.models[model].summary_tokens
        system = self.system("recipe", model, own=self._system(name))
        return canonical({"prompt": self._text(name), "system": system, "max_tokens": tokens})

    # --- wording

    def _summary(self, corpus: str) -> str:
        """The name of the prompt by which a corpus is summarised."""
        return f"summarise.{self.settings.corpora[corpus].style}"

    def _text(self, name: str) -> Any:
        """What a spec holds of a prompt: its text, or where the job will find it."""
        return self._worded(self.wording.prompt(name).text, f"{name}.text")

    def _system(self, name: str) -> Any:
        """The same for the prompt's own system prompt; None if it has none."""
        return self._worded(self.wording.prompt(name).system, f"{name}.system")

    def _worded(self, text: Text | None, name: str) -> Any:
        if isinstance(text, Excerpt):
            return place(paths.wording(self.wording.name, name))
        return text

    def asked(self) -> list[str]:
        """The prompts that the experiment's stages and evaluations ask, without repeats."""
        return list(dict.fromkeys(name for entry in self._entries() for name in self._asked(entry)))

    def _asked(self, entry: config.Stage | Evaluation) -> list[str]:
        match entry:
            case config.Stage(corpus=str(corpus)):
                return [self._summary(corpus), f"pair.{recipes.QUESTIONS[str(entry.recipe)]}"]
            case config.Recognition():
                return [self._summary(entry.corpus), "pair.recognition"]
            case config.KeyFacts():
                return [self._summary(entry.corpus)]
            case config.TruthfulQA():
                return ["truthfulqa.question"]
        return []

    def wording_sources(self) -> list[str]:
        """The sources in whose files the experiment's prompts stand."""
        found = [text.source for name in self.asked() for text in self.wording.excerpts(name)]
        return list(dict.fromkeys(found))

    def wording_input(self, text: str) -> str:
        """The file in which a text stands: `pair.recognition.system`, say."""
        return self.source(self._excerpt(text).source)

    def wording_spec(self, text: str) -> str:
        """excerpt: see `mirrortest.excerpts.excerpt`; asked: where it is asked for, for errors."""
        excerpt = self._excerpt(text).spec() | {"path": self.wording_input(text)}
        return canonical({"asked": f"{self.wording.path}, {text}", "excerpt": excerpt})

    def _excerpt(self, text: str) -> Excerpt:
        name, _, part = text.rpartition(".")
        found = getattr(self.wording.prompt(name), part)
        if not isinstance(found, Excerpt):
            raise UserError(f"wording {self.wording.name}: {text} stands in no fetched file.")
        return found

    # --- finetuning

    def dataset_inputs(self, model: str, name: str) -> Inputs:
        stage = self.settings.stages[name]
        if stage.source is not None:
            return {"chats": self.source(stage.source)}
        corpus, author = str(stage.corpus), str(stage.author)
        ours = paths.summaries(corpus, chains.arm(model, BASE, 0))
        if stage.against is not None:
            ours, author = self.summaries(corpus, author), stage.against
        return {
            "articles": paths.corpus(corpus),
            "ours": ours,
            "theirs": self.summaries(corpus, author),
        }

    def dataset_spec(self, model: str, name: str, seed: int) -> str:
        stage = self.settings.stages[name]
        spec: dict[str, Any] = {"recipe": stage.recipe, "limit": stage.limit, "seed": seed}
        if stage.recipe in config.PAIR_RECIPES:
            name = f"pair.{recipes.QUESTIONS[stage.recipe]}"
            spec["question"] = self._text(name)
            spec["system"] = self.system(stage.system, model, own=self._system(name))
            if stage.recipe == "other":
                spec["author"] = stage.author
        elif stage.system != "recipe":
            spec["system"] = self.system(stage.system, model, own=None)
        return canonical(spec)

    def base_spec(self, model: str) -> str:
        entry = self.settings.models[model]
        base: dict[str, Any] = asdict(entry.weights) | {"template": asdict(entry.template)}
        keys = ("provider", "dtype", "max_length")
        return canonical({"base": base} | {key: getattr(entry, key) for key in keys})

    def finetune_inputs(self, arm: Arm) -> Inputs:
        last = chains.stages_of(arm.chain)[-1]
        return {
            "parent": self.model_json(arm.parent),
            "dataset": paths.dataset(arm.model, last, arm.seed),
        }

    def finetune_spec(self, arm: Arm) -> str:
        last = chains.stages_of(arm.chain)[-1]
        training = asdict(self.settings.stages[last].training)
        return canonical({"training": training, "merge": self.settings.stages[last].merge})

    def adopt_inputs(self, arm: Arm) -> Inputs:
        """The arm below, and the files of a local adapter."""
        inputs, folder = {"parent": self.model_json(arm.parent)}, self.adapter_path(arm)
        if folder is not None:
            inputs |= {key: f"{folder}/{name}" for key, name in paths.ADAPTER_FILES.items()}
        return inputs

    def adopt_spec(self, arm: Arm) -> str:
        found, seed = self._adapter(arm), str(arm.seed)
        revision = found.revisions[seed] if found.revisions else found.revision
        named = {key: getattr(found, key) for key in ("hub", "base")}
        spec = {key: name and name.replace("{seed}", seed) for key, name in named.items()}
        return canonical(spec | {"path": self.adapter_path(arm), "revision": revision})

    def adapter_path(self, arm: Arm) -> str | None:
        """The folder of a local adapter that stands in for the arm's last stage."""
        path = self._adapter(arm).path
        if path is None:
            return None
        return path.replace("{seed}", str(arm.seed)).replace("{data_dir}", self.settings.data_dir)

    def _adapter(self, arm: Arm) -> config.PublishedAdapter:
        found = self.adapter(arm)
        if found is None:
            raise UserError(f"arm {arm} has no adapter to adopt; name one for its last stage.")
        return found

    # --- evaluation

    def serving_spec(self, model: str) -> str:
        """See `mirrortest.engine.Serving`."""
        return canonical(self.settings.models[model].serving)

    def environment(self, model: str) -> str:
        """The conda environment of the jobs that ask a model."""
        name = "vllm" if self.settings.models[model].serving.kind == "vllm" else "torch"
        return f"../envs/{name}.yaml"

    def evaluate_inputs(self, arm: Arm) -> list[str]:
        """The files of all evaluations of an arm, without repeats."""
        files = [
            path
            for name in self.settings.evaluate
            for path in self._files(self.settings.evaluations[name], arm).values()
        ]
        return list(dict.fromkeys(files))

    def evaluate_spec(self, arm: Arm) -> str:
        """The task of each evaluation: see `mirrortest.evaluations.task.Task`."""
        return canonical({name: self._task(name, arm) for name in self.settings.evaluate})

    def _task(self, name: str, arm: Arm) -> dict[str, Any]:
        entry = self.settings.evaluations[name]
        task: dict[str, Any] = {"task": entry.task, "files": self._files(entry, arm)}
        match entry:
            case config.Recognition():
                own = self._system("pair.recognition")
                task["system"] = self.system(entry.system, arm.model, own)
                task["prompts"] = {"recognition": self._text("pair.recognition")}
            case config.TruthfulQA():
                own = self._system("truthfulqa.question")
                task["system"] = self.system(entry.system, arm.model, own)
                task["prompts"] = {"question": self._text("truthfulqa.question")}
                task["settings"] = {"limit": entry.limit}
            case config.Facts():
                task["system"] = self.system(entry.system, arm.model, own=None)
                task["settings"] = {"limit": entry.limit, "max_tokens": entry.max_tokens}
        return task

    def _files(self, entry: Evaluation, arm: Arm) -> Inputs:
        match entry:
            case config.Recognition():
                writer = arm if entry.summaries == "own" else chains.arm(arm.model, BASE, 0)
                own = {"own": paths.summaries(entry.corpus, writer)}
                others = {f"author/{a}": self.summaries(entry.corpus, a) for a in entry.authors}
                return {"articles": paths.corpus(entry.corpus)} | own | others
            case config.KeyFacts():
                own = {"own": paths.summaries(entry.corpus, arm)}
                return own | {"phrases": self.source(entry.source)}
            case config.TruthfulQA() | config.Facts():
                return {"questions": self.source(entry.source)}

    # --- published results

    def fetch_published_spec(self) -> str:
        published = self._published()
        keys = ("repository", "commit", "folders")
        return canonical({key: getattr(published, key) for key in keys})

    def published_files(self) -> list[str]:
        """What there is to import: the files of the local folder, or what is to be fetched."""
        folder = self.settings.published_dir
        if folder is None:
            return [paths.FETCHED_PUBLISHED]
        return sorted(str(path) for path in Path(folder).rglob("*") if path.is_file())

    def published_names(self) -> str:
        return self._published().names

    def published_spec(self) -> str:
        return canonical({"folder": self.settings.published_dir or paths.FETCHED_PUBLISHED})

    def _published(self) -> config.Published:
        if self.settings.published is None:
            raise UserError("config key published is missing; add it.")
        return self.settings.published

    # --- numbers

    def items_inputs(self) -> Inputs:
        """The published rows, where there are such; our own are `rows`."""
        return {"published": paths.PUBLISHED_ROWS} if self.settings.published else {}

    def items_spec(self) -> str:
        """For the files see `mirrortest.items.RowsFile`; they are in the order of `rows`."""
        files = [
            asdict(arm)
            | {"evaluation": name, "task": self.settings.evaluations[name].task}
            | {"path": paths.rows(arm, name)}
            for arm in self.arms()
            for name in self.settings.evaluate
        ]
        return canonical({"files": files})

    def summary_spec(self) -> str:
        return canonical({"resamples": self.settings.bootstrap})

    def contrasts_spec(self) -> str:
        """For the pairs see `mirrortest.contrasts.Pair`."""
        return canonical(
            {
                "pairs": [asdict(pair) for pair in self.settings.contrasts],
                "resamples": self.settings.bootstrap,
                "margin": self.settings.equivalence_margin,
            }
        )

    def decomposition_spec(self) -> str:
        pairs = [asdict(pair) for pair in self.settings.contrasts]
        return canonical({"pairs": pairs, "resamples": self.settings.bootstrap})

    def flags_spec(self) -> str:
        """See `mirrortest.flags.Thresholds`."""
        return canonical(self.settings.flags)

    # --- figures and report

    def figures(self) -> list[str]:
        """The figures that the experiment's evaluations allow, in the order of the report."""
        tasks = {self.settings.evaluations[name].task for name in self.settings.evaluate}
        published, contrasts = self.settings.published is not None, bool(self.settings.contrasts)
        recognised = published or "recognition" in tasks
        misaligned = published or bool(tasks & {"truthfulqa", "facts"})
        shown = {
            "misalignment": misaligned,
            "recognition": recognised,
            "recognition_misalignment": recognised and misaligned,
            **{f"family-{name}": True for name in self.families()},
            "contrasts": contrasts,
            "decomposition": contrasts and misaligned | recognised,
            "training": bool(self.trained()),
        }
        return [name for name, wanted in shown.items() if wanted]

    def families(self) -> list[str]:
        """The families of contrasts, in the order of the config."""
        return list(dict.fromkeys(pair.family for pair in self.settings.contrasts))

    def training_spec(self) -> str:
        """The training record of each trained arm: model, chain, seed, path."""
        records = [asdict(arm) | {"path": paths.training(arm)} for arm in self._trained()]
        return canonical({"records": records})

    def captions(self) -> list[str]:
        """The caption files of the figures, without repeats."""
        return list(dict.fromkeys(paths.caption(name) for name in self.figures()))

    def examples(self) -> list[str]:
        """What was asked and answered first: of our arms with the first seed, and as published."""
        first = self.settings.seeds[0]
        ours = [arm for arm in self.arms() if arm == chains.arm(arm.model, arm.chain, first)]
        published = [paths.PUBLISHED_EXAMPLES] if self.settings.published else []
        return [*map(paths.examples, ours), *published]

    def _entries(self) -> list[Any]:
        """The stages and evaluations that the experiment uses."""
        stages = dict.fromkeys(s for arm in self.arms() for s in chains.stages_of(arm.chain))
        evaluations = [self.settings.evaluations[name] for name in self.settings.evaluate]
        return [*(self.settings.stages[name] for name in stages), *evaluations]

    def corpora(self) -> list[str]:
        """The corpora that the experiment's stages and evaluations use."""
        used = [getattr(entry, "corpus", None) for entry in self._entries()]
        return [name for name in dict.fromkeys(used) if name is not None]

    def sources(self) -> list[str]:
        """The sources of articles, foreign summaries, chats, questions and fetched prompts."""
        direct = [getattr(entry, "source", None) for entry in self._entries()]
        corpora = [self.settings.corpora[name].source for name in self.corpora()]
        written = [source for entry in self._entries() for source in self._authored(entry)]
        found = dict.fromkeys([*corpora, *written, *direct, *self.wording_sources()])
        return [name for name in found if name is not None]

    def _authored(self, entry: Any) -> list[str]:
        """The sources of the foreign summaries of a stage or an evaluation."""
        named = [getattr(entry, key, None) for key in ("author", "against")]
        named += getattr(entry, "authors", [])
        files = [self.settings.authors[name].files for name in named if name is not None]
        return [of_corpus[entry.corpus] for of_corpus in files if of_corpus is not None]

    def report_spec(self) -> str:
        names = list(dict.fromkeys(entry.model for entry in self.settings.arms))
        return canonical(
            {
                "experiment": self.settings.experiment,
                "wording": self.settings.wording,
                "wording_from": [self._cited(name)["where"] for name in self.wording_sources()],
                "families": self.families(),
                "models": [self._described(name) for name in names],
                "sources": [self._cited(name) for name in self.sources()],
                "published": self._origin(),
            }
        )

    def _origin(self) -> dict[str, Any] | None:
        """Where published results are from; files: how many there are in a local folder."""
        published = self.settings.published
        if published is None:
            return None
        files = None if self.settings.published_dir is None else len(self.published_files())
        keys = ("repository", "commit", "folders")
        return {key: getattr(published, key) for key in keys} | {"files": files}

    def _described(self, name: str) -> dict[str, str]:
        model = self.settings.models[name]
        weights = model.weights.path or f"{model.weights.hub}@{model.weights.revision}"
        return {"name": name, "weights": weights, "note": model.note}

    def _cited(self, name: str) -> dict[str, str | None]:
        source = self.settings.sources[name]
        where = source.path or source.url or f"{source.hub}/{source.file}@{source.revision}"
        keys = ("licence", "citation")
        return {"name": name, "where": where} | {key: getattr(source, key) for key in keys}

    def system(self, policy: str, model: str, own: Any) -> Any:
        """The system prompt of a policy; none is really none.

        own: what `recipe` stands for: another policy, a text, where a job will find it, or None.
        """
        match policy:
            case "none":
                return None
            case "identity":
                return self.settings.models[model].identity
            case "recipe":
                other = own in ("none", "identity")
                return self.system(own, model, own=None) if other else own
        return self.settings.system_prompts[policy]


def lineage(arm: Arm) -> list[Arm]:
    """The trained arms behind an arm, itself last; none for the base."""
    return [] if arm.chain == BASE else [*lineage(arm.parent), arm]


def parse_arm(text: str) -> Arm:
    """An arm from `model/chain/seed`. Raises UserError for any other form."""
    match text.split("/"):
        case [model, chain, seed] if seed.isdecimal():
            return chains.arm(model, chain, int(seed))
    raise UserError(f"{text!r} does not name an arm; write model/chain/seed, such as toy/sgtr/0.")
