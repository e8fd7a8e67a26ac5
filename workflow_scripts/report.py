"""Binds numbers, words, figures and examples into one self-contained page."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jinja2

from mirrortest import joblog, jsonl, manifest, sources
from mirrortest.hosted import prices, spending
from mirrortest.manifest import Manifest
from mirrortest.reporting import (
    absent,
    analyses,
    bills,
    exhibits,
    marks,
    pages,
    pictures,
    runs,
    tables,
)
from mirrortest.reporting.absent import Absent
from mirrortest.reporting.pages import Cell, Table
from mirrortest.reporting.statements import statements

TEMPLATE = Path("resources/report.html.j2")


@dataclass(frozen=True)
class Inputs:
    """Paths of what the page is made from; several files of a kind are lists."""

    summary: str
    contrasts: str
    decomposition: str
    flags: str
    analyses: list[str]
    figures: list[str]
    figure_tables: list[str]
    examples: list[str]
    models: list[str]
    billed: list[str]
    used: list[str]
    prices: list[str]
    training: list[str]
    corpora: list[str]
    sources: list[str]


def _plain(value: Any) -> Any:
    """A path, or several, without what Snakemake adds to them."""
    return value if isinstance(value, str) else list(value)


def report(inputs: Inputs, spec: str, budget: float | None, out: str) -> None:
    """Writes the page. spec: see `Experiment.report_spec`; budget: dollars for hosted models."""
    settings = json.loads(spec)
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        TEMPLATE.read_text(encoding="utf-8")
    )
    models = [manifest.read(path) for path in inputs.models]
    lacking = absent.absent(models)
    page = template.render(
        settings=settings,
        figures=pictures.figures(inputs.figures, inputs.figure_tables),
        **_numbers(inputs, settings, models, lacking),
        **_runs(inputs, models),
        **_spent(inputs, budget),
        corpora=_corpora(inputs.corpora),
        sources=_sources(inputs.sources, settings["sources"]),
    )
    with jsonl.whole(out) as file:
        file.write(page)


def _numbers(
    inputs: Inputs, settings: dict[str, Any], records: list[Manifest], lacking: Absent
) -> dict[str, Any]:
    """Everything that comes from tables and examples."""
    summary, contrasts = tables.read(inputs.summary), tables.read(inputs.contrasts)
    flags, parts = tables.read(inputs.flags), tables.read(inputs.decomposition)
    at, names = marks.marks(flags), list(dict.fromkeys(summary["evaluation"]))
    models = list(dict.fromkeys(summary["model"]))
    families = settings["families"]
    missing = absent.unmeasured(settings["contrasts"], records, lacking)
    rows = [row for path in inputs.examples for row in jsonl.read_own(path)]
    return {
        "arms": len(summary.drop_duplicates(["model", "chain"])) + len(lacking.chains),
        "unmeasured": len(missing),
        "absent": pages.absent(lacking),
        "absent_chains": lacking.named(len(models) > 1),
        "models": models,
        "evaluations": names,
        "families": statements(contrasts, summary, parts, at, families, missing),
        "few_seeds": marks.few_seeds(flags),
        "flagged": marks.others(flags, len(models) > 1),
        "scores": pages.scores(summary, at, lacking),
        "contrasts": pages.contrasts(contrasts, families, at, missing),
        "decomposition": pages.decomposition(parts, families),
        "analyses": analyses.analyses(inputs.analyses),
        "exhibits": exhibits.exhibits(rows, names),
    }


def _runs(inputs: Inputs, models: list[Manifest]) -> dict[str, Any]:
    """Everything that comes from the records of our own jobs."""
    spent = runs.times(models, inputs.training)
    return {
        "run_models": runs.models_table(models),
        "run_arms": runs.arms_table(models, spent),
        "run_stages": runs.stages_table(models),
        "run_settings": runs.settings_table(models),
        "software": runs.software(models),
        "cost": runs.cost(models, spent),
    }


def _spent(inputs: Inputs, budget: float | None) -> dict[str, Any]:
    """What hosted models have cost; nothing where there are none."""
    if not inputs.billed:
        return {"bills": None, "spent": []}
    table = prices.load(inputs.prices[0])
    paid = [manifest.read(path) for path in inputs.billed]
    found = bills.bills(paid, inputs.used, table)
    return {
        "bills": bills.listed(found),
        "spent": bills.sentences(found, table, spending.PATH, budget),
    }


def _corpora(counts: list[str]) -> Table:
    rows = []
    for path in counts:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        name = Path(path).name.removesuffix(".counts.json")
        limit = "all" if found["max_words"] is None else f"{found['max_words']:,}"
        rows.append([name, f"{found['articles']:,}", limit, f"{found['cut']:,}"])
    return pages.table(["corpus", "articles", "words kept of each", "articles cut"], rows, 1)


def _sources(files: list[str], cited: list[dict[str, str | None]]) -> Table:
    """The sources with the hashes of their files, which are in the same order."""
    keys = ("where", "licence", "citation")
    rows: list[list[object]] = [
        [source["name"], *(source[key] or "not stated" for key in keys[:2]), source[keys[2]] or "–"]
        for source in cited
    ]
    hashes: list[Cell] = [pages.digest(sources.digest(path)) for path in files]
    made = [[*row, found] for row, found in zip(rows, hashes, strict=True)]
    return pages.table(["source", "from", "licence", "citation", "hash"], made, 4)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        found = {field.name: getattr(snakemake.input, field.name) for field in fields(Inputs)}
        report(
            Inputs(**{name: _plain(value) for name, value in found.items()}),
            spec=snakemake.params.spec,
            budget=snakemake.params.terms.dollars,
            out=snakemake.output[0],
        )
