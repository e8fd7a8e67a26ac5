"""Figures as they stand in the page: in it, with their captions."""

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from docutils.core import publish_parts

from mirrortest import paths


@dataclass(frozen=True)
class Figure:
    """One figure: its picture as a data address, what it shows in a line, its caption as HTML.

    like: an earlier figure with the same caption, which is then not repeated.
    """

    name: str
    title: str
    picture: str
    alternative: str
    caption: str
    like: "Figure | None"


def figures(pictures: list[str], tables: list[str]) -> list[Figure]:
    """Those whose tables, which are in the same order, have lines."""
    first: dict[str, Figure] = {}
    shown = []
    for path, table in zip(pictures, tables, strict=True):
        if len(Path(table).read_text(encoding="utf-8").splitlines()) > 1:
            caption = paths.caption(Path(path).stem)
            figure = _figure(path, caption, first.get(caption))
            first.setdefault(caption, figure)
            shown.append(figure)
    return shown


def _figure(path: str, caption: str, like: Figure | None) -> Figure:
    name = Path(path).stem
    picture = base64.b64encode(Path(path).read_bytes()).decode()
    text = Path(caption).read_text(encoding="utf-8")
    first = re.split(r"(?<=[.:]) ", " ".join(re.sub(r"[`*]", "", text).split()))[0]
    return Figure(
        name=name,
        title=(title := name.replace("family-", "family: ").replace("_", " and ").capitalize()),
        picture=f"data:image/svg+xml;base64,{picture}",
        alternative=f"{title}. {first}",
        caption=str(publish_parts(text, writer="html5")["body"]),
        like=like,
    )
