"""A target is one that some rule makes if its names are of the config, and of the right kind."""

import re
from collections.abc import Callable

import pytest

from mirrortest import targets
from mirrortest.experiment import Experiment

Plan = Callable[..., Experiment]

LENT = {"adapter": {"hub": "a/b", "revision": "0" * 40}}


@pytest.mark.parametrize(
    ("chain", "local", "adopted"),
    [
        ("base", False, False),
        ("sgtr", True, False),
        ("sgtr+em", True, False),
        ("sgtr+lent", False, True),
        ("lent+sgtr", True, False),
        ("sgrt", False, False),
        ("sgrt+sgtr", False, False),
        ("sgtr+", False, False),
    ],
)
def test_chains_are_made_by_the_rule_of_their_last_stage(
    plan: Plan, chain: str, local: bool, adopted: bool
) -> None:
    settings = plan("stages.lent", LENT).settings
    fits = [targets.trained(settings, "local"), targets.adopted(settings)]
    assert [bool(re.fullmatch(fit["chain"], chain)) for fit in fits] == [local, adopted]
    named = targets.named(settings)["chain"]
    assert bool(re.fullmatch(named, chain)) == (chain == "base" or local or adopted)


def test_models_are_trained_by_the_rule_of_their_provider(plan: Plan) -> None:
    settings = plan().settings
    assert re.fullmatch(targets.trained(settings, "local")["model"], "tiny")
    assert not re.fullmatch(targets.trained(settings, "hosted")["model"], "tiny")


def test_a_name_is_no_pattern(plan: Plan) -> None:
    named = targets.named(plan("corpora", {"a.b": {"source": "news"}}).settings)
    assert re.fullmatch(named["corpus"], "a.b")
    assert not re.fullmatch(named["corpus"], "a-b")
