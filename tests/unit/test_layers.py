"""An entry that an experiment defines anew keeps nothing of another definition."""

from pathlib import Path

import pytest

from mirrortest.errors import UserError
from mirrortest.layers import combine, refuse_repeats, replace_definitions, typed

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


def test_each_file_is_laid_over_those_before_it() -> None:
    first = {"stages": {"mine": {"recipe": "chat", "source": "a", "shared": True}}, "seeds": [0]}
    second = {"stages": {"mine": {"recipe": "chat", "source": "b"}}}
    third = {"stages": {"mine": {"training": {"epochs": 1}}}, "seeds": [1]}
    by_keys = {"stages": {"mine": {**first["stages"]["mine"], "source": "b"}}, "seeds": ["1"]}
    assert combine(by_keys | {"bootstrap": 9}, [first, second, third]) == {
        "stages": {"mine": {"recipe": "chat", "source": "b", "training": {"epochs": 1}}},
        "seeds": [1],
        "bootstrap": 9,
    }


REPEATED = [
    ("a: 1\nb: {c: 1}\na: 2\n", "line 3: the key 'a' stands in line 1 already"),
    ("a:\n  - b: 1\n    c: 2\n    b: 3\n", "line 4: the key 'b' stands in line 2 already"),
    ('{"a": {"b": 1,\n"b": 2}}', "line 2: the key 'b' stands in line 1 already"),
]


@pytest.mark.parametrize(("text", "sentence"), REPEATED)
def test_a_repeated_key_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"mine.yaml, {sentence}"):
        refuse_repeats(path)


def test_equal_keys_of_two_mappings_are_no_repeat(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("a: {b: 1}\nc: {b: 1}\n", encoding="utf-8")
    refuse_repeats(tmp_path / "mine.yaml")


def test_what_is_nested_in_a_value_of_the_command_line_has_the_type_of_a_file() -> None:
    said = {"budget": {"dollars": "100"}, "seeds": ["0", "1"], "experiment": "1", "x": ["a: b", ""]}
    assert typed(said) == {
        "budget": {"dollars": 100},
        "seeds": [0, 1],
        "experiment": "1",
        "x": ["a: b", None],
    }
