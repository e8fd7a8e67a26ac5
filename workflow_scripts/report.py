"""Binds tables and figures into one self-contained page."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from docutils.core import publish_parts

from mirrortest import joblog, jsonl, manifest
from mirrortest.headlines import HEADLINES

CAPTIONS = Path("resources/captions")
TEMPLATE = Path("resources/report.html.j2")


@dataclass(frozen=True)
class Figure:
    """One figure: its picture as a data address, its caption as HTML."""

    name: str
    picture: str
    caption: str


@dataclass(frozen=True)
class Table:
    """A table of text cells; the first `labels` columns name the rows."""

    columns: list[str]
    rows: list[list[str]]
    labels: int


def report(
    tables: dict[str, str],
    figures: list[str],
    models: list[str],
    corpora: list[str],
    spec: str,
    out: str,
) -> None:
    """Writes the page. tables: the paths of summary.csv and contrasts.csv by name."""
    settings = json.loads(spec)
    tasks = dict(settings["tasks"])
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        TEMPLATE.read_text(encoding="utf-8")
    )
    page = template.render(
        settings=settings,
        scores=_scores(tables["summary"], tasks),
        contrasts=_contrasts(tables["contrasts"], tasks),
        figures=[_figure(path) for path in figures],
        arms=_arms(models),
        corpora=_corpora(corpora),
    )
    with jsonl.whole(out) as file:
        file.write(page)


def _scores(path: str, tasks: dict[str, str]) -> Table:
    table = _headlines(path, tasks)
    table["cell"] = [_interval(row.value, row.low, row.high) for row in table.itertuples()]
    return _wide(table, ["model", "chain", "seeds"], tasks)


def _contrasts(path: str, tasks: dict[str, str]) -> Table:
    table = _headlines(path, tasks)
    table["cell"] = [_interval(row.value, row.low, row.high, "+") for row in table.itertuples()]
    return _wide(table, ["model", "chain", "reference"], tasks)


def _headlines(path: str, tasks: dict[str, str]) -> pd.DataFrame:
    table = pd.read_csv(path)
    lead = table["evaluation"].map(lambda name: HEADLINES[tasks[name]].metric)
    return table[(table["subset"] == "all") & (table["metric"] == lead)].copy()


def _wide(table: pd.DataFrame, labels: list[str], tasks: dict[str, str]) -> Table:
    rows = [
        [*map(str, key), *(_cell(group, name) for name in tasks)]
        for key, group in table.groupby(labels, sort=False)
    ]
    titles = [f"{name}: {HEADLINES[task].label}" for name, task in tasks.items()]
    return Table([*labels, *titles], rows, len(labels))


def _cell(group: pd.DataFrame, evaluation: str) -> str:
    found = group.loc[group["evaluation"] == evaluation, "cell"]
    return str(found.iloc[0]) if len(found) else "–"


def _interval(value: Any, low: Any, high: Any, sign: str = "") -> str:
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]".replace("-", "−")


def _figure(path: str) -> Figure:
    name = Path(path).stem
    picture = base64.b64encode(Path(path).read_bytes()).decode()
    text = (CAPTIONS / f"{name}.rst").read_text(encoding="utf-8")
    caption = publish_parts(text, writer="html5")["body"]
    return Figure(name, f"data:image/svg+xml;base64,{picture}", str(caption))


def _arms(paths: list[str]) -> Table:
    """What each arm was trained on, by its `model.json`, and how fast its last stage went."""
    columns = ["model", "chain", "seed", "outcome", "rows", "left out", "steps", "tokens", "learnt"]
    rows = [[*_arm(manifest.read(path)), _throughput(path)] for path in paths]
    return Table([*columns, "tokens/s"], rows, 3)


def _throughput(model: str) -> str:
    record = Path(model).with_name("training.csv")
    if not record.is_file():
        return "–"
    steps = pd.read_csv(record)
    return f"{steps['tokens'].sum() / steps['seconds'].iloc[-1]:,.0f}"


def _arm(arm: manifest.Manifest) -> list[str]:
    sums = [
        sum(getattr(stage, key) for stage in arm.stages)
        for key in ("rows", "rows_too_long", "steps", "tokens", "learnt_tokens")
    ]
    return [arm.model, arm.chain, str(arm.seed), arm.outcome, *(f"{n:,}" for n in sums)]


def _corpora(paths: list[str]) -> Table:
    rows = []
    for path in paths:
        counts = json.loads(Path(path).read_text(encoding="utf-8"))
        name = Path(path).name.removesuffix(".counts.json")
        limit = "–" if counts["max_words"] is None else str(counts["max_words"])
        rows.append([name, str(counts["articles"]), limit, str(counts["cut"])])
    return Table(["corpus", "articles", "kept words", "articles cut"], rows, 1)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        report(
            tables={"summary": snakemake.input.summary, "contrasts": snakemake.input.contrasts},
            figures=list(snakemake.input.figures),
            models=list(snakemake.input.models),
            corpora=list(snakemake.input.corpora),
            spec=snakemake.params.spec,
            out=snakemake.output[0],
        )
