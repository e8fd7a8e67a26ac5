"""What all figures share: the look, text that fits, and that none goes without its table."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import plotnine as p9

from mirrortest import jsonl
from mirrortest.headlines import HEADLINES

WIDTH_INCHES = 7.2
"""The width of two journal columns."""
DPI = 200
TEXT_POINTS = 7.0
LETTER_INCHES = 0.056
"""The mean width of a letter of the text."""
LINE_INCHES = 0.125
"""The height of a line of the text."""

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999"]
SHAPES = ["o", "^", "s", "D", "v", "*", "p"]
NOTE_LETTERS = 134
"""How many letters of small print fit into the width."""
INTERVALS = "Lines are 95 % intervals."


def factor(values: Iterable[object], levels: list[str]) -> pd.Categorical:
    """The values as a factor with the levels in this order, those that do not occur left out."""
    known = pd.Categorical(list(values), categories=levels, ordered=True)
    return known.remove_unused_categories()


def first_seen(values: Iterable[str]) -> list[str]:
    """The different values in the order in which they first appear."""
    return list(dict.fromkeys(values))


def colours(count: int) -> list[str]:
    """One colour each; past eight they come again, with other shapes."""
    return [COLOURS[n % len(COLOURS)] for n in range(count)]


def shapes(count: int) -> list[str]:
    """One shape each; with the colour of the same place, 56 combinations."""
    return [SHAPES[n % len(SHAPES)] for n in range(count)]


def panel_rows(table: pd.DataFrame, columns: int) -> int:
    """How many rows of panels the figure has, with so many columns of them."""
    return -(-table["panel"].nunique() // columns)


def titled(table: pd.DataFrame) -> pd.DataFrame:
    """Adds the column `panel`: the evaluation and what its leading metric says."""
    gap = "\n" if table["evaluation"].nunique() > 1 else " "
    shown = [
        f"{name}:{gap}{HEADLINES[task].label}"
        for name, task in zip(table["evaluation"], table["task"], strict=True)
    ]
    return table.assign(panel=factor(shown, first_seen(shown)))


def wrapped(label: str, letters: int) -> str:
    """The label on as many lines as it takes, broken at spaces, or else after a plus sign."""
    words = label.replace("+", "+ ").split(" ")
    lines = [""]
    for word in words:
        gap = "" if not lines[-1] or lines[-1].endswith("+") else " "
        if lines[-1] and len(lines[-1] + gap + word) > letters:
            lines.append(word)
        else:
            lines[-1] += gap + word
    return "\n".join(lines)


def note(*sentences: str) -> str:
    """The small print under a figure: what is not empty, broken into lines of its width."""
    text = " ".join(sentence for sentence in sentences if sentence)
    return textwrap.fill(text, NOTE_LETTERS)


def answers(table: pd.DataFrame) -> str:
    """How many answers and seeds stand behind the arms or contrasts of each evaluation.

    table: lines of one metric per arm or contrast, with the columns evaluation, n, seeds.
    """
    said = [
        f"{name}: {_span(part['n'])} answers, {_span(part['seeds'])} seeds"
        for name, part in table.groupby("evaluation", sort=False)
    ]
    return "; ".join(said).replace(" 1 seeds", " 1 seed") + "."


def _span(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low}" if low == high else f"{low} to {high}"


def numbers(breaks: Iterable[float]) -> list[str]:
    """Labels of an axis: as many digits as all of them need, and a true minus."""
    known = [0.0 if pd.isna(value) else round(value, 6) for value in breaks]
    digits = max((len(f"{value:g}".partition(".")[2]) for value in known), default=0)
    return [f"{value:.{digits}f}".replace("-", "−") for value in known]


def signed(value: float) -> str:
    """With two digits and its sign, a true minus; 0 counts as positive."""
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")


def models(table: pd.DataFrame) -> str:
    """Says which model is shown, if it is only one; of several the figure itself tells."""
    names = first_seen(table["model"])
    return f"Model: {names[0]}." if len(names) == 1 else ""


def look(height: float) -> p9.theme:
    """The theme; height in inches."""
    text = p9.element_text(size=TEXT_POINTS, colour="#333333")
    return p9.theme_bw(base_size=8) + p9.theme(
        figure_size=(WIDTH_INCHES, height),
        panel_grid_minor=p9.element_blank(),
        panel_grid_major_y=p9.element_blank(),
        panel_grid_major_x=p9.element_line(colour="#EBEBEB", size=0.4),
        panel_border=p9.element_rect(colour="#B0B0B0", size=0.5),
        axis_ticks=p9.element_line(colour="#B0B0B0", size=0.5),
        axis_ticks_minor=p9.element_blank(),
        axis_ticks_major_y=p9.element_blank(),
        axis_text=text,
        axis_title=p9.element_text(size=7.5),
        strip_background=p9.element_rect(fill="#E4E4E4", color="#E4E4E4"),
        panel_spacing_x=0.02,
        strip_text=p9.element_text(size=7.5),
        legend_position="bottom",
        legend_box_spacing=0.012,
        legend_margin=2,
        legend_key_size=10,
        legend_title=p9.element_blank(),
        legend_key=p9.element_blank(),
        legend_text=text,
        plot_caption=p9.element_text(size=TEXT_POINTS, colour="#555555", ha="left"),
        plot_caption_position="plot",
    )


def save(plot: p9.ggplot, table: pd.DataFrame, outputs: list[str]) -> None:
    """Writes the figure as `.png` and `.svg`, and as `.csv` the table that it shows."""
    for out in outputs:
        match Path(out).suffix:
            case ".csv":
                with jsonl.whole(out) as file:
                    table.to_csv(file, index=False)
            case _:
                _draw(plot, out)


def _draw(plot: p9.ggplot, out: str) -> None:
    # Without salt and date, the same figure would be other bytes each time.
    metadata = {"Date": None} if out.endswith(".svg") else {}
    with mpl.rc_context({"svg.hashsalt": "mirrortest"}):
        plot.save(out, dpi=DPI, verbose=False, limitsize=False, metadata=metadata)


def nothing(table: pd.DataFrame, outputs: list[str], why: str) -> None:
    """Writes a small picture that says so, and the table, of which only the head is there."""
    said = pd.DataFrame({"x": [0.0], "y": [0.0], "text": [f"Nothing to show: {why}."]})
    plot = (
        p9.ggplot(said, p9.aes("x", "y", label="text"))
        + p9.geom_text(size=8, colour="#555555")
        + p9.theme_void()
        + p9.theme(figure_size=(WIDTH_INCHES, 0.6))
    )
    save(plot, table, outputs)
