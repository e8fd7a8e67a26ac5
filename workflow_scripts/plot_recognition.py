"""Draws self-recognition by arm."""

from mirrortest import joblog
from mirrortest.drawing import arms
from mirrortest.drawing.arms import Scale, Scores, Ways
from mirrortest.scoring import SCORERS

TASK = "recognition"
NAMES = {
    "accuracy_forced": "forced: the likelier option",
    "accuracy_valid": "valid: among the answers given",
    "accuracy_free": "free: a missing answer counts as wrong",
}
SCALE = Scale("share of own texts recognised (dashed: chance)", SCORERS[TASK].chance, whole=True)


def plot_recognition(
    *, summary: str, scores: str, flags: str, published: str, outputs: list[str]
) -> None:
    """One panel per evaluation, with its leading metric only."""
    tables = Scores.read(summary, scores, flags, published)
    lead = tables.summary[tables.summary["leading"].astype(bool)]
    present = set(lead.loc[lead["task"] == TASK, "metric"])
    ways = Ways((TASK,), {metric: name for metric, name in NAMES.items() if metric in present})
    arms.draw(tables, ways, SCALE, outputs)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_recognition(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            flags=snakemake.input.flags,
            published=snakemake.input.published,
            outputs=list(snakemake.output),
        )
