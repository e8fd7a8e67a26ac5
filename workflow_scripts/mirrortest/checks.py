"""Whether a configuration makes sense, found while it is read.

Snakemake swallows errors of input functions once the outputs exist, so every reference, cycle and
shipped or local file that the experiment uses is checked here, before the graph is built.
"""

from collections.abc import Callable, Iterable
from typing import Any

from mirrortest import articles, chains, chats, config, jsonl, questions, sources
from mirrortest.chains import BASE, Arm
from mirrortest.errors import UserError, unknown
from mirrortest.experiment import Experiment, parse_arm

Reader = Callable[[str], Any]


def check(experiment: Experiment) -> None:
    """Raises UserError, one sentence, for the first thing that is wrong."""
    settings = experiment.settings
    for name in settings.evaluate:
        _known("evaluation", name, settings.evaluations)
    for arm in experiment.arms():
        _check_arm(experiment, arm, ())
    for name in settings.evaluate:
        _check_evaluation(experiment, settings.evaluations[name])
    _check_contrasts(settings)
    _check_repeats(settings)


def _known(what: str, name: str, registry: Iterable[str]) -> None:
    if name not in registry:
        raise unknown(what, name, registry)


def _check_arm(experiment: Experiment, arm: Arm, above: tuple[Arm, ...]) -> None:
    """Checks the arm, what it is trained on, and the arms that wrote that; `above` needs it."""
    if arm in above:
        path = " needs ".join(map(str, [*above[above.index(arm) :], arm]))
        raise UserError(f"the arms depend on each other in a circle: {path}; break it.")
    settings = experiment.settings
    _known("model", arm.model, settings.models)
    model = settings.models[arm.model]
    for name in chains.stages_of(arm.chain):
        _check_member(settings, arm, name)
    _check_weights(arm.model, model)
    for name in chains.stages_of(arm.chain):
        for author_arm in _check_stage(experiment, name, settings.stages[name]):
            _check_arm(experiment, author_arm, (*above, arm))


def _check_member(settings: config.Config, arm: Arm, name: str) -> None:
    if name == BASE:
        raise UserError(f"chain {arm.chain!r}: `base` stands for no stage at all; leave it out.")
    if name not in settings.stages:
        raise UserError(f"chain {arm.chain!r}: {unknown('stage', name, settings.stages)}")
    own, stage = settings.models[arm.model].provider, settings.stages[name].provider
    if stage not in (None, own):
        raise UserError(
            f"chain {arm.chain!r} mixes hosted and local stages: stage {name} is {stage}, model "
            f"{arm.model} is {own}; give each model stages of its own provider."
        )


def _check_weights(name: str, model: config.Model) -> None:
    if model.provider == "hosted":
        raise UserError(
            f"model {name} is hosted, which this version cannot train or ask; take a local model."
        )
    if model.weights.path is not None:
        sources.verify(model.weights.path, model.weights.sha256, f"model {name}")


def _check_stage(experiment: Experiment, name: str, stage: config.Stage) -> list[Arm]:
    """Checks a stage's data; returns the arms that wrote some of it."""
    if stage.source is not None:
        _check_source(experiment, stage.source, f"stage {name}", chats.read_chats)
        return []
    _check_corpus(experiment, str(stage.corpus), f"stage {name}")
    authors = [author for author in (stage.author, stage.against) if author is not None]
    writers = [_check_author(experiment, str(stage.corpus), a, f"stage {name}") for a in authors]
    return [arm for arm in writers if arm is not None]


def _check_evaluation(experiment: Experiment, entry: config.Evaluation) -> None:
    where = f"evaluation with task {entry.task}"
    match entry:
        case config.Recognition():
            _check_corpus(experiment, entry.corpus, where)
            for author in entry.authors:
                writer = _check_author(experiment, entry.corpus, author, where)
                if writer is not None:
                    _check_arm(experiment, writer, ())
        case config.KeyFacts():
            _check_corpus(experiment, entry.corpus, where)
            _check_source(experiment, entry.source, where, _read_phrases)
        case config.TruthfulQA() | config.Facts():
            _check_source(experiment, entry.source, where, questions.read_questions)


def _check_corpus(experiment: Experiment, name: str, where: str) -> None:
    _known(f"{where}: corpus", name, experiment.settings.corpora)
    source = experiment.settings.corpora[name].source
    _check_source(experiment, source, f"corpus {name}", articles.read_articles)


def _check_author(experiment: Experiment, corpus: str, name: str, where: str) -> Arm | None:
    _known(f"{where}: author", name, experiment.settings.authors)
    author = experiment.settings.authors[name]
    if author.arm is not None:
        return parse_arm(author.arm)
    files = author.files or {}
    _known(f"author {name}: corpus", corpus, files)
    _check_source(experiment, files[corpus], f"author {name}", articles.read_summaries)
    return None


def _check_source(experiment: Experiment, name: str, where: str, read: Reader) -> None:
    """A local file is there, is the one stated and can be read; fetched ones are checked later."""
    _known(f"{where}: source", name, experiment.settings.sources)
    source = experiment.settings.sources[name]
    if source.path is not None:
        sources.verify(experiment.source(name), source.sha256, f"source {name}")
        read(experiment.source(name))


def _read_phrases(path: str) -> list[jsonl.Row]:
    return jsonl.read(path, required=("id", "phrases"), unique="id")


def _check_contrasts(settings: config.Config) -> None:
    named = {chain for entry in settings.arms for chain in entry.chains}
    for pair in settings.contrasts:
        for chain in (pair.chain, pair.reference):
            _known("contrasts: chain", chain, named)


def _check_repeats(settings: config.Config) -> None:
    for entry in settings.arms:
        for chain in entry.chains:
            if entry.chains.count(chain) > 1:
                raise UserError(f"arms: {entry.model} lists the chain {chain!r} twice; delete one.")
