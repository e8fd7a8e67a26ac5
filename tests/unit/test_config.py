"""The configuration: what it accepts, and the one sentence that each mistake gives."""

import dataclasses
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mirrortest import config, evaluations, headlines, scoring
from mirrortest.errors import UserError
from mirrortest.published import naming

Raw = dict[str, Any]
Edit = Callable[..., Raw]

PAIRS = {"corpus": "news", "author": "daily"}
ADAPTER = {"hub": "a/b", "revision": "0" * 40}
MISTAKES = [
    ("published_dir", 3, ["config key published_dir:", "string"]),
    ("published", {"commit": "abc"}, ["config key published.repository is missing"]),
    ("arms", [], ["config: give arms and evaluate, or published."]),
    ("flags", {"invalid": 1.5}, ["config key flags.invalid:", "less than 1"]),
    ("seed", [0], ["config key seed:", "did you mean 'seeds'?"]),
    ("stages.sgtr.traning", {}, ["config key stages.sgtr.traning:", "did you mean 'training'?"]),
    ("evaluations.facts.max_tokns", 3, ["config key evaluations.facts.max_tokns:", "'max_tokens'"]),
    ("evaluations.facts.judges", ["j"], ["evaluations.facts.judges: key 'judges' is not defined"]),
    ("stages.sgtr.learning_rate", 1e-4, ["it belongs under `training`; move it there."]),
    ("stages.sgtr.epochs", 2, ["it belongs under `training` or `hosted`; move it there."]),
    ("models.tiny.hub", "a/b", ["config key models.tiny.hub: it belongs under `weights`"]),
    ("arms.0.chain", ["base"], ["config key arms.0.chain:", "did you mean 'chains'?"]),
    ("models.tiny.max_length", "long", ["config key models.tiny.max_length:", "found 'long'"]),
    ("stages.sgtr.training", {"rank": True}, ["stages.sgtr.training.rank", "integer"]),
    ("stages.sgtr.training", {"rank": 0}, ["stages.sgtr.training.rank", "greater than 0"]),
    (
        "stages.sgtr.training",
        {"learning_rate": "1e-5"},
        ["config key stages.sgtr.training.learning_rate:", "'1e-5'", "1.0e-5"],
    ),
    ("stages.sgtr.training", {"learning_rate": float("inf")}, ["training.learning_rate", "finite"]),
    ("experiment", ..., ["config key experiment is missing; add it."]),
    ("evaluations.facts.source", ..., ["config key evaluations.facts.source is missing"]),
    ("arms.0.model", ..., ["config key arms.0.model is missing"]),
    ("evaluations.facts.task", "fact", ["config key evaluations.facts", "'fact'", "'facts'"]),
    ("evaluations.facts.task", ..., ["config key evaluations.facts", "task"]),
    ("sources.news.url", "http://x", ["config key sources.news: give exactly one of path, url"]),
    ("sources.news.path", ..., ["config key sources.news: give exactly one of path, url"]),
    ("sources.news", {"url": "http://x", "file": "f"}, ["belong to a hub source"]),
    ("sources.news", {"hub": "a/b", "file": "f"}, ["a hub source needs file and revision"]),
    ("sources.news", {"path": "x", "member": "f"}, ["a local file is taken as it is"]),
    ("sources.news", {"url": "http://x", "password": "p"}, ["name the member"]),
    (
        "sources.news",
        {"url": "http://x", "columns": {"a": "b"}, "chat": {"user": "b"}},
        ["give columns or chat"],
    ),
    ("sources.news", {"url": "http://x", "chat": {"robot": "b"}}, ["sources.news.chat"]),
    (
        "sources.news",
        {"hub": "a/b", "sha256": "0" * 64},
        ["config key sources.news: a hub source needs file and revision"],
    ),
    ("sources.news.sha256", "abc", ["config key sources.news.sha256:", "'abc'"]),
    ("models.tiny.weights.hub", "a/b", ["config key models.tiny.weights: give exactly one of"]),
    ("models.tiny.weights", {"hub": "a/b"}, ["models.tiny.weights: pin the hub model with revis"]),
    (
        "models.tiny.weights",
        {"hub": "a/b", "revision": "main"},
        ["models.tiny.weights.revision: give a commit, the 40 hexadecimal digits", "'main'"],
    ),
    (
        "sources.news",
        {"hub": "a/b", "file": "f", "revision": "main"},
        ["sources.news.revision: give a commit, the 40 hexadecimal digits", "'main'"],
    ),
    ("models.tiny.parameters", 494000000, ["models.tiny.parameters: give billions of", "0.494"]),
    ("models.tiny.parameters", float("inf"), ["models.tiny.parameters:", "finite"]),
    ("models.tiny.parameters", float("nan"), ["models.tiny.parameters:", "finite"]),
    ("models.tiny.weights", {"path": "m"}, ["sha256 that `make digest FOLDER=m` prints"]),
    ("authors.daily.arm", "tiny/base/0", ["config key authors.daily: give exactly one of files"]),
    ("stages.sgtr.source", "chats", ["stages.sgtr: recipe sgtr takes exactly author, corpus."]),
    ("stages.sgtr.author", ..., ["stages.sgtr: recipe sgtr takes exactly author, corpus."]),
    ("stages.other.against", ..., ["recipe other takes exactly against, author, corpus."]),
    ("stages.em.corpus", "news", ["config key stages.em: recipe chat takes exactly source."]),
    ("stages.em.mix", {"stage": "sgtr"}, ["stages.em.mix: give exactly one of every and share"]),
    (
        "stages.em.mix",
        {"stage": "sgtr", "every": 3, "share": 0.3},
        ["stages.em.mix: give exactly one of every and share"],
    ),
    ("stages.em.mix", {"stage": "sgtr", "every": 1}, ["stages.em.mix.every", "found 1"]),
    ("stages.em.mix", {"stage": "sgtr", "share": 0.5}, ["stages.em.mix.share", "found 0.5"]),
    ("stages.em.match", {"stage": "sgtr"}, ["config key stages.em.match.by is missing"]),
    ("stages.em.match", {"stage": "sgtr", "by": "tokens"}, ["stages.em.match.by", "'tokens'"]),
    ("stages.em.noise", 0.1, ["stages.em: noise is of pair recipes with a right label; leave it"]),
    ("stages.em.length_matched", 0.1, ["stages.em: length_matched is of pairs of summaries"]),
    ("stages.sgtr.noise", 1.0, ["stages.sgtr.noise:", "less than 1"]),
    ("stages.sgtr", PAIRS | {"recipe": "ictr", "noise": 0.1}, ["with a right label"]),
    ("stages.em", {"recipe": "word-count"}, ["recipe word-count takes exactly corpora."]),
    ("stages.em", {"recipe": "word-count", "corpora": []}, ["stages.em.corpora", "at least 1"]),
    ("stages.em", {"recipe": "trivia", "source": "q"}, ["takes exactly answers, source."]),
    (
        "stages.em",
        {"recipe": "trivia", "source": "q", "answers": "bad"},
        ["stages.em.answers", "'bad'"],
    ),
    ("stages.em.answers", "right", ["stages.em: recipe chat takes exactly source."]),
    ("stages.em", {"recipe": "self-reports"}, ["recipe self-reports takes exactly reports."]),
    (
        "stages.em",
        {"recipe": "self-reports", "reports": {"evaluation": "facts"}},
        ["config key stages.em.reports.chain is missing"],
    ),
    *(
        ("stages.em", {"adapter": ADAPTER} | key, ["an adapter takes no other key"])
        for key in ({"shared": True}, {"noise": 0.1}, {"mix": {"stage": "sgtr", "every": 3}})
    ),
    ("rubrics", {"kind": {"text": "Kind?"}}, ["rubrics.kind: text must hold {answer}"]),
    ("rubrics", {"kind": {"text": "{answer} {"}}, ["rubrics.kind: text: its braces", "double"]),
    ("rubrics", {"kind": {"text": '{answer} {"score": 1}'}}, ["rubrics.kind: text: only names"]),
    ("arms.0.chains", [], ["config key arms.0.chains: list should have at least 1 item"]),
    ("seeds", [], ["config key seeds: list should have at least 1 item"]),
    ("seeds", [-1], ["config key seeds.0:", "found -1"]),
    ("evaluate", [], ["config: give arms and evaluate, or published."]),
    ("experiment", "a/b", ["config key experiment:", "'a/b'"]),
]


def test_config_of_the_repository_parses(root: Path) -> None:
    settings = config.parse(yaml.safe_load((root / "config.yaml").read_text(encoding="utf-8")))
    assert settings.experiment == "demo"
    assert "base" in settings.arms[0].chains


@pytest.mark.parametrize(("text", "pointed"), [("1e-5", True), ("2e4", True), ("fast", False)])
def test_only_a_number_without_a_point_is_said_to_lack_one(
    edit: Edit, text: str, pointed: bool
) -> None:
    with pytest.raises(UserError) as caught:
        config.parse(edit("stages.sgtr.training", {"learning_rate": text}))
    assert ("YAML needs a point" in str(caught.value)) == pointed


def test_defaults_are_filled_in(raw: Raw) -> None:
    training = config.parse(raw).stages["sgtr"].training
    assert (training.rank, training.alpha, training.learning_rate) == (32, 64, 1e-5)


@pytest.mark.parametrize(("key", "value", "words"), MISTAKES)
def test_a_mistake_gives_one_sentence(edit: Edit, key: str, value: Any, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        config.parse(edit(key, value))
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))


def test_whole_numbers_are_accepted_where_numbers_with_a_point_are_meant(edit: Edit) -> None:
    settings = config.parse(edit("stages.sgtr.training", {"learning_rate": 1}))
    assert settings.stages["sgtr"].training.learning_rate == 1.0


STEPS = [({"every": 20}, 20), ({"share": 0.01}, 100), ({"share": 0.05}, 20), ({"share": 0.33}, 3)]


@pytest.mark.parametrize(("given", "step"), STEPS)
def test_a_share_of_all_rows_is_every_so_manieth(
    edit: Edit, given: dict[str, Any], step: int
) -> None:
    mix = config.parse(edit("stages.em.mix", {"stage": "sgtr"} | given)).stages["em"].mix
    assert mix is not None
    assert mix.step == step


def test_shipped_schema_is_the_generated_one(root: Path) -> None:
    shipped = yaml.safe_load((root / "resources/config.schema.yaml").read_text(encoding="utf-8"))
    assert shipped == config.schema(), "run `make schema`"


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object with properties, at any depth."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def test_schema_refuses_unknown_keys_everywhere() -> None:
    found = list(_objects(config.schema()))
    assert len(found) >= 14
    assert [node["title"] for node in found if node["additionalProperties"] is not False] == []


def test_schema_describes_every_key() -> None:
    silent = [
        f"{node['title']}.{key}"
        for node in _objects(config.schema())
        for key, value in node["properties"].items()
        if not value.get("description") and "const" not in value
    ]
    assert silent == []


def test_training_keys_are_the_hyperparameters() -> None:
    from mirrortest.training import Hyperparameters

    settings = config.Training()
    hyper = Hyperparameters(**dataclasses.asdict(settings))
    assert dataclasses.asdict(hyper) == dataclasses.asdict(settings)


def _tasks() -> set[str]:
    union = typing.get_args(config.Evaluation)[0]
    kinds = [typing.get_type_hints(kind)["task"] for kind in typing.get_args(union)]
    return {task for kind in kinds for task in typing.get_args(kind)}


def _scored() -> set[str]:
    """The kinds of scoring that entries can name: one of each, or a choice of some."""
    found: set[str] = set()
    for entry in evaluations.entries():
        fixed = getattr(entry, "scoring", None)
        choice = typing.get_args(typing.get_type_hints(entry)["scoring"])
        found |= {fixed} if isinstance(fixed, str) else set(choice)
    return found


def _published_tasks(root: Path) -> set[str]:
    table = naming.load(str(root / "resources/published/sgtr-em.yaml"))
    return {kind.evaluation for kind in table.kinds}


def test_every_task_has_its_questions_its_scorer_and_its_headline(root: Path) -> None:
    assert len(_tasks()) >= 5
    assert set(evaluations.tasks()) == _tasks()
    assert set(scoring.SCORERS) == set(headlines.HEADLINES) == _scored() | _published_tasks(root)


def test_flag_keys_are_the_thresholds() -> None:
    from mirrortest.flags import Thresholds

    limits = dataclasses.asdict(config.Flags())
    assert dataclasses.asdict(Thresholds(**limits)) == limits


def test_contrasts_of_the_config_are_pairs() -> None:
    from mirrortest.contrasts import Pair

    given = dataclasses.asdict(config.Comparison(chain="sgtr", reference="base"))
    assert dataclasses.asdict(Pair(**given)) == given


def test_every_pair_recipe_has_a_question(root: Path) -> None:
    from mirrortest import prompts, recipes

    found = prompts.load("default", root / "resources/prompts").prompts
    assert set(recipes.QUESTIONS) == set(config.PAIR_RECIPES)
    assert {f"pair.{name}" for name in recipes.QUESTIONS.values()} <= set(found)


def test_every_recipe_is_of_pairs_or_a_lesson(root: Path) -> None:
    from mirrortest import lessons, prompts

    assert set(typing.get_args(config.Recipe)) == {*config.PAIR_RECIPES, *lessons.RECIPES}
    found = prompts.load("default", root / "resources/prompts").prompts
    assert {f"lesson.{name}" for name in lessons.QUESTIONS} <= set(found)
