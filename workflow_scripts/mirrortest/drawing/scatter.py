"""Arms between two scores: intervals both ways, seeds tied to their arm, names where they fit."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotnine as p9

from mirrortest import figures
from mirrortest.drawing import labels, symbols
from mirrortest.drawing.labels import Box
from mirrortest.headlines import HEADLINES

MARGIN = 0.06
"""Of the range of values, on either side."""
FRAME_INCHES = 0.6
SHAPES = {1: (6.4, 3.4), 2: (3.1, 2.7), 3: (2.0, 2.0)}
"""Width and height of a panel, by how many stand side by side."""


@dataclass(frozen=True)
class Window:
    """What a panel shows: the ranges of both values, and its size in inches."""

    x: tuple[float, float]
    y: tuple[float, float]
    wide: float
    high: float

    def inches(self, table: pd.DataFrame) -> pd.DataFrame:
        """The places and the ends of intervals in inches from the panel's corner."""
        x, y = self.wide / (self.x[1] - self.x[0]), self.high / (self.y[1] - self.y[0])
        return pd.DataFrame(
            {
                "label": table["chain"].astype(str),
                **{to: (table[of] - self.x[0]) * x for to, of in _places("x").items()},
                **{to: (table[of] - self.y[0]) * y for to, of in _places("y").items()},
            }
        )

    def values(self, x: pd.Series, y: pd.Series) -> tuple[pd.Series, pd.Series]:
        """Inches as values."""
        wide, high = self.x[1] - self.x[0], self.y[1] - self.y[0]
        return x / self.wide * wide + self.x[0], y / self.high * high + self.y[0]


def _places(axis: str) -> dict[str, str]:
    return {axis: f"value_{axis}", f"{axis}_low": f"low_{axis}", f"{axis}_high": f"high_{axis}"}


def plot(
    arms: pd.DataFrame, seeds: pd.DataFrame, left_out: list[str], flags: pd.DataFrame
) -> p9.ggplot:
    """The figure; left_out: the chains that it cannot show, which the small print names."""
    chains = figures.first_seen(arms["chain"])
    arms, seeds = _prepared(arms, chains, arms), _prepared(seeds, chains, arms)
    columns = _columns(arms["panel"].nunique())
    window = _window(arms, seeds, columns)
    named = _named(arms, window)
    note = _note(arms, seeds, left_out, flags)
    legend_rows = 0 if named is not None else _legend_rows(chains)
    high = figures.panel_rows(arms, columns) * (window.high + 0.35)
    high += 0.4 + 0.2 * legend_rows + figures.LINE_INCHES * (note.count("\n") + 1)
    return (
        p9.ggplot(arms, p9.aes("value_x", "value_y", colour="chain"))
        + _points(arms, seeds)
        + ([] if named is None else [_names(named)])
        + p9.facet_wrap("panel", ncol=columns)
        + p9.coord_cartesian(xlim=window.x, ylim=window.y, expand=False)
        + p9.scale_x_continuous(labels=figures.numbers)
        + p9.scale_y_continuous(labels=figures.numbers)
        + p9.scale_colour_manual(figures.colours(len(chains)))
        + p9.scale_shape_manual(figures.shapes(len(chains)))
        + p9.labs(x=_title(arms, "x"), y=_title(arms, "y"), caption=note)
        + p9.guides(colour=p9.guide_legend(nrow=max(legend_rows, 1)))
        + figures.look(high)
        + p9.theme(panel_grid_major_y=p9.element_line(colour="#EBEBEB", size=0.4))
        + (p9.theme() if legend_rows else p9.theme(legend_position="none"))
    )


def _prepared(table: pd.DataFrame, chains: list[str], arms: pd.DataFrame) -> pd.DataFrame:
    """Chains as a factor, and the column panel."""
    names = ("model", "evaluation_y")
    told = [name for name in names if arms[name].nunique() > 1] or ["model"]
    levels = figures.first_seen(_joined(arms, told))
    return table.assign(
        chain=pd.Categorical(table["chain"], chains, ordered=True),
        panel=pd.Categorical(_joined(table, told), levels, ordered=True),
    )


def _joined(table: pd.DataFrame, columns: list[str]) -> list[str]:
    return [", ".join(names) for names in table[columns].itertuples(index=False, name=None)]


def _columns(panels: int) -> int:
    return 3 if panels > 4 else min(panels, 2)


def _window(arms: pd.DataFrame, seeds: pd.DataFrame, columns: int) -> Window:
    """All panels have the same."""
    both = pd.concat([arms, seeds[["value_x", "value_y"]]])
    x, y = (both[list(_places(axis).values())] for axis in "xy")
    return Window(_range(x), _range(y), *SHAPES[columns])


def _range(values: pd.DataFrame) -> tuple[float, float]:
    low, high = float(values.min().min()), float(values.max().max())
    margin = MARGIN * max(high - low, 0.02)
    return low - margin, high + margin


def _named(arms: pd.DataFrame, window: Window) -> pd.DataFrame | None:
    """The arms with the places of their names; None if one of them finds none."""
    found = []
    for _, part in arms.groupby("panel", observed=True):
        names = labels.placed(window.inches(part), Box(0, 0, window.wide, window.high))
        if names is None:
            return None
        x, y = window.values(names["x_label"], names["y_label"])
        found.append(part.assign(x_label=x, y_label=y))
    return pd.concat(found)


def _names(named: pd.DataFrame) -> Any:
    return p9.geom_text(
        p9.aes("x_label", "y_label", label="chain", colour="chain"),
        data=named,
        size=figures.TEXT_POINTS,
        show_legend=False,
        inherit_aes=False,
    )


def _points(arms: pd.DataFrame, seeds: pd.DataFrame) -> list[Any]:
    centres = arms[["panel", "chain", "value_x", "value_y"]]
    tied = seeds.merge(centres, on=["panel", "chain"], suffixes=("", "_of_arm"))
    across = p9.aes(x="low_x", xend="high_x", yend="value_y")
    up = p9.aes(y="low_y", yend="high_y", xend="value_x")
    tie = p9.aes(xend="value_x_of_arm", yend="value_y_of_arm")
    return [
        p9.geom_segment(tie, data=tied, size=0.25, alpha=0.6, show_legend=False),
        p9.geom_point(
            data=seeds, shape="o", size=1.1, stroke=0.35, fill="white", show_legend=False
        ),
        p9.geom_segment(across, size=0.5, show_legend=False),
        p9.geom_segment(up, size=0.5, show_legend=False),
        p9.geom_point(p9.aes(shape="chain"), size=2.4),
        p9.geom_point(
            p9.aes(shape="chain"),
            data=arms[arms["few"]],
            size=1.2,
            colour="white",
            show_legend=False,
        ),
        p9.geom_point(
            data=arms[arms["flags"] != ""], shape="x", size=1.9, stroke=0.6,
            colour=symbols.FLAG_COLOUR,
        ),
    ]  # fmt: skip


def _legend_rows(chains: list[str]) -> int:
    inches = max(len(chain) for chain in chains) * figures.LETTER_INCHES + 0.35
    side_by_side = max(int((figures.WIDTH_INCHES - FRAME_INCHES) / inches), 1)
    return -(-len(chains) // side_by_side)


def _title(arms: pd.DataFrame, axis: str) -> str:
    """What an axis shows: the evaluation, or of several only the kind."""
    first, names = arms.iloc[0], figures.first_seen(arms[f"evaluation_{axis}"])
    if len(names) > 1:
        return "misalignment, share of answers"
    return f"{names[0]}: {HEADLINES[first[f'task_{axis}']].label}"


def _note(arms: pd.DataFrame, seeds: pd.DataFrame, left_out: list[str], flags: pd.DataFrame) -> str:
    columns = ["evaluation", "n", "seeds"]
    counts = pd.concat([arms[[f"{c}_{axis}" for c in columns]].set_axis(columns, axis=1)
                        for axis in "xy"])  # fmt: skip
    letters = sorted(set("".join(arms["flags"])))
    meant = ", ".join(symbols.MEANINGS[letter] for letter in letters)
    return figures.note(
        figures.models(arms),
        figures.answers(counts),
        figures.INTERVALS,
        "Small rings: seeds, tied to their arm." if len(seeds) else "",
        f"Red crosses are flags: {meant}." if letters else "",
        "Hollow: few seeds." if arms["few"].any() else "",
        f"Not asked both: {', '.join(left_out)}." if left_out else "",
        symbols.one_order(flags, set(counts["evaluation"])),
    )
