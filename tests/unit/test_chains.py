"""Chains and arms."""

from mirrortest.chains import arm, parent_of, stages_of


def test_stages_come_in_the_order_of_training() -> None:
    assert stages_of("em+sgtr") == ("em", "sgtr")
    assert stages_of("sgtr") == ("sgtr",)
    assert stages_of("base") == ()


def test_a_chain_starts_from_all_but_its_last_stage() -> None:
    assert parent_of("a+b+c") == "a+b"
    assert parent_of("a") == "base"


def test_the_base_is_the_same_for_every_seed() -> None:
    assert arm("toy", "base", 7) == arm("toy", "base", 0)
    assert arm("toy", "sgtr", 7) != arm("toy", "sgtr", 0)


def test_an_arms_parent_has_its_seed() -> None:
    assert arm("toy", "a+b", 3).parent == arm("toy", "a", 3)
    assert str(arm("toy", "a", 3).parent) == "toy/base/0"
