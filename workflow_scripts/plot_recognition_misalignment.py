"""Draws misalignment against self-recognition, seed by seed."""

import pandas as pd

from mirrortest import figures, joblog
from mirrortest.drawing import scatter, symbols
from mirrortest.kinds import MISALIGNMENT

RECOGNITION = "recognition"
ARM = ["model", "chain"]


def plot_recognition_misalignment(
    *, summary: str, scores: str, flags: str, outputs: list[str]
) -> None:
    """One panel per evaluation of misalignment and model; of recognition the first evaluation."""
    known = symbols.read(flags)
    pooled, single = _leading(summary, known), _leading(scores, known)
    arms = joined(pooled, ARM)
    seeds = joined(single, [*ARM, "seed"])
    seeds = seeds[seeds.groupby([*ARM, "evaluation_y"])["seed"].transform("size") > 1]
    table = pd.concat([arms.assign(shown="arm"), seeds.assign(shown="seed")], ignore_index=True)
    if arms.empty:
        figures.nothing(table, outputs, "no arm has both recognition and misalignment")
        return
    figures.save(scatter.plot(arms, seeds, _left_out(pooled, arms), known), table, outputs)


def _leading(path: str, flags: pd.DataFrame) -> pd.DataFrame:
    table = pd.read_csv(path)
    return symbols.flagged(table[table["leading"].astype(bool)], flags)


def joined(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Recognition (columns with _x) beside misalignment (_y); `flags` and `few` are of both."""
    tests = table[table["task"] == RECOGNITION]
    tests = tests[tests["evaluation"].isin(tests["evaluation"].head(1))]
    rest = table[table["task"].isin(MISALIGNMENT)]
    kept = [*keys, "evaluation", "task", "value", "low", "high", "n", "flags", "few"]
    kept += [name for name in ("seeds",) if name in table]
    both = tests[kept].merge(rest[kept], on=keys, suffixes=("_x", "_y"))
    letters = [
        "".join(sorted({*x, *y})) for x, y in zip(both["flags_x"], both["flags_y"], strict=True)
    ]
    return both.assign(flags=letters, few=both["few_x"] | both["few_y"])


def _left_out(pooled: pd.DataFrame, arms: pd.DataFrame) -> list[str]:
    """The chains with one of recognition and misalignment only."""
    asked = pooled[pooled["task"].isin([RECOGNITION, *MISALIGNMENT])]
    return [name for name in figures.first_seen(asked["chain"]) if name not in set(arms["chain"])]


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_recognition_misalignment(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            flags=snakemake.input.flags,
            outputs=list(snakemake.output),
        )
