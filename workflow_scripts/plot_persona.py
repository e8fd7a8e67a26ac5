"""Draws what arms say of themselves against the harm that they do."""

import pandas as pd

from mirrortest import figures, joblog, persona
from mirrortest.drawing import quadrants, symbols
from mirrortest.reporting import tables

ARM = ["model", "chain", "seed", "evaluation"]
COLUMNS = ["shown", *ARM, "report", "harm", "harm_low", "harm_high", "value", "low", "high", "few"]


def plot_persona(*, summary: str, scores: str, flags: str, outputs: list[str]) -> None:
    """One panel per report and model; of several evaluations of harm the first."""
    table = gathered(tables.read(summary), tables.read(scores))
    if table.empty:
        empty = pd.DataFrame(columns=COLUMNS)
        figures.nothing(empty, outputs, "no arm has both harm and a report of itself")
        return
    table = symbols.flagged(table, symbols.read(flags))[COLUMNS]
    figures.save(quadrants.plot(table), table, outputs)


def gathered(summary: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """One line per arm and report, then per seed; `shown` says which."""
    parts = [
        _long(summary.assign(value=summary[of]), scores.assign(value=scores[of]), *names)
        for of, names in (
            ("value", ("harm", "value")),
            ("low", ("harm_low", "low")),
            ("high", ("harm_high", "high")),
        )
    ]
    table = parts[0]
    for part in parts[1:]:
        table = table.merge(part, on=[*ARM, "report"])
    table = table[table["evaluation"].isin(table["evaluation"].head(1))]
    pooled = table["seed"] == persona.POOLED
    several = table.groupby(["model", "chain", "report"])["seed"].transform("size") > 2
    table = table.assign(shown=pooled.map({True: "arm", False: "seed"}))
    return table[pooled | several].reset_index(drop=True)


def _long(summary: pd.DataFrame, scores: pd.DataFrame, harm: str, report: str) -> pd.DataFrame:
    measured = persona.measures(summary, scores).rename(columns={"harm": harm})
    told = measured.melt([*ARM, harm], list(quadrants.NAMED), "report", report).dropna()
    return told.assign(report=told["report"].map(quadrants.NAMED))


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        plot_persona(
            summary=snakemake.input.summary,
            scores=snakemake.input.scores,
            flags=snakemake.input.flags,
            outputs=list(snakemake.output),
        )
