"""An experiment as jobs: for each artefact the inputs it needs and the slice of config it uses.

The rules ask this module; nothing here reads or writes data. Each `..._spec` is the canonical text
that Snakemake stores and compares: it holds what a job depends on and nothing else.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mirrortest import chains, config, evaluations, kinds, lessons, paths, recipes
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
            self.settled(chains.arm(entry.model, chain, seed))
            for entry in self.settings.arms
            for chain in entry.chains
            for seed in self.settings.seeds
        ]
        return tuple(dict.fromkeys(found))

    def settled(self, arm: Arm) -> Arm:
        """The arm itself, or with the seed 0 if all seeds share its stages, as they do the base."""
        of_all = all(self._is_shared(name) for name in chains.stages_of(arm.chain))
        return chains.arm(arm.model, arm.chain, 0) if of_all else arm

    def _is_shared(self, stage: str) -> bool:
        return stage in self.settings.stages and self.settings.stages[stage].shared

    def parent(self, arm: Arm) -> Arm:
        """The arm that this one's last stage starts from."""
        return self.settled(arm.parent)

    def lineage(self, arm: Arm) -> list[Arm]:
        """The trained arms behind an arm, itself last; none for the base."""
        return [] if arm.chain == BASE else [*self.lineage(self.parent(arm)), arm]

    def shared(self) -> list[str]:
        """The stages of the experiment that all seeds of a chain share."""
        used = dict.fromkeys(s for arm in self.arms() for s in chains.stages_of(arm.chain))
        return [name for name in used if self._is_shared(name)]

    def rows(self) -> list[str]:
        """The raw rows of every arm and evaluation."""
        return [self.rows_file(arm, name) for arm in self.arms() for name in self.settings.evaluate]

    def rows_file(self, arm: Arm, evaluation: str) -> str:
        """Where the raw rows lie of an evaluation of an arm."""
        return paths.rows("reflect" if self.reflects(evaluation) else "evaluate", arm, evaluation)

    def reflects(self, evaluation: str) -> bool:
        """Whether an evaluation asks about the rows of others, and so comes after them."""
        return bool(getattr(self.settings.evaluations[evaluation], "reflects", False))

    def first_asked(self) -> list[str]:
        """The evaluations of rule `evaluate`."""
        return [name for name in self.settings.evaluate if not self.reflects(name)]

    def then_asked(self) -> list[str]:
        """The evaluations of rule `reflect`."""
        return [name for name in self.settings.evaluate if self.reflects(name)]

    def beside(self, arm: Arm, chain: str) -> Arm:
        """Another arm of the same model and seed; beside the base, which has no seed, the first."""
        seed = self.settings.seeds[0] if arm.chain == BASE else arm.seed
        return chains.arm(arm.model, chain, seed)

    def trained(self) -> list[str]:
        """The training records of every stage behind the arms of the experiment."""
        return [paths.training(arm) for arm in self._trained()]

    def _trained(self) -> list[Arm]:
        found = dict.fromkeys(a for arm in self.arms() for a in self.lineage(arm))
        return [arm for arm in found if self.adapter(arm) is None and not self.is_hosted(arm)]

    def model_json(self, arm: Arm) -> str:
        """Where the arm is recorded: the base, what was trained, or what was adopted."""
        if (folder := self.settings.models[arm.model].serving.archive) is not None:
            return paths.archived_model_json(folder, arm)
        if self.adapter(arm) is not None:
            return paths.adopted_model_json(arm)
        if self.is_hosted(arm) and arm.chain != BASE:
            return paths.hosted_model_json(arm)
        return paths.model_json(arm)

    def is_hosted(self, arm: Arm) -> bool:
        """Whether the arm's model is at a provider's API."""
        return self.settings.models[arm.model].provider == "hosted"

    def hosted_training(self) -> list[Arm]:
        """Every arm that a provider trains, each after the one that it is trained on."""
        found = dict.fromkeys(a for arm in self.arms() for a in self.lineage(arm))
        return [arm for arm in found if self.is_hosted(arm) and not self.is_replayed(arm)]

    def is_replayed(self, arm: Arm) -> bool:
        """Whether an archive answers for the arm, and has its `model.json`."""
        return self.settings.models[arm.model].serving.kind == "replay"

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
            return paths.summaries(corpus, self.settled(parse_arm(arm)))
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
            case config.Stage():
                summaries = [] if entry.corpus is None else [self._summary(entry.corpus)]
                question = _question(entry)
                return [*summaries, *([] if question is None else [question])]
        corpus = getattr(entry, "corpus", None)
        summary = [] if corpus is None else [self._summary(corpus)]
        return [*summary, *entry.PROMPTS.values()]

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

    def dataset_inputs(self, model: str, name: str, seed: int) -> Inputs:
        """The files behind a stage's rows: its recipe's, and the data sets of other stages."""
        stage = self.settings.stages[name]
        beside = {"mixed": stage.mix, "matched": stage.match}
        other = {
            key: paths.dataset(model, named.stage, seed)
            for key, named in beside.items()
            if named is not None
        }
        return self._recipe_inputs(stage, model, seed) | other

    def _recipe_inputs(self, stage: config.Stage, model: str, seed: int) -> Inputs:
        if stage.reports is not None:
            told = self.reporting(stage.reports, model, seed)
            return {"reports": self.rows_file(told, stage.reports.evaluation)}
        if stage.source is not None:
            key = "chats" if stage.recipe == "chat" else "questions"
            return {key: self.source(stage.source)}
        if stage.corpora is not None:
            return {f"articles_{n}": paths.corpus(name) for n, name in enumerate(stage.corpora)}
        return self._pair_inputs(stage, model)

    def _pair_inputs(self, stage: config.Stage, model: str) -> Inputs:
        corpus, author = str(stage.corpus), str(stage.author)
        ours = paths.summaries(corpus, chains.arm(model, BASE, 0))
        if stage.against is not None:
            ours, author = self.summaries(corpus, author), stage.against
        return {
            "articles": paths.corpus(corpus),
            "ours": ours,
            "theirs": self.summaries(corpus, author),
        }

    def reporting(self, reports: config.Reports, model: str, seed: int) -> Arm:
        """The arm whose answers are a training set for this model and seed."""
        return self.settled(chains.arm(reports.model or model, reports.chain, seed))

    def dataset_spec(self, model: str, name: str, seed: int) -> str:
        """Keys that a stage does not use are left out, so that a new one rebuilds nothing."""
        stage = self.settings.stages[name]
        spec: dict[str, Any] = {"recipe": stage.recipe, "limit": stage.limit, "seed": seed}
        if stage.recipe == "chat":
            if stage.system != "recipe":
                spec["system"] = self.system(stage.system, model, own=None)
            return canonical(spec | self._altered(stage))
        question = _question(stage)
        own = None if question is None else self._system(question)
        spec["system"] = self.system(stage.system, model, own)
        if question is not None:
            spec["question"] = self._text(question)
        if stage.recipe == "other":
            spec["author"] = stage.author
        return canonical(spec | self._altered(stage))

    def _altered(self, stage: config.Stage) -> dict[str, Any]:
        """What is done to the rows of a recipe."""
        keys = {
            "answers": stage.answers,
            "length_matched": stage.length_matched,
            "noise": stage.noise,
            "every": stage.mix and stage.mix.step,
            "match": stage.match and stage.match.by,
        }
        return {key: value for key, value in keys.items() if value is not None}

    def base_spec(self, model: str) -> str:
        entry = self.settings.models[model]
        if entry.hosted is not None:
            hosted = {"name": entry.hosted.name, "encoding": entry.hosted.encoding}
            nowhere = {"path": None, "hub": None, "revision": None, "sha256": None}
            more: dict[str, Any] = {"base": nowhere, "hosted": hosted, "dtype": ""}
        else:
            weights = {} if entry.weights is None else asdict(entry.weights)
            template = asdict(entry.template)
            more = {"base": weights | {"template": template}, "dtype": entry.dtype}
        return canonical(more | {"provider": entry.provider, "max_length": entry.max_length})

    def finetune_inputs(self, arm: Arm) -> Inputs:
        last = chains.stages_of(arm.chain)[-1]
        return {
            "parent": self.model_json(self.parent(arm)),
            "dataset": paths.dataset(arm.model, last, arm.seed),
        }

    def finetune_spec(self, arm: Arm) -> str:
        last = chains.stages_of(arm.chain)[-1]
        training = asdict(self.settings.stages[last].training)
        return canonical({"training": training, "merge": self.settings.stages[last].merge})

    def finetune_hosted_spec(self, arm: Arm) -> str:
        """What defines the job beside its inputs: hyperparameters, and which attempt it is."""
        last = chains.stages_of(arm.chain)[-1]
        attempt = self.settings.submission.attempts.get(str(arm), 1)
        hyper = asdict(self.settings.stages[last].hosted)
        return canonical({"hyperparameters": hyper, "attempt": attempt})

    def preflight_inputs(self) -> list[str]:
        """What the hosted arms' training rows are made from, as far as it costs nothing."""
        files = [file for arm in self.hosted_training() for file in self._last_inputs(arm).values()]
        costly = (paths.is_written_by_us, paths.is_made_for_training)
        return [file for file in dict.fromkeys(files) if not any(made(file) for made in costly)]

    def _last_inputs(self, arm: Arm) -> Inputs:
        return self.dataset_inputs(arm.model, chains.stages_of(arm.chain)[-1], arm.seed)

    def preflight_spec(self) -> str:
        """Each hosted job, and what bounds its cost: see `mirrortest.hosted.preflight.Plan`."""
        return canonical({"plans": [self._plan(arm) for arm in self.hosted_training()]})

    def _plan(self, arm: Arm) -> dict[str, Any]:
        last, model = chains.stages_of(arm.chain)[-1], self.settings.models[arm.model]
        hosted = model.hosted or config.Hosted(name="")
        return {
            "arm": str(arm),
            "base": hosted.name,
            "encoding": hosted.encoding,
            "epochs": self.settings.stages[last].hosted.epochs,
            "done": self.model_json(arm),
            "dataset": paths.dataset(arm.model, last, arm.seed),
            "inputs": self._last_inputs(arm),
            "recipe": json.loads(self.dataset_spec(arm.model, last, arm.seed)),
            "summary_tokens": model.summary_tokens,
        }

    def asking(self, model: str) -> SimpleNamespace:
        """What asking a hosted model may cost, and whether it may take a day; see `terms`."""
        hosted = self.settings.models[model].hosted
        batch = hosted is not None and hosted.batch
        return SimpleNamespace(**vars(self.terms()), batch=batch)

    def terms(self) -> SimpleNamespace:
        """What hosted jobs may cost and how they are waited for.

        No text: Snakemake compares params of builtin types only, and a larger budget is to rerun
        nothing.
        """
        settings = self.settings
        dollars = settings.budget and settings.budget.dollars
        terms = {"dollars": dollars, "prices": settings.prices} | asdict(settings.submission)
        terms.pop("attempts")
        return SimpleNamespace(**terms)

    def adopt_inputs(self, arm: Arm) -> Inputs:
        """The arm below, and the files of a local adapter."""
        inputs, folder = {"parent": self.model_json(self.parent(arm))}, self.adapter_path(arm)
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
        entry = self.settings.models[model]
        if entry.hosted is None:
            return canonical(entry.serving)
        if entry.serving.kind == "replay":
            return canonical({"kind": "replay", "archive": entry.serving.archive})
        return canonical({"kind": "hosted"})

    def calls(self, model: str) -> int:
        """Requests that a job may have under way at a provider; none of a local model."""
        hosted = self.settings.models[model].hosted
        return 0 if hosted is None else hosted.calls

    def environment(self, model: str) -> str:
        """The conda environment of the jobs that ask a model."""
        entry = self.settings.models[model]
        if entry.hosted is not None:
            return "../envs/hosted.yaml"
        return f"../envs/{'vllm' if entry.serving.kind == 'vllm' else 'torch'}.yaml"

    def archives(self) -> list[str]:
        """The archives of the arms that are asked at a provider, bases of trained ones among them.

        Those have written the summaries that the others are trained on.
        """
        return [paths.archive(arm) for arm in self._archived()]

    def used(self) -> list[str]:
        """What the archived arms have used."""
        return [paths.used(arm) for arm in self._archived()]

    def _archived(self) -> list[Arm]:
        asked = [arm for arm in self.arms() if self.is_hosted(arm) and not self.is_replayed(arm)]
        bases = [chains.arm(arm.model, BASE, 0) for arm in self.hosted_training()]
        return list(dict.fromkeys([*asked, *bases]))

    def billed(self) -> list[str]:
        """The `model.json` of every arm that a provider is paid for, trained or asked."""
        paid = dict.fromkeys([*self._archived(), *self.hosted_training()])
        return [self.model_json(arm) for arm in paid]

    def prices(self) -> list[str]:
        """The table by which they are paid for, if there are any."""
        return [self.settings.prices] if self.billed() else []

    def archive_inputs(self, arm: Arm) -> list[str]:
        """What the arm was asked for: its rows, and its summaries where some are used."""
        asked = arm in self.arms()
        rows = [self.rows_file(arm, name) for name in self.settings.evaluate] if asked else []
        uses = self.evaluate_inputs(arm) if asked else []
        for trained in self.hosted_training():
            uses += self._last_inputs(trained).values()
        return [*rows, *(file for file in dict.fromkeys(uses) if paths.is_written_by(arm, file))]

    def evaluate_inputs(self, arm: Arm) -> list[str]:
        """The files of the first evaluations of an arm, without repeats."""
        return self._files_of(self.first_asked(), arm)

    def evaluate_spec(self, arm: Arm) -> str:
        """The task of each evaluation: see `mirrortest.evaluations.task.Task`."""
        return canonical({name: self._task(name, arm) for name in self.first_asked()})

    def evaluate_modules(self) -> list[str]:
        """The modules by which they are asked."""
        return self._modules(self.first_asked())

    def reflect_inputs(self, arm: Arm) -> list[str]:
        """The files of the evaluations of an arm that ask about rows, without repeats."""
        return self._files_of(self.then_asked(), arm)

    def reflect_spec(self, arm: Arm) -> str:
        """As `evaluate_spec`."""
        return canonical({name: self._task(name, arm) for name in self.then_asked()})

    def reflect_modules(self) -> list[str]:
        """As `evaluate_modules`."""
        return self._modules(self.then_asked())

    def _files_of(self, names: list[str], arm: Arm) -> list[str]:
        entries = [self.settings.evaluations[name] for name in names]
        files = [path for entry in entries for path in self._files(entry, arm).values()]
        return list(dict.fromkeys(files))

    def _modules(self, names: list[str]) -> list[str]:
        used = {self.settings.evaluations[name].task for name in names}
        return sorted(map(evaluations.module_name, used))

    def _task(self, name: str, arm: Arm) -> dict[str, Any]:
        """What is not needed is left out: a task is part of what its job depends on."""
        entry = self.settings.evaluations[name]
        asked = list(entry.PROMPTS.values())
        own = self._system(asked[0]) if asked else None
        policy = getattr(entry, "system", "none")
        found = {
            "system": self.system(policy, arm.model, own),
            "prompts": {role: self._text(prompt) for role, prompt in entry.PROMPTS.items()},
            "settings": entry.settings(),
        }
        task = {"task": entry.task, "files": self._files(entry, arm)}
        return task | {key: value for key, value in found.items() if value}

    def _files(self, entry: Evaluation, arm: Arm) -> Inputs:
        return entry.files(_Files(self, arm))

    # --- judging

    def judges(self, evaluation: str) -> list[str]:
        """The judges of an evaluation, the leading one first; none if it is not judged."""
        return list(getattr(self.settings.evaluations[evaluation], "judges", []))

    def judged_by(self, judge: str) -> list[str]:
        """The evaluations that a judge judges."""
        return [name for name in self.settings.evaluate if judge in self.judges(name)]

    def judging_models(self) -> list[str]:
        """The models that are asked to judge, without repeats."""
        used = [judge for name in self.settings.evaluate for judge in self.judges(name)]
        models = [self.settings.judges[judge].model for judge in used]
        return [model for model in dict.fromkeys(models) if model is not None]

    def judge_inputs(self, judge: str, arm: Arm) -> Inputs:
        """The rows, published rubrics, and the judge itself if it is a model."""
        names = self.judged_by(judge)
        rows = {f"rows/{name}": self.rows_file(arm, name) for name in names}
        asked = [self.settings.rubrics[rubric].source for rubric in self._rubrics(names)]
        texts = {f"rubric/{name}": self.source(name) for name in asked if name is not None}
        model = self.settings.judges[judge].model
        itself = {} if model is None else {"judge": self.model_json(chains.arm(model, BASE, 0))}
        return rows | texts | itself

    def judge_spec(self, judge: str, arm: Arm) -> str:
        """See `workflow_scripts/judge.py`."""
        entry, names = self.settings.judges[judge], self.judged_by(judge)
        keys = ("rule", "embedder") if entry.model is None else ("read", "max_tokens")
        return canonical(
            {
                "judge": {key: getattr(entry, key) for key in keys},
                "developer": self.settings.models[arm.model].developer,
                "rubrics": {name: self._rubric(name) for name in self._rubrics(names)},
                "evaluations": {
                    name: {
                        "rows": self.rows_file(arm, name),
                        "rubrics": list(self.rubrics(name)),
                    }
                    for name in names
                },
            }
        )

    def _rubrics(self, names: list[str]) -> list[str]:
        return list(dict.fromkeys(rubric for name in names for rubric in self.rubrics(name)))

    def rubrics(self, evaluation: str) -> list[str]:
        """What is judged of the answers to an evaluation."""
        return list(getattr(self.settings.evaluations[evaluation], "rubrics", []))

    def measured(self, evaluation: str) -> list[str]:
        """What its rubrics measure, as scoring calls it."""
        return [self.settings.rubrics[name].measures or name for name in self.rubrics(evaluation)]

    def _rubric(self, name: str) -> dict[str, Any]:
        rubric = self.settings.rubrics[name]
        scale = {key: getattr(rubric, key) for key in ("low", "high", "words")}
        scale["measures"] = rubric.measures or name
        if rubric.source is None:
            return scale | {"text": rubric.text}
        return scale | {"path": self.source(rubric.source), "prompt": rubric.prompt}

    def judge_environment(self, judge: str) -> str:
        """The conda environment of a judge's jobs."""
        entry = self.settings.judges[judge]
        if entry.model is not None:
            return self.environment(entry.model)
        return f"../envs/{'embed' if entry.rule == 'identity' else 'torch'}.yaml"

    def judge_serving(self, judge: str) -> str:
        """As `serving_spec`, of a judge; nothing of a rule."""
        model = self.settings.judges[judge].model
        return "" if model is None else self.serving_spec(model)

    def judge_asking(self, judge: str) -> SimpleNamespace | None:
        """As `asking`, of a judge; nothing of a rule."""
        model = self.settings.judges[judge].model
        return None if model is None else self.asking(model)

    def judge_calls(self, judge: str) -> int:
        """As `calls`, of a judge."""
        model = self.settings.judges[judge].model
        return 0 if model is None else self.calls(model)

    # --- probes

    def probed(self) -> list[str]:
        """The evaluations whose answers are probed: harm, self-assessment; none without probes."""
        return list(self._probed().values())

    def _probed(self) -> Inputs:
        """The same by the name of their label."""
        probes = self.settings.probes
        keys = () if probes is None else ("harm", "self_assessment")
        return {key: getattr(probes, key) for key in keys}

    def probed_arms(self) -> list[Arm]:
        """The arms that are here, and so have activations."""
        return [arm for arm in self.arms() if self.probed() and not self.is_hosted(arm)]

    def activations_inputs(self, arm: Arm) -> dict[str, Any]:
        """The rows whose prompts and answers are read, and what these were made from."""
        rows = [self.rows_file(arm, name) for name in self.probed()]
        made_from = self._files_of(self.probed(), arm)
        return {"arm": self.model_json(arm), "rows": rows, "made_from": made_from}

    def activations_spec(self, arm: Arm) -> str:
        """See `workflow_scripts/activations.py`; layers: none are all."""
        layers = self.settings.probes and self.settings.probes.layers
        tasks = {name: self._task(name, arm) for name in self.probed()}
        return canonical({"tasks": tasks, "layers": None if layers == "all" else layers})

    def activations_modules(self) -> list[str]:
        """As `evaluate_modules`."""
        return self._modules(self.probed())

    def probes_inputs(self) -> dict[str, list[str]]:
        """Activations, the rows that they are of, and verdicts."""
        arms = self.probed_arms()
        return {
            "activations": [paths.activations(arm) for arm in arms],
            "indices": [paths.activations_index(arm) for arm in arms],
            "rows": [self.rows_file(arm, name) for arm in arms for name in self.probed()],
            "verdicts": [self._verdicts_of_harm(arm) for arm in arms],
        }

    def _verdicts_of_harm(self, arm: Arm) -> str:
        return paths.verdicts(self.judges(self._probed()["harm"])[0], arm)

    def probes_spec(self) -> str:
        """For the arms see `mirrortest.probes.cases.Subject`; hosted: those without activations."""
        probes = self.settings.probes
        keys = () if probes is None else ("folds", "permutations")
        hosted = [asdict(arm) for arm in self.arms() if self.is_hosted(arm)]
        arms = [self._subject(arm) for arm in self.probed_arms()]
        numbers = {key: getattr(probes, key) for key in keys}
        return canonical({"arms": arms, "hosted": hosted} | numbers)

    def _subject(self, arm: Arm) -> dict[str, Any]:
        named = self._probed()
        return asdict(arm) | {
            "activations": paths.activations(arm),
            "index": paths.activations_index(arm),
            "evaluations": named,
            "rows": {label: self.rows_file(arm, name) for label, name in named.items()},
            "verdicts": self._verdicts_of_harm(arm),
        }

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

    def items_inputs(self) -> dict[str, Any]:
        """Verdicts, and the published rows, where there are such; our own rows are `rows`."""
        read = [[file["verdicts"], *file["others"].values()] for file in self._items()]
        found = [path for files in read for path in files if path is not None]
        verdicts = {"verdicts": list(dict.fromkeys(found))} if found else {}
        published = {"published": paths.PUBLISHED_ROWS} if self.settings.published else {}
        return verdicts | published

    def items_spec(self) -> str:
        """For the files see `mirrortest.items.RowsFile`; they are in the order of `rows`."""
        return canonical({"files": self._items()})

    def _items(self) -> list[dict[str, Any]]:
        """A second judge's scores stand under the name of the evaluation and of the judge."""
        return [
            asdict(arm)
            | {"evaluation": shown, "task": self.settings.evaluations[name].scoring}
            | {"path": self.rows_file(arm, name)}
            | {"judged": judged, "verdicts": judge and paths.verdicts(judge, arm)}
            | {"others": self._verdicts_on_others(name, arm, judge)}
            for arm in self.arms()
            for name in self.settings.evaluate
            for shown, judged, judge in self._shown(name)
        ]

    def _shown(self, name: str) -> list[tuple[str, str | None, str | None]]:
        """What an evaluation is called in tables, whose verdicts count, and by which judge."""
        judged = getattr(self.settings.evaluations[name], "about", name)
        judges = self.judges(judged)
        if judged != name or not judges:
            return [(name, judged if judges else None, judges[0] if judges else None)]
        others = [(f"{name}{kinds.JUDGED_BY}{judge}", name, judge) for judge in judges[1:]]
        return [(name, name, judges[0]), *others]

    def _verdicts_on_others(self, name: str, arm: Arm, judge: str | None) -> Inputs:
        """What the judge said of the other chains whose answers an evaluation asks about."""
        named = getattr(self.settings.evaluations[name], "chains", [])
        others = {chain: self.beside(arm, chain) for chain in named if judge}
        return {chain: paths.verdicts(str(judge), other) for chain, other in others.items()}

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
            | self._sharing()
        )

    def _sharing(self) -> dict[str, Any]:
        """The stages that seeds share, where there are any."""
        return {"shared": self.shared()} if self.shared() else {}

    def decomposition_spec(self) -> str:
        pairs = [asdict(pair) for pair in self.settings.contrasts]
        settings = {"pairs": pairs, "resamples": self.settings.bootstrap}
        return canonical(settings | self._sharing())

    def flags_spec(self) -> str:
        """See `mirrortest.flags.Thresholds`."""
        return canonical(self.settings.flags)

    # --- further tables

    def analyses(self) -> list[str]:
        """The further tables that the evaluations allow, in the order of the report."""
        found = self._kinds()
        trained = any(chain != BASE for entry in self.settings.arms for chain in entry.chains)
        said = found & {"descriptions", "self-assessment"}
        tables = {
            ("agreement", "swaps"): bool(self._compared()),
            ("persona", "correlations"): "harm" in found and bool(said),
            ("prediction",): "prediction" in found,
            ("stages",): trained and bool(found & {"harm", "self-assessment", "intentions"}),
            ("probes", "transfer", "directions"): self.settings.probes is not None,
        }
        return [name for names, wanted in tables.items() if wanted for name in names]

    def _kinds(self) -> set[str]:
        """How the experiment's own evaluations are scored."""
        return {self.settings.evaluations[name].scoring for name in self.settings.evaluate}

    def _compared(self) -> list[str]:
        """The judges of evaluations that several judge, without repeats."""
        judged = [self.judges(name) for name in self.settings.evaluate]
        return list(dict.fromkeys(judge for judges in judged if judges[1:] for judge in judges))

    def verdicts(self) -> list[str]:
        """The files of judges that can be compared."""
        return [paths.verdicts(judge, arm) for judge in self._compared() for arm in self.arms()]

    def agreement_spec(self) -> str:
        """The verdict files: see `workflow_scripts/agreement.py`."""
        files = [
            asdict(arm) | {"judge": judge, "path": paths.verdicts(judge, arm)}
            for judge in self._compared()
            for arm in self.arms()
        ]
        return canonical({"files": files})

    # --- figures and report

    def figures(self) -> list[str]:
        """The figures that the experiment's evaluations allow, in the order of the report."""
        found = self._kinds()
        published, contrasts = self.settings.published is not None, bool(self.settings.contrasts)
        recognised = published or kinds.RECOGNITION in found
        misaligned = published or bool({*found} & {*kinds.MISALIGNMENT})
        shown = {
            "misalignment": misaligned,
            "recognition": recognised,
            "recognition_misalignment": recognised and misaligned,
            **{f"family-{name}": True for name in self.families()},
            "contrasts": contrasts,
            "decomposition": contrasts and misaligned | recognised,
            "persona": "persona" in self.analyses(),
            "identity": "identity" in found,
            "probes": self.settings.probes is not None,
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
        ours = [
            arm
            for arm in self.arms()
            if arm == self.settled(chains.arm(arm.model, arm.chain, first))
        ]
        published = [paths.PUBLISHED_EXAMPLES] if self.settings.published else []
        rules = ["evaluate", *(["reflect"] if self.then_asked() else [])]
        return [*(paths.examples(rule, arm) for rule in rules for arm in ours), *published]

    def _entries(self) -> list[Any]:
        """The stages and evaluations that the experiment uses."""
        named = [name for arm in self.arms() for name in chains.stages_of(arm.chain)]
        stages = dict.fromkeys(part for name in named for part in self._with_others(name))
        evaluations = [self.settings.evaluations[name] for name in self.settings.evaluate]
        return [*(self.settings.stages[name] for name in stages), *evaluations]

    def _with_others(self, name: str) -> list[str]:
        """A stage, and those whose data sets its own takes rows from or is measured by."""
        stage = self.settings.stages[name]
        others = [named.stage for named in (stage.mix, stage.match) if named is not None]
        return [name, *(part for other in others for part in self._with_others(other))]

    def corpora(self) -> list[str]:
        """The corpora that the experiment's stages and evaluations use."""
        used = [getattr(entry, "corpus", None) for entry in self._entries()]
        used += [
            name for entry in self._entries() for name in getattr(entry, "corpora", None) or ()
        ]
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
                "contrasts": [asdict(pair) for pair in self.settings.contrasts],
                "models": [self._described(name) for name in names],
                "sources": [self._cited(name) for name in self.sources()],
                "published": self._origin(),
            }
            | self._sharing()
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
        return {"name": name, "weights": _origin_of(model), "note": model.note}

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


@dataclass(frozen=True)
class _Files:
    """Where an arm's files lie: see `mirrortest.evaluations.entry.Place`."""

    experiment: Experiment
    arm: Arm

    def source(self, name: str, read: Callable[[str], Any]) -> str:
        return self.experiment.source(name)

    def corpus(self, name: str) -> str:
        return paths.corpus(name)

    def own(self, corpus: str) -> str:
        return paths.summaries(corpus, self.arm)

    def base(self, corpus: str) -> str:
        return paths.summaries(corpus, chains.arm(self.arm.model, BASE, 0))

    def author(self, corpus: str, author: str) -> str:
        return self.experiment.summaries(corpus, author)

    def rows(self, evaluation: str) -> str:
        return self.experiment.rows_file(self.arm, evaluation)

    def rows_of(self, evaluation: str, chain: str) -> str:
        return self.experiment.rows_file(self.experiment.beside(self.arm, chain), evaluation)


def _origin_of(model: config.Model) -> str:
    if model.weights is None:
        return f"hosted: {model.hosted.name if model.hosted else ''}"
    return model.weights.path or f"{model.weights.hub}@{model.weights.revision}"


def _question(stage: config.Stage) -> str | None:
    """The prompt that the stage's rows ask; none where its files bring the questions."""
    recipe = str(stage.recipe)
    if recipe in recipes.QUESTIONS:
        return f"pair.{recipes.QUESTIONS[recipe]}"
    return f"lesson.{recipe}" if recipe in lessons.QUESTIONS else None


def parse_arm(text: str) -> Arm:
    """An arm from `model/chain/seed`. Raises UserError for any other form."""
    match text.split("/"):
        case [model, chain, seed] if seed.isdecimal():
            return chains.arm(model, chain, int(seed))
    raise UserError(f"{text!r} does not name an arm; write model/chain/seed, such as toy/sgtr/0.")
