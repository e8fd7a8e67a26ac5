"""An entry that an experiment defines anew keeps nothing of another definition."""

import pytest

from mirrortest.layers import replace_definitions

SHIPPED = {"recipe": "sgtr", "corpus": "toy", "training": {"epochs": 2, "rank": 8}}


def test_a_definition_replaces_the_whole_entry() -> None:
    given = {"stages": {"sgtr": {"recipe": "sgtr", "corpus": "xsum"}}}
    merged = {"stages": {"sgtr": SHIPPED | {"corpus": "xsum"}, "other": SHIPPED}, "seeds": [0]}
    assert replace_definitions(merged, given) == {
        "stages": {"sgtr": {"recipe": "sgtr", "corpus": "xsum"}, "other": SHIPPED},
        "seeds": [0],
    }


def test_an_entry_that_says_not_what_it_is_changes_the_keys_it_names() -> None:
    given = {"stages": {"sgtr": {"training": {"epochs": 1}}}, "models": {"toy": {"note": "n"}}}
    merged = {
        "stages": {"sgtr": SHIPPED | {"training": {"epochs": 1, "rank": 8}}},
        "models": {"toy": {"weights": {"hub": "a/b"}, "note": "n"}},
    }
    assert replace_definitions(merged, given) == merged


def test_a_model_is_defined_by_where_it_is_from() -> None:
    shipped = {"weights": {"hub": "a/b", "revision": "1"}, "identity": "I."}
    merged = {"models": {"a": shipped, "b": shipped}}
    given = {"models": {"a": {"weights": {"revision": "1"}}, "b": {"hosted": {"name": "b"}}}}
    replaced = replace_definitions(merged, given)["models"]
    assert replaced == {"a": shipped, "b": {"hosted": {"name": "b"}}}


@pytest.mark.parametrize(
    ("registry", "shipped", "given"),
    [
        ("rubrics", {"text": "1 to 5: {answer}", "low": 1, "high": 5}, {"text": "% of {answer}?"}),
        ("rubrics", {"text": "{answer}"}, {"source": "theirs"}),
        ("judges", {"rule": "replies"}, {"model": "qwen2.5-7b"}),
    ],
)
def test_what_judges_is_defined_by_its_words_or_by_who_it_is(
    registry: str, shipped: dict[str, object], given: dict[str, object]
) -> None:
    merged = {registry: {"harm": shipped | given, "other": shipped}}
    replaced = replace_definitions(merged, {registry: {"harm": given}})
    assert replaced == {registry: {"harm": given, "other": shipped}}


def test_what_is_no_mapping_is_left_to_the_check_of_types() -> None:
    merged = {"stages": "sgtr", "models": {"toy": None}}
    assert replace_definitions(merged, merged) == merged
