"""The sentence for an unknown name."""

from mirrortest.errors import unknown


def test_the_nearest_name_is_offered() -> None:
    assert str(unknown("stage", "sgrt", ["em", "sgtr"])) == (
        "stage 'sgrt' is not defined; did you mean 'sgtr'?"
    )


def test_without_a_near_name_all_are_listed() -> None:
    assert str(unknown("stage", "zzz", ["sgtr", "em"])).endswith("; known: em, sgtr.")
    assert str(unknown("stage", "zzz", [])).endswith("; known: none.")
