"""One text for one meaning."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from mirrortest.canonical import canonical, fingerprint


@dataclass(frozen=True)
class Point:
    y: int
    x: int


def test_the_order_of_keys_does_not_count() -> None:
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == canonical({"a": {"c": 3, "d": 2}, "b": 1})


def test_swapped_values_count() -> None:
    assert canonical({"a": 1, "b": 2}) != canonical({"a": 2, "b": 1})


def test_dataclasses_become_objects() -> None:
    assert canonical([Point(y=1, x=2)]) == '[{"x": 2, "y": 1}]'


def test_text_stays_as_it_is() -> None:
    assert canonical("Zoë") == '"Zoë"'


def test_a_fingerprint_is_the_sha256_of_the_text() -> None:
    empty_object = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert fingerprint({}) == empty_object


@pytest.mark.parametrize("value", [Path("a"), {1, 2}, Point])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical({"a": value})
