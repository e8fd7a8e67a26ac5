"""What all figures share."""

from mirrortest import figures


def test_many_arms_differ_in_colour_or_shape() -> None:
    pairs = list(zip(figures.colours(56), figures.shapes(56), strict=True))
    assert len(set(pairs)) == 56
