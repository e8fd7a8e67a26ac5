"""An experiment as jobs: for each artefact the inputs it needs and the slice of config it uses.

The rules ask this module; nothing here reads or writes data. Each `..._spec` is the canonical text
that Snakemake stores and compares: it holds what a job depends on and nothing else.
"""

from dataclasses import asdict, dataclass
from typing import Any

from mirrortest import chains, config, paths, recipes
from mirrortest.canonical import canonical
from mirrortest.chains import BASE, Arm
from mirrortest.config import Config, Evaluation
from mirrortest.errors import UserError

Inputs = dict[str, str]


@dataclass(frozen=True)
class Experiment:
    """A configuration with the prompts of its wording."""

    settings: Config
    prompts: dict[str, Any]

    # --- what to make

    def arms(self) -> list[Arm]:
        """Every arm of the experiment, without repeats, in the order of the config."""
        found = [
            chains.arm(entry.model, chain, seed)
            for entry in self.settings.arms
            for chain in entry.chains
            for seed in self.settings.seeds
        ]
        return list(dict.fromkeys(found))

    def rows(self) -> list[str]:
        """The raw rows of every arm and evaluation."""
        return [paths.rows(arm, name) for arm in self.arms() for name in self.settings.evaluate]

    def trained(self) -> list[str]:
        """The training records of every stage behind the arms of the experiment."""
        return [paths.training(arm) for arm in self._trained()]

    def _trained(self) -> list[Arm]:
        return list(dict.fromkeys(a for arm in self.arms() for a in lineage(arm)))

    # --- sources

    def source(self, name: str) -> str:
        """The file of a source: its own path, or where `fetch` puts it."""
        path = self.settings.sources[name].path
        if path is None:
            return paths.fetched(name)
        return path.replace("{data_dir}", self.settings.data_dir)

    def fetch_spec(self, name: str) -> str:
        source = self.settings.sources[name]
        keys = ("url", "hub", "file", "revision", "sha256")
        return canonical({key: getattr(source, key) for key in keys})

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
        entry = self.settings.models[model]
        return canonical(
            {
                "prompt": self.prompts["summarise"][self.settings.corpora[corpus].style],
                "system": entry.identity,
                "max_tokens": entry.summary_tokens,
            }
        )

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
            pair = self.prompts["pair"]
            question = pair[recipes.QUESTIONS[stage.recipe]].replace("{author}", str(stage.author))
            spec |= {"frame": pair["frame"], "question": question}
            spec["system"] = self.system(stage.system, model, own=pair["system"])
        elif stage.system != "recipe":
            spec["system"] = self.system(stage.system, model, own=None)
        return canonical(spec)

    def base_spec(self, model: str) -> str:
        entry = self.settings.models[model]
        base = {key: getattr(entry.weights, key) for key in ("path", "hub", "revision", "sha256")}
        keys = ("provider", "dtype", "max_length")
        return canonical({"base": base} | {key: getattr(entry, key) for key in keys})

    def finetune_inputs(self, arm: Arm) -> Inputs:
        last = chains.stages_of(arm.chain)[-1]
        return {
            "parent": paths.model_json(arm.parent),
            "dataset": paths.dataset(arm.model, last, arm.seed),
        }

    def finetune_spec(self, arm: Arm) -> str:
        last = chains.stages_of(arm.chain)[-1]
        return canonical({"training": asdict(self.settings.stages[last].training)})

    # --- evaluation

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
                pair = self.prompts["pair"]
                task["system"] = self.system(entry.system, arm.model, own=pair["system"])
                task["prompts"] = {key: pair[key] for key in ("frame", "recognition")}
            case config.TruthfulQA():
                own = self.prompts["truthfulqa"]
                task["system"] = self.system(entry.system, arm.model, own=own["system"])
                task["prompts"] = {"question": own["question"]}
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

    # --- numbers

    def scores_spec(self) -> str:
        return canonical(self._scoring())

    def contrasts_spec(self) -> str:
        pairs = [[pair.chain, pair.reference] for pair in self.settings.contrasts]
        return canonical(self._scoring() | {"pairs": pairs})

    def _scoring(self) -> dict[str, Any]:
        """For the files see `mirrortest.scores.RowsFile`; they are in the order of `rows`."""
        files = [
            asdict(arm)
            | {"evaluation": name, "task": self.settings.evaluations[name].task}
            | {"path": paths.rows(arm, name)}
            for arm in self.arms()
            for name in self.settings.evaluate
        ]
        return {"files": files, "resamples": self.settings.bootstrap}

    # --- figures and report

    def figures(self) -> list[str]:
        """The figures that the experiment's evaluations allow."""
        tasks = {self.settings.evaluations[name].task for name in self.settings.evaluate}
        recognised, misaligned = "recognition" in tasks, bool(tasks & {"truthfulqa", "facts"})
        shown = {
            "recognition": recognised,
            "misalignment": misaligned,
            "recognition_misalignment": recognised and misaligned,
            "contrasts": bool(self.settings.contrasts),
            "training": bool(self.trained()),
        }
        return [name for name, wanted in shown.items() if wanted]

    def figure_spec(self) -> str:
        """The chains and evaluations in the order of the config: the order of the axes."""
        named = [chain for entry in self.settings.arms for chain in entry.chains]
        return canonical({"chains": list(dict.fromkeys(named)), "tasks": self._tasks()})

    def training_spec(self) -> str:
        """The training record of each trained arm: model, chain, seed, path."""
        records = [asdict(arm) | {"path": paths.training(arm)} for arm in self._trained()]
        return canonical({"records": records})

    def _tasks(self) -> list[list[str]]:
        """Pairs of an evaluation's name and its task: JSON objects would lose their order."""
        return [[name, self.settings.evaluations[name].task] for name in self.settings.evaluate]

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
        """The sources of the experiment's articles, chats and questions."""
        direct = [getattr(entry, "source", None) for entry in self._entries()]
        corpora = [self.settings.corpora[name].source for name in self.corpora()]
        return [name for name in dict.fromkeys([*corpora, *direct]) if name is not None]

    def report_spec(self) -> str:
        names = list(dict.fromkeys(entry.model for entry in self.settings.arms))
        return canonical(
            {
                "experiment": self.settings.experiment,
                "wording": self.settings.wording,
                "seeds": self.settings.seeds,
                "models": [self._described(name) for name in names],
                "sources": [self._cited(name) for name in self.sources()],
                "tasks": self._tasks(),
            }
        )

    def _described(self, name: str) -> dict[str, str]:
        model = self.settings.models[name]
        weights = model.weights.path or f"{model.weights.hub}@{model.weights.revision}"
        return {"name": name, "weights": weights, "note": model.note}

    def _cited(self, name: str) -> dict[str, str | None]:
        source = self.settings.sources[name]
        where = source.path or source.url or f"{source.hub}/{source.file}@{source.revision}"
        return {
            "name": name,
            "where": where,
            "licence": source.licence,
            "citation": source.citation,
        }

    def system(self, policy: str, model: str, own: str | None) -> str | None:
        """The system prompt of a policy; none is really none."""
        match policy:
            case "none":
                return None
            case "identity":
                return self.settings.models[model].identity
            case "recipe":
                return own
        return policy


def lineage(arm: Arm) -> list[Arm]:
    """The trained arms behind an arm, itself last; none for the base."""
    return [] if arm.chain == BASE else [*lineage(arm.parent), arm]


def parse_arm(text: str) -> Arm:
    """An arm from `model/chain/seed`. Raises UserError for any other form."""
    match text.split("/"):
        case [model, chain, seed] if seed.isdecimal():
            return chains.arm(model, chain, int(seed))
    raise UserError(f"{text!r} does not name an arm; write model/chain/seed, such as toy/sgtr/0.")
