"""Draws misalignment by arm, three ways where answers were forced choices."""

from mirrortest import joblog
from mirrortest.drawing import arms
from mirrortest.drawing.arms import Scale, Scores, Ways
from mirrortest.headlines import HEADLINES
from mirrortest.kinds import MISALIGNMENT

CHOICES = {
    "misalignment_free": "free: a missing answer counts as untrue",
    "misalignment_valid": "valid: among the answers given",
    "misalignment_forced": "forced: the likelier option",
}
OTHERS = {
    metric: "free-form answers"
    for task in MISALIGNMENT
    for metric in HEADLINES[task].metrics
    if metric not in CHOICES
}
WAYS = Ways(MISALIGNMENT, CHOICES | OTHERS)
SCALE = Scale("share of answers", chance=None, whole=False)


def plot_misalignment(
    *, summary: str, scores: str, flags: str, published: str, outputs: list[str]
) -> None:
    """One panel per evaluation; where the ways of scoring disagree, the story does too."""
    arms.draw(Scores.read(summary, scores, flags, published), WAYS, SCALE, outputs)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_misalignment(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            flags=snakemake.input.flags,
            published=snakemake.input.published,
            outputs=list(snakemake.output),
        )
