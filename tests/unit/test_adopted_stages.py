"""Stages that were trained elsewhere, in the configuration: what is accepted, and what follows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirrortest import config, paths
from mirrortest.chains import arm
from mirrortest.checks import check
from mirrortest.errors import UserError
from mirrortest.experiment import Experiment

Plan = Callable[..., Experiment]
Edit = Callable[..., dict[str, Any]]

COMMITS = {"0": "a" * 40, "1": "b" * 40}
HUB = {"hub": "owner/em-{seed}", "revisions": COMMITS}
ABOVE = {"path": "adapters/sgtr-{seed}", "above": "em", "base": "models/em-{seed}/merged"}
ADOPTED = ["stages.em", {"adapter": HUB}, "stages.sgtr", {"adapter": ABOVE}]
ADOPTED += ["arms.0.chains", ["base", "em", "em+sgtr"], "contrasts", []]


@pytest.fixture
def adopted(plan: Plan, world: Path) -> Experiment:
    """An adapter from the hub, and a local one that was made on top of it."""
    for seed in (0, 1):
        for name in paths.ADAPTER_FILES.values():
            path = world / f"adapters/sgtr-{seed}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}", encoding="utf-8")
    return plan(*ADOPTED)


def test_nothing_is_trained_for_an_adopted_stage(adopted: Experiment) -> None:
    check(adopted)
    assert adopted.trained() == []
    assert "training" not in adopted.figures()
    assert (
        adopted.model_json(arm("tiny", "em+sgtr", 1)) == "results/adopt/tiny/em+sgtr/1/model.json"
    )
    assert adopted.model_json(arm("tiny", "base", 1)) == "results/base/tiny/model.json"


def test_an_adapter_from_the_hub_needs_only_the_arm_below(adopted: Experiment) -> None:
    em = arm("tiny", "em", 1)
    assert adopted.adopt_inputs(em) == {"parent": "results/base/tiny/model.json"}
    assert json.loads(adopted.adopt_spec(em)) == {
        **{"hub": "owner/em-1", "revision": COMMITS["1"]},
        **{"path": None, "base": None},
    }


def test_the_files_of_a_local_adapter_are_inputs(adopted: Experiment) -> None:
    both = arm("tiny", "em+sgtr", 0)
    assert adopted.adopt_inputs(both) == {
        "parent": "results/adopt/tiny/em/0/model.json",
        "settings": "adapters/sgtr-0/adapter_config.json",
        "weights": "adapters/sgtr-0/adapter_model.safetensors",
    }
    assert json.loads(adopted.adopt_spec(both))["base"] == "models/em-0/merged"


def test_a_stage_of_ours_is_trained_on_an_adopted_one(plan: Plan, world: Path) -> None:
    plan_ = plan("stages.em", {"adapter": HUB}, "arms.0.chains", ["em+sgtr"], "contrasts", [])
    check(plan_)
    both = arm("tiny", "em+sgtr", 0)
    assert plan_.finetune_inputs(both)["parent"] == "results/adopt/tiny/em/0/model.json"
    assert plan_.trained() == [
        f"results/finetune/tiny/em+sgtr/{seed}/training.csv" for seed in (0, 1)
    ]


def test_arms_without_an_adapter_adopt_none(plan: Plan) -> None:
    with pytest.raises(UserError, match="arm tiny/sgtr/0 has no adapter to adopt"):
        plan().adopt_spec(arm("tiny", "sgtr", 0))


ONE = {"hub": "owner/em", "revision": "a" * 40}
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({}, "stages.em: give exactly one of recipe and adapter"),
    ({"adapter": HUB, "recipe": "chat"}, "stages.em: give exactly one of recipe and adapter"),
    ({"adapter": HUB, "training": {"rank": 3}}, "takes no other key, since nothing is trained"),
    ({"adapter": HUB, "system": "none"}, "takes no other key"),
    ({"adapter": HUB | {"path": "x"}}, "stages.em.adapter: give exactly one of path and hub"),
    ({"adapter": {"hub": "a/b"}}, "give revision or revisions for a hub adapter"),
    ({"adapter": {"path": "x", "revision": "a" * 40}}, "for a hub adapter, and for no other"),
    ({"adapter": ONE | {"hub": "owner/em-{seed}"}}, "give revisions where the name holds {seed}"),
    ({"adapter": HUB | {"hub": "owner/em"}}, "give revisions where the name holds {seed}"),
    ({"adapter": ONE | {"revision": "main"}}, "stages.em.adapter.revision"),
]


@pytest.mark.parametrize(("stage", "message"), MISTAKES)
def test_a_mistake_gives_a_sentence(edit: Edit, stage: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        config.parse(edit("stages.em", stage))
    assert message in str(caught.value)


SGTR_ON_BASE = {"path": "adapters/sgtr-{seed}"}
UNFIT: list[tuple[list[Any], str]] = [
    (
        ["arms.0.chains", ["sgtr"]],
        "chain 'sgtr': the adapter of stage sgtr was trained on top of 'em', not of 'base'; use it",
    ),
    (
        ["stages.sgtr", {"adapter": SGTR_ON_BASE}],
        "the adapter of stage sgtr was trained on top of 'base', not of 'em'",
    ),
    (["seeds", [0, 2]], "stage em has no revision for seed 2; it has 0, 1."),
    (["stages.sgtr", {"adapter": ABOVE | {"path": "no"}}], "no/adapter_config.json does not exist"),
    (["stages.em", {"adapter": ONE}], "chain 'em' is one adapter for all seeds"),
]


@pytest.mark.parametrize(("edits", "message"), UNFIT)
def test_an_adapter_that_does_not_fit_its_chain_is_refused(
    adopted: Experiment, plan: Plan, edits: list[Any], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        check(plan(*ADOPTED, *edits))
    assert message in str(caught.value)
