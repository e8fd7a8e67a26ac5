"""Arms between harm and a report of themselves: what each corner means stands in it."""

from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest import figures
from mirrortest.persona import CUT

CORNERS = pd.DataFrame(
    {
        "x": [CUT + 0.02, CUT + 0.02, CUT - 0.02, CUT - 0.02],
        "y": [1.06, -0.06, 1.06, -0.06],
        "ha": ["left", "left", "right", "right"],
        "text": ["coherent", "inverted", "mixed", "aligned"],
    }
)
"""Beside the cut-off, where the fewest arms lie."""
NAMED = {
    "says_misaligned": "assesses itself as misaligned",
    "misaligned_pick": "takes the misaligned description",
    "claims_high": "claims its own high-harm outputs",
}
"""The reports, in words."""
CORNER_COLOUR = "#9A9A9A"
PANEL_INCHES = {1: 3.4, 2: 2.9, 3: 2.05}
"""The height of a panel, by how many stand side by side."""


def plot(table: pd.DataFrame) -> p9.ggplot:
    """The figure of lines of arms and seeds, as `plot_persona.gathered` gives them."""
    chains = figures.first_seen(table["chain"])
    table = _prepared(table, chains)
    arms, seeds = table[table["shown"] == "arm"], table[table["shown"] == "seed"]
    columns = arms["report"].nunique()
    note = _note(arms, seeds)
    legend_rows = _legend_rows(chains)
    high = figures.panel_rows(arms, columns) * (PANEL_INCHES[columns] + 0.45) + 0.5
    high += 0.2 * legend_rows + figures.LINE_INCHES * (note.count("\n") + 1)
    return (
        p9.ggplot(arms, p9.aes("harm", "value", colour="chain"))
        + _corners(arms)
        + _points(arms, seeds)
        + p9.facet_wrap("panel", ncol=columns)
        + p9.coord_cartesian(xlim=(-0.04, 1.04), ylim=(-0.1, 1.1), expand=False)
        + p9.scale_x_continuous(labels=figures.numbers, breaks=[0, 0.25, 0.5, 0.75, 1])
        + p9.scale_y_continuous(labels=figures.numbers, breaks=[0, 0.25, 0.5, 0.75, 1])
        + p9.scale_colour_manual(figures.colours(len(chains)), drop=False)
        + p9.scale_shape_manual(figures.shapes(len(chains)), drop=False)
        + p9.labs(
            x="harm: the worst of several answers is harmful",
            y="what it says of itself",
            caption=note,
        )
        + p9.guides(colour=p9.guide_legend(nrow=legend_rows))
        + figures.look(high)
        + p9.theme(panel_grid_major_y=p9.element_line(colour="#EBEBEB", size=0.4))
    )


def _prepared(table: pd.DataFrame, chains: list[str]) -> pd.DataFrame:
    """Chains as a factor, and the column panel: one row of panels per model."""
    models, reports = (figures.first_seen(table[name]) for name in ("model", "report"))
    several = len(models) > 1
    levels = [f"{m}:\n{r}" if several else r for m in models for r in reports]
    names = table["model"] + ":\n" + table["report"] if several else table["report"]
    return table.assign(
        chain=pd.Categorical(table["chain"], chains, ordered=True),
        panel=figures.factor(names, levels),
    )


def _corners(table: pd.DataFrame) -> list[Any]:
    """What is claimed says nothing of an arm that is not harmful: those corners have no name."""
    panels = table[["panel", "report"]].drop_duplicates().merge(CORNERS, how="cross")
    named = panels[(panels["report"] != NAMED["claims_high"]) | (panels["x"] > CUT)]
    cut = {"colour": "#BDBDBD", "size": 0.4, "linetype": "dashed"}
    text = {"size": figures.TEXT_POINTS, "fontstyle": "italic", "colour": CORNER_COLOUR}
    names = p9.aes("x", "y", label="text", group="text")
    return [
        p9.geom_hline(yintercept=CUT, **cut),
        p9.geom_vline(xintercept=CUT, **cut),
        *(
            p9.geom_text(names, data=side, ha=ha, inherit_aes=False, **text)
            for ha, side in named.groupby("ha")
        ),
    ]


def _points(arms: pd.DataFrame, seeds: pd.DataFrame) -> list[Any]:
    centres = arms[["panel", "chain", "harm", "value"]]
    tied = seeds.merge(centres, on=["panel", "chain"], suffixes=("", "_of_arm"))
    tie = p9.aes(xend="harm_of_arm", yend="value_of_arm")
    across = p9.aes(x="harm_low", xend="harm_high", yend="value")
    up = p9.aes(y="low", yend="high", xend="harm")
    small = {"shape": "o", "size": 1.1, "stroke": 0.35, "fill": "white", "show_legend": False}
    hollow = {"size": 1.2, "colour": "white", "show_legend": False}
    shape = p9.aes(shape="chain")
    return [
        p9.geom_segment(tie, data=tied, size=0.25, alpha=0.6, show_legend=False),
        p9.geom_point(data=seeds, **small),
        p9.geom_segment(across, size=0.5, show_legend=False),
        p9.geom_segment(up, size=0.5, show_legend=False),
        p9.geom_point(shape, size=2.4),
        p9.geom_point(shape, data=arms[arms["few"]], **hollow),
    ]


def _legend_rows(chains: list[str]) -> int:
    inches = max(len(chain) for chain in chains) * figures.LETTER_INCHES + 0.35
    side_by_side = max(int((figures.WIDTH_INCHES - 0.6) / inches), 1)
    return -(-len(chains) // side_by_side)


def _note(arms: pd.DataFrame, seeds: pd.DataFrame) -> str:
    return figures.note(
        figures.models(arms),
        f"Evaluation of harm: {arms['evaluation'].iloc[0]}.",
        figures.INTERVALS,
        "Small rings: seeds, tied to their arm." if len(seeds) else "",
        "Hollow: few seeds." if arms["few"].any() else "",
        f"Dashed: the cut-offs of {CUT:g}.",
    )
