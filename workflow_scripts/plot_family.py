"""Draws the contrasts of one family, each from the value of its reference to that of its arm."""

import pandas as pd

from mirrortest import figures, joblog
from mirrortest.drawing import dumbbells, pairs, sections, symbols
from mirrortest.drawing.dumbbells import Ends

ROW_INCHES = 0.24


def plot_family(
    *,
    family: str,
    summary: str,
    scores: str,
    contrasts: str,
    flags: str,
    published: str,
    outputs: list[str],
) -> None:
    """One panel per evaluation, one row per contrast, in the leading metrics."""
    known = symbols.read(flags)
    found = pairs.read(contrasts, known)
    found = found[found["family"] == family]
    if found.empty:
        figures.nothing(found, outputs, f"no contrast of the family {family}")
        return
    placed = sections.contrasts(found, by_family=False)
    layout = sections.lay_out(placed, ROW_INCHES, columns=2)
    placed = layout.place(placed)
    arms = symbols.flagged(_leading(summary), known)
    shown = Ends(
        dumbbells.ends(placed, arms),
        dumbbells.ends(placed, _of_several(_leading(scores))),
        dumbbells.ends(placed, symbols.published(published, arms)),
    )
    figures.save(dumbbells.plot(placed, shown, layout, known), _table(found, shown), outputs)


def _leading(path: str) -> pd.DataFrame:
    table = pd.read_csv(path)
    return table[table["leading"].astype(bool)]


def _of_several(seeds: pd.DataFrame) -> pd.DataFrame:
    """Without the seeds that are alone: they are the arm itself."""
    return seeds[seeds.groupby(symbols.ARM)["seed"].transform("size") > 1]


def _table(contrasts: pd.DataFrame, shown: Ends) -> pd.DataFrame:
    """The contrasts, then the values of their arms; the column `shown` says as what."""
    arms = {"arm": shown.arms, "seed": shown.seeds, "published": shown.published}
    parts = [contrasts.assign(shown="contrast")]
    parts += [table.assign(shown=name) for name, table in arms.items() if len(table)]
    both = pd.concat(parts, ignore_index=True).drop(columns=["panel", "y"])
    return both[["shown", *both.columns.drop("shown")]]


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_family(
            family=snakemake.params.family,
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            contrasts=snakemake.input.contrasts,
            flags=snakemake.input.flags,
            published=snakemake.input.published,
            outputs=list(snakemake.output),
        )
