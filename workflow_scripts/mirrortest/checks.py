"""Whether a configuration makes sense, found while it is read.

Snakemake swallows errors of input functions once the outputs exist, so every reference, cycle and
shipped or local file that the experiment uses is checked here, before the graph is built.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mirrortest import (
    articles,
    chains,
    chats,
    config,
    excerpts,
    keys,
    lessons,
    paths,
    questions,
    sources,
)
from mirrortest.chains import BASE, Arm
from mirrortest.errors import UserError, unknown, unlisted
from mirrortest.experiment import Experiment, parse_arm
from mirrortest.hosted import prices
from mirrortest.judging import rubrics
from mirrortest.prompts import Wording
from mirrortest.published import naming

Above = tuple[Arm | str, ...]
"""What needs something: arms, and data sets by their paths."""


class Use(NamedTuple):
    """A source that the experiment uses, for what, and how it is read."""

    source: str
    where: str
    read: Callable[[str], Any]


def check(experiment: Experiment, files: bool = True) -> None:
    """Raises UserError, one sentence, for the first thing that is wrong.

    files: whether to read files, too. A job's process need not: the main one has read them.
    """
    settings = experiment.settings
    _check_repeats(settings)
    for name in settings.evaluate:
        _known("evaluation", name, settings.evaluations)
        if name == "examples":
            raise UserError("evaluation 'examples' has the name of a file beside it; rename it.")
    uses = [use for arm in experiment.arms() for use in _arm(settings, arm, ())]
    for name in settings.evaluate:
        uses += _evaluation(experiment, name)
    _check_probes(experiment)
    _check_replicates(settings)
    _check_published(settings)
    _check_contrasts(settings)
    if not files:
        return
    asked = [arm.model for arm in experiment.arms()] + experiment.judging_models()
    for model in dict.fromkeys(asked):
        _check_model(experiment, model)
    _check_submission(experiment)
    uses += _wording(experiment)
    for use in dict.fromkeys(uses):
        _check_file(experiment, use)


def _known(what: str, name: str, registry: Iterable[str]) -> None:
    if name not in registry:
        raise unknown(what, name, registry)


def _listed(
    what: str, name: str, listed: Iterable[str], place: str, mend: str = "add it there"
) -> None:
    if name not in listed:
        raise unlisted(what, name, listed, place, mend)


def _check_repeats(settings: config.Config) -> None:
    _check_once("evaluate lists", settings.evaluate)
    _check_once("seeds lists", settings.seeds)
    for name in settings.evaluate:
        judges = getattr(settings.evaluations.get(name), "judges", [])
        _check_once(f"evaluation {name}: judges lists", judges)
    for entry in settings.arms:
        _check_once(f"arms: {entry.model} lists the chain", entry.chains)


def _check_once(where: str, listed: list[Any]) -> None:
    for one in listed:
        if listed.count(one) > 1:
            raise UserError(f"{where} {one!r} twice; delete one.")


def _arm(settings: config.Config, arm: Arm, above: Above) -> list[Use]:
    """What the arm is made from, and the arms that wrote some of it; `above` needs this one."""
    _check_circle(arm, above)
    _known("model", arm.model, settings.models)
    for name in chains.stages_of(arm.chain):
        _check_member(settings, arm, name)
    _check_shared(settings, arm)
    uses = []
    for part in Experiment(settings, Wording()).lineage(arm):
        uses += _stage(settings, part, chains.stages_of(part.chain)[-1], (*above, arm))
        _check_adapter(settings, part)
    return uses


def _check_circle(needed: Arm | str, above: Above) -> None:
    if needed in above:
        circle = [*above[above.index(needed) :], needed]
        what = "arms" if isinstance(needed, Arm) else "data sets"
        shown = [str(each) for each in circle if what == "data sets" or isinstance(each, Arm)]
        path = " needs ".join(shown)
        raise UserError(f"the {what} depend on each other in a circle: {path}; break it.")


def _check_shared(settings: config.Config, arm: Arm) -> None:
    """What is one for all seeds stands on nothing that each seed has for itself."""
    stages = chains.stages_of(arm.chain)
    for below, name in itertools.pairwise(stages):
        if settings.stages[name].shared and not settings.stages[below].shared:
            raise UserError(
                f"chain {arm.chain!r}: stage {name} is shared by all seeds and stands on {below}, "
                "of which each seed has its own; put it first, or set its `shared` to false."
            )


def _check_adapter(settings: config.Config, arm: Arm) -> None:
    """What stands in for the arm's last stage, if that was trained elsewhere, fits and is there."""
    name = chains.stages_of(arm.chain)[-1]
    found = settings.stages[name].adapter
    if found is None:
        return
    if found.above != arm.parent.chain:
        raise UserError(
            f"chain {arm.chain!r}: the adapter of stage {name} was trained on top of "
            f"{found.above!r}, not of {arm.parent.chain!r}; use it there, or correct its `above`."
        )
    if found.revisions is not None and str(arm.seed) not in found.revisions:
        seeds = ", ".join(sorted(found.revisions))
        raise UserError(f"stage {name} has no revision for seed {arm.seed}; it has {seeds}.")
    folder = Experiment(settings, Wording()).adapter_path(arm)
    for file in paths.ADAPTER_FILES.values() if folder is not None else ():
        if not Path(str(folder), file).is_file():
            raise UserError(f"stage {name}: {folder}/{file} does not exist; mend the path.")


def _check_replicates(settings: config.Config) -> None:
    """Every seed is a replicate: something must differ between them."""
    for chain in {chain for entry in settings.arms for chain in entry.chains} - {BASE}:
        adopted = [settings.stages[name].adapter for name in chains.stages_of(chain)]
        if len(settings.seeds) > 1 and all(a and not a.of_each_seed for a in adopted):
            raise UserError(
                f"chain {chain!r} is one adapter for all seeds, so that its seeds are no "
                "replicates; give one seed, or adapters named with {seed}."
            )


def _check_member(settings: config.Config, arm: Arm, name: str) -> None:
    if name == BASE:
        raise UserError(f"chain {arm.chain!r}: `base` stands for no stage at all; leave it out.")
    _known(f"chain {arm.chain!r}: stage", name, settings.stages)
    model, stage = settings.models[arm.model], settings.stages[name]
    serving = model.serving.kind
    if stage.merge and model.provider == "local" and serving != "transformers":
        raise UserError(
            f"chain {arm.chain!r}: stage {name} merges what is below it, which cannot be asked by "
            f"{serving}; set the serving kind of model {arm.model} to transformers, or merge to "
            "false."
        )
    only = "local" if stage.adapter is not None else stage.provider
    if only not in (None, model.provider):
        raise UserError(
            f"chain {arm.chain!r} mixes hosted and local stages: stage {name} is {only}, model "
            f"{arm.model} is {model.provider}; give each model stages of its own provider."
        )


READERS: dict[str, Callable[[str], Any]] = {
    "chat": chats.read_chats,
    "multiple-choice": lessons.read_choices,
    "trivia": questions.read_questions,
}


def _stage(settings: config.Config, arm: Arm, name: str, above: Above) -> list[Use]:
    """What a stage's data set for this arm's model and seed is made from."""
    stage, where = settings.stages[name], f"stage {name}"
    if stage.adapter is not None:
        return []
    made = paths.dataset(arm.model, name, arm.seed)
    _check_circle(made, above)
    _check_system(settings, stage, where)
    uses = _recipe(settings, arm, name, (*above, made))
    for key, named in (("mix", stage.mix), ("match", stage.match)):
        if named is not None:
            _check_other(settings, named.stage, f"{where}: {key}")
            uses += _stage(settings, arm, named.stage, (*above, made))
    return uses


def _check_other(settings: config.Config, name: str, where: str) -> None:
    _known(f"{where}: stage", name, settings.stages)
    if settings.stages[name].adapter is not None:
        raise UserError(
            f"{where}: stage {name} is a published adapter without a data set; name a stage that "
            "has a recipe."
        )


def _recipe(settings: config.Config, arm: Arm, name: str, above: Above) -> list[Use]:
    stage, where = settings.stages[name], f"stage {name}"
    if stage.reports is not None:
        return _reports(settings, arm, stage.reports, f"{where}: reports", above)
    if stage.source is not None:
        return [_use(settings, stage.source, where, READERS[str(stage.recipe)])]
    if stage.corpora is not None:
        return [_corpus(settings, corpus, where) for corpus in stage.corpora]
    corpus = str(stage.corpus)
    uses = [_corpus(settings, corpus, where)]
    for author in (stage.author, stage.against):
        if author is not None:
            uses += _author(settings, corpus, author, where, above)
    return uses


def _reports(
    settings: config.Config, arm: Arm, reports: config.Reports, where: str, above: Above
) -> list[Use]:
    """What the arm is made from whose answers are taken, and all that it is asked."""
    _known(f"{where}: evaluation", reports.evaluation, settings.evaluations)
    if reports.evaluation not in settings.evaluate:
        raise UserError(f"{where}: {reports.evaluation!r} is not asked; add it to `evaluate`.")
    experiment = Experiment(settings, Wording())
    told = experiment.reporting(reports, arm.model, arm.seed)
    if told not in experiment.arms():
        raise UserError(
            f"{where}: {told} is no arm of the experiment; add its chain to `arms`, and its seed "
            "to `seeds`."
        )
    uses = _arm(settings, told, above)
    reflects = experiment.reflects(reports.evaluation)
    for name in experiment.then_asked() if reflects else experiment.first_asked():
        found = _Uses(settings, f"evaluation {name}", (*above, told))
        settings.evaluations[name].files(found)
        uses += found.uses
    return uses


def _evaluation(experiment: Experiment, name: str) -> list[Use]:
    settings, where = experiment.settings, f"evaluation {name}"
    entry = settings.evaluations[name]
    _check_system(settings, entry, where)
    _check_about(experiment, name)
    found = _Uses(settings, where)
    entry.files(found)
    return found.uses + _judged(experiment, name, where)


@dataclass(frozen=True)
class _Uses:
    """What an evaluation's entry asks for: see `mirrortest.evaluations.entry.Place`."""

    settings: config.Config
    where: str
    above: Above = ()
    uses: list[Use] = field(default_factory=list)

    def source(self, name: str, read: Callable[[str], Any]) -> str:
        self.uses.append(_use(self.settings, name, self.where, read))
        return name

    def corpus(self, name: str) -> str:
        self.uses.append(_corpus(self.settings, name, self.where))
        return name

    def own(self, corpus: str) -> str:
        return self.corpus(corpus)

    def base(self, corpus: str) -> str:
        return self.corpus(corpus)

    def author(self, corpus: str, author: str) -> str:
        self.uses.extend(_author(self.settings, corpus, author, self.where, self.above))
        return author

    def rows(self, evaluation: str) -> str:
        _listed(f"{self.where}: evaluation", evaluation, self.settings.evaluate, "`evaluate`")
        return evaluation

    def rows_of(self, evaluation: str, chain: str) -> str:
        for model in dict.fromkeys(entry.model for entry in self.settings.arms):
            arms = [entry.chains for entry in self.settings.arms if entry.model == model]
            named = [name for one in arms for name in one]
            _listed(f"{self.where}: chain of {model}", chain, named, "`arms`")
        return self.rows(evaluation)


def _check_about(experiment: Experiment, name: str) -> None:
    """What is asked about comes before, and its answers are judged where scores need that."""
    entry = experiment.settings.evaluations[name]
    about = getattr(entry, "about", None)
    if about is None:
        return
    _listed(f"evaluation {name}: evaluation", about, experiment.settings.evaluate, "`evaluate`")
    if experiment.reflects(about):
        raise UserError(
            f"evaluation {name} is about {about}, which itself asks about another; name one "
            "whose answers come first."
        )
    rubric = getattr(entry, "rubric", None)
    if rubric not in (None, *experiment.measured(about)):
        raise UserError(
            f"evaluation {name} is about {about}, whose answers are not judged by a rubric for "
            f"{rubric}; name an evaluation with such a rubric."
        )


def _judged(experiment: Experiment, evaluation: str, where: str) -> list[Use]:
    """The judges and rubrics of an evaluation exist, and measure what its scores are made of."""
    settings, uses = experiment.settings, []
    for name in experiment.judges(evaluation):
        _known(f"{where}: judge", name, settings.judges)
        model = settings.judges[name].model
        if model is not None:
            _known(f"judge {name}: model", model, settings.models)
    for name in experiment.rubrics(evaluation):
        _known(f"{where}: rubric", name, settings.rubrics)
        source = settings.rubrics[name].source
        if source is not None:
            uses.append(_use(settings, source, f"rubric {name}", rubrics.check))
    _check_measured(experiment, evaluation, where)
    return uses


def _check_measured(experiment: Experiment, evaluation: str, where: str) -> None:
    wanted = getattr(experiment.settings.evaluations[evaluation], "measured", ())
    measured = experiment.measured(evaluation)
    if sorted(measured) != sorted(wanted):
        raise UserError(
            f"{where}: its scoring takes rubrics that measure {' and '.join(wanted)}, found "
            f"{' and '.join(measured)}; mend `rubrics` or `scoring`."
        )


SELF_ASSESSING = {
    *("recognition", "preference", "individual", "truthfulqa"),
    *("intentions", "descriptions", "self-assessment"),
}
"""The kinds of scoring of rows that say what was chosen of two options, or a degree."""


def _check_probes(experiment: Experiment) -> None:
    """What is probed was asked of the arms themselves, and can be labelled yes or no."""
    settings, probes = experiment.settings, experiment.settings.probes
    if probes is None:
        return
    for key, name in (("harm", probes.harm), ("self_assessment", probes.self_assessment)):
        _listed(f"probes.{key}: evaluation", name, settings.evaluate, "`evaluate`")
    if not {"harm", "aligned"} & set(experiment.measured(probes.harm)):
        raise UserError(
            f"probes.harm: the answers to {probes.harm} are not judged by a rubric for harm or "
            "aligned; name an evaluation with such a rubric."
        )
    if settings.evaluations[probes.self_assessment].scoring not in SELF_ASSESSING:
        raise UserError(
            f"probes.self_assessment: {probes.self_assessment} asks for neither a choice of two "
            "nor a degree; name an evaluation that is scored as "
            f"{', '.join(sorted(SELF_ASSESSING))}."
        )


def _check_system(settings: config.Config, entry: object, where: str) -> None:
    policy = getattr(entry, "system", "none")
    known = [*keys.SYSTEM_POLICIES, *settings.system_prompts]
    if len(known) != len(set(known)):
        raise UserError("system_prompts: recipe, identity and none have a meaning; rename yours.")
    _known(f"{where}: system prompt", policy, known)


def _corpus(settings: config.Config, name: str, where: str) -> Use:
    _known(f"{where}: corpus", name, settings.corpora)
    return _use(settings, settings.corpora[name].source, f"corpus {name}", articles.read_articles)


def _author(settings: config.Config, corpus: str, name: str, where: str, above: Above) -> list[Use]:
    """A foreign author's file, or all that the arm needs which writes in its name."""
    _known(f"{where}: author", name, settings.authors)
    author = settings.authors[name]
    if author.arm is not None:
        arm = Experiment(settings, Wording()).settled(parse_arm(author.arm))
        return _arm(settings, arm, above)
    files = author.files or {}
    _listed(f"author {name}: corpus", corpus, files, "the author's `files`")
    return [_use(settings, files[corpus], f"author {name}", articles.read_summaries)]


def _use(settings: config.Config, name: str, where: str, read: Callable[[str], Any]) -> Use:
    _known(f"{where}: source", name, settings.sources)
    return Use(name, where, read)


def _wording(experiment: Experiment) -> list[Use]:
    where = f"wording {experiment.wording.name}"
    names = experiment.wording_sources()
    return [_use(experiment.settings, name, where, excerpts.check) for name in names]


CONTRASTS_OF_CONFIG = (
    "add it there, or give `contrasts` of your own, for none [], in place of those of config.yaml"
)


def _check_contrasts(settings: config.Config) -> None:
    named = {chain for entry in settings.arms for chain in entry.chains}
    published = settings.published and naming.load(settings.published.names)
    for pair in settings.contrasts:
        if settings.contrasts.count(pair) > 1:
            raise UserError(f"contrasts lists {pair.chain} - {pair.reference} twice; delete one.")
        for chain in (pair.chain, pair.reference):
            if not (published and naming.covers(chain, published)):
                _listed("contrasts: chain", chain, named, "`arms`", CONTRASTS_OF_CONFIG)


def _check_published(settings: config.Config) -> None:
    folder = settings.published_dir
    if folder is not None and settings.published is None:
        raise UserError("published_dir is given, but the experiment has no `published`; add it.")
    if folder is not None and not any(Path(folder).rglob("*.*")):
        raise UserError(f"published_dir {folder} holds no files; give the folder of the results.")
    _check_names_of_published(settings)


def _check_names_of_published(settings: config.Config) -> None:
    """Rows of one name are counted as one evaluation, and ours have other items."""
    if settings.published is None:
        return
    theirs = naming.whole_names(naming.load(settings.published.names))
    for name in settings.evaluate:
        if name in theirs:
            raise UserError(
                f"evaluate: {name} is also what {settings.published.names} calls published "
                "results, and the two would be counted as one; give yours another name."
            )


def _check_model(experiment: Experiment, name: str) -> None:
    model = experiment.settings.models[name]
    if model.serving.archive is not None:
        _check_archive(experiment, name, model.serving.archive)
    elif model.hosted is not None:
        _check_paid(experiment, name, model.hosted.name)
    elif model.weights is not None and model.weights.path is not None:
        sources.verify(model.weights.path, model.weights.sha256, f"model {name}")


def _check_archive(experiment: Experiment, name: str, folder: str) -> None:
    """What is replayed must have been archived."""
    for arm in experiment.arms():
        path = paths.archived_model_json(folder, arm)
        if arm.model == name and not Path(path).is_file():
            raise UserError(
                f"model {name} is replayed and {path} does not exist; give the folder of archives "
                "that holds its arms, or leave this one out."
            )


def _check_paid(experiment: Experiment, name: str, hosted: str) -> None:
    """A hosted model costs money: there is a budget, and its price is known."""
    settings = experiment.settings
    if settings.budget is None:
        raise UserError(
            f"model {name} is hosted and costs money, and the config has no budget; add "
            "`budget: {dollars: ...}`, and ask `snakemake preflight` what training will take."
        )
    known = prices.load(settings.prices)
    known.asking(hosted)
    if any(arm.model == name for arm in experiment.hosted_training()):
        known.training(hosted)


def _check_submission(experiment: Experiment) -> None:
    """An attempt that nothing reads is a mistyped arm."""
    arms = [str(arm) for arm in experiment.hosted_training()]
    for named in experiment.settings.submission.attempts:
        _known("submission: attempts: arm", named, arms)


def _check_file(experiment: Experiment, use: Use) -> None:
    """A local file is there, is the one stated and can be read; fetched ones are checked later."""
    source = experiment.settings.sources[use.source]
    if source.path is not None:
        path = experiment.source(use.source)
        sources.verify(path, source.sha256, f"source {use.source}")
        use.read(path)
