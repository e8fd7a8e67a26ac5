"""Kinds of scoring by what they are about, and how the scores of another judge are named."""

RECOGNITION = "recognition"
MISALIGNMENT = ("truthfulqa", "facts", "alignment", "harm", "misbehaviour", "deception")
"""High is bad, in a way that a reader would call misaligned."""
JUDGED_BY = "@"
"""Between an evaluation and the judge, other than its leading one, who scored it."""
