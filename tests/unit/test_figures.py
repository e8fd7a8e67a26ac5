"""Figures: what they share, and that every script draws what its tables hold, or says why not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from plot_contrasts import plot_contrasts
from plot_decomposition import plot_decomposition
from plot_family import plot_family
from plot_misalignment import plot_misalignment
from plot_recognition import plot_recognition
from plot_recognition_misalignment import plot_recognition_misalignment

from mirrortest import contrasts, decomposition, figures
from mirrortest.drawing import arms, labels, sections, stacks, symbols
from mirrortest.drawing.labels import Box
from mirrortest.flags import Flag

CHAINS = ["base", "z-first", "a-last"]
METRICS = {
    "recognition": ["accuracy_valid"],
    "truthfulqa": [f"misalignment_{way}" for way in ("free", "valid", "low", "high")],
}
VALUES = {"low": 0.1, "high": 0.6, "free": 0.5}


# --- tables


def _score(chain: str, task: str, metric: str, model: str) -> dict[str, object]:
    way = metric.split("_")[1]
    value = VALUES.get(way, 0.3) + 0.05 * CHAINS.index(chain)
    named = {"model": model, "chain": chain, "evaluation": f"my-{task}", "task": task}
    told = {"subset": "all", "metric": metric, "leading": way == "valid", "n": 40, "p_chance": 1.0}
    return named | told | {"value": value, "low": value - 0.1, "high": value + 0.1}


def _scores(models: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            _score(chain, task, metric, model)
            for task, metrics in METRICS.items()
            for model in models
            for chain in CHAINS
            for metric in metrics
        ]
    )


def _contrasts(models: list[str]) -> pd.DataFrame:
    numbers = {"value": 0.05, "low": -0.02, "high": 0.12, "n": 40, "p": 0.04, "p_holm": 0.08}
    counts = {"seeds": 2, "reference_seeds": 1, "margin": 0.05, "finding": "undecided"}
    names = {"evaluation": "my-truthfulqa", "task": "truthfulqa", "subset": "all"}
    lines = [
        {"family": family, "model": model, "chain": chain, "reference": "base", "leading": lead}
        | {"metric": metric}
        for family, chain in (("second", "z-first"), ("first", "a-last"))
        for model in models
        for metric, lead in (("misalignment_free", False), ("misalignment_valid", True))
    ]
    table = pd.DataFrame([line | names | numbers | counts for line in lines])
    return table.reindex(columns=contrasts.COLUMNS)


def _parts(models: list[str]) -> pd.DataFrame:
    told = _contrasts(models)
    told = told[~told["leading"]][[*contrasts.COLUMNS[:6], "metric"]]
    parts = pd.DataFrame({"part": ["invalid", "position", "wrong", "total"]})
    parts = parts.assign(value=[0.1, -0.03, -0.02, 0.05], low=-0.02, high=0.12)
    return told.merge(parts, how="cross")[decomposition.COLUMNS]


def _flags() -> pd.DataFrame:
    places = [
        ("one-order", "", "", "", "my-truthfulqa"),
        ("position", "m0", "z-first", "", "my-truthfulqa"),
        ("few-seeds", "m0", "a-last", "", "my-truthfulqa"),
        ("invalid-change", "m0", "a-last", "base", "my-truthfulqa"),
        ("wide-interval", "m0", "z-first", "base", "my-truthfulqa"),
    ]
    return pd.DataFrame([Flag(*place, 1.0, 2.0, "why", "mend") for place in places])


PUBLISHED = pd.DataFrame(
    {
        "source": ["Somebody 2025", "Nobody 2024"],
        "model": ["m0", "m0"],
        "chain": ["base", "never-made"],
        "evaluation": ["truthfulqa", "truthfulqa"],
        "metric": ["misalignment_valid", "misalignment_valid"],
        "value": [0.31, 0.5],
    }
)


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, str]:
    return _written(tmp_path, ["m0"])


def _written(folder: Path, models: list[str]) -> dict[str, str]:
    scores = _scores(models)
    frames = {
        "summary": scores.assign(seeds=2),
        "scores": pd.concat([scores.assign(seed=seed) for seed in (0, 1)]),
        "contrasts": _contrasts(models),
        "decomposition": _parts(models),
        "flags": _flags(),
        "published": PUBLISHED,
    }
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return {name: str(folder / f"{name}.csv") for name in frames}


Plot = Callable[..., None]
INPUTS: dict[Plot, list[str]] = {
    plot_misalignment: ["summary", "scores", "flags", "published"],
    plot_recognition: ["summary", "scores", "flags", "published"],
    plot_recognition_misalignment: ["summary", "scores", "flags"],
    plot_contrasts: ["contrasts", "flags"],
    plot_decomposition: ["decomposition", "contrasts", "flags"],
    plot_family: ["summary", "scores", "contrasts", "flags", "published"],
}
PLOTS = pytest.mark.parametrize("plot", INPUTS, ids=lambda plot: plot.__name__)


def _draw(plot: Plot, tables: dict[str, str], folder: Path, family: str = "first") -> pd.DataFrame:
    """Draws, checks that there are three files, and gives the table."""
    outputs = [str(folder / f"figure.{ending}") for ending in ("png", "svg", "csv")]
    more = {"family": family} if plot is plot_family else {}
    plot(**{name: tables[name] for name in INPUTS[plot]}, **more, outputs=outputs)
    assert Path(outputs[0]).read_bytes()[:4] == b"\x89PNG"
    assert "<svg" in Path(outputs[1]).read_text(encoding="utf-8")
    return pd.read_csv(outputs[2], keep_default_na=False)


# --- every script


@PLOTS
def test_it_leaves_a_picture_twice_and_its_table(
    plot: Plot, tables: dict[str, str], tmp_path: Path
) -> None:
    assert len(_draw(plot, tables, tmp_path)) > 0


@PLOTS
def test_of_empty_tables_it_says_that_there_is_nothing(
    plot: Plot, tables: dict[str, str], tmp_path: Path
) -> None:
    for path in tables.values():
        pd.read_csv(path).head(0).to_csv(path, index=False)
    drawn = _draw(plot, tables, tmp_path)
    assert len(drawn) == 0
    assert {"model", "chain"} <= set(drawn.columns)


def test_the_same_tables_give_the_same_bytes(tables: dict[str, str], tmp_path: Path) -> None:
    _draw(plot_contrasts, tables, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.glob("figure.*")}
    _draw(plot_contrasts, tables, tmp_path)
    assert first == {path.name: path.read_bytes() for path in tmp_path.glob("figure.*")}


@pytest.mark.parametrize("plot", [plot_misalignment, plot_family], ids=lambda plot: plot.__name__)
def test_several_models_are_drawn_together(plot: Plot, tmp_path: Path) -> None:
    drawn = _draw(plot, _written(tmp_path, ["m1", "m0"]), tmp_path)
    assert figures.first_seen(drawn["model"]) == ["m1", "m0"]


def test_the_order_of_the_tables_is_kept(tables: dict[str, str], tmp_path: Path) -> None:
    drawn = _draw(plot_misalignment, tables, tmp_path)
    assert figures.first_seen(drawn["chain"]) == CHAINS
    drawn = _draw(plot_contrasts, tables, tmp_path)
    assert figures.first_seen(drawn["family"]) == ["second", "first"]


def test_misalignment_shows_arms_seeds_bounds_and_what_was_published(
    tables: dict[str, str], tmp_path: Path
) -> None:
    drawn = _draw(plot_misalignment, tables, tmp_path)
    shown = drawn.groupby("shown").size().to_dict()
    assert shown == {"arm": 6, "seed": 12, "bound": 3, "published": 1}
    assert list(drawn.loc[drawn["shown"] == "published", "source"]) == ["Somebody 2025"]


def test_recognition_shows_the_leading_metric_only(tables: dict[str, str], tmp_path: Path) -> None:
    drawn = _draw(plot_recognition, tables, tmp_path)
    assert set(drawn["metric"]) == {"accuracy_valid"}


def test_an_arm_that_lacks_one_of_two_scores_is_not_shown(
    tables: dict[str, str], tmp_path: Path
) -> None:
    for name in ("summary", "scores"):
        table = pd.read_csv(tables[name])
        lacking = (table["task"] == "recognition") & (table["chain"] == "z-first")
        table[~lacking].to_csv(tables[name], index=False)
    drawn = _draw(plot_recognition_misalignment, tables, tmp_path)
    assert figures.first_seen(drawn["chain"]) == ["base", "a-last"]


def test_a_family_shows_its_contrasts_and_both_arms_of_each(
    tables: dict[str, str], tmp_path: Path
) -> None:
    drawn = _draw(plot_family, tables, tmp_path, family="second")
    assert set(drawn["family"]) == {"second"}
    arms_of = drawn[drawn["shown"] == "arm"]
    assert dict(zip(arms_of["end"], arms_of["end_chain"], strict=True)) == {
        "reference": "base",
        "arm": "z-first",
    }


def test_an_unknown_family_is_nothing_to_show(tables: dict[str, str], tmp_path: Path) -> None:
    assert len(_draw(plot_family, tables, tmp_path, family="third")) == 0


# --- flags and findings


def test_flags_are_letters_and_few_seeds_are_none(tables: dict[str, str]) -> None:
    scores = pd.read_csv(tables["summary"]).query("task == 'truthfulqa' and leading")
    marked = symbols.flagged(scores, symbols.read(tables["flags"])).set_index("chain")
    assert marked["flags"].to_dict() == {"base": "", "z-first": "P", "a-last": ""}
    assert marked["few"].to_dict() == {"base": False, "z-first": False, "a-last": True}


def test_a_contrast_has_its_own_flags_and_those_of_its_arms(tables: dict[str, str]) -> None:
    found = pd.read_csv(tables["contrasts"]).query("leading")
    marked = symbols.flagged(found, symbols.read(tables["flags"])).set_index("chain")
    assert marked["flags"].to_dict() == {"z-first": "P", "a-last": "I"}
    assert bool(marked.loc["a-last", "few"])


def test_only_marks_that_occur_are_explained() -> None:
    table = pd.DataFrame({"flags": ["", "PI"], "few": [False, False]})
    said = symbols.key(table)
    assert "I many invalid answers, P answers by position" in said
    assert "Hollow" not in said
    assert symbols.key(table.assign(flags="")) == ""


def test_every_finding_has_a_colour_a_shape_and_a_sign_of_its_own() -> None:
    for told in (symbols.FINDING_COLOURS, symbols.FINDING_SHAPES, symbols.FINDING_SIGNS):
        assert len(set(told.values())) == len(symbols.FINDINGS)


# --- parts


def test_many_arms_differ_in_colour_or_shape() -> None:
    pairs = list(zip(figures.colours(56), figures.shapes(56), strict=True))
    assert len(set(pairs)) == 56


def test_long_labels_are_broken_at_spaces_or_after_a_plus() -> None:
    assert figures.wrapped("short", 10) == "short"
    assert figures.wrapped("a → bbbb+cccc", 8) == "a →\nbbbb+\ncccc"
    assert figures.wrapped("aaa+bbb → ccc", 13) == "aaa+bbb → ccc"


def test_numbers_of_an_axis_share_their_digits_and_have_a_true_minus() -> None:
    assert figures.numbers([-0.5, 0.0, 0.25]) == ["−0.50", "0.00", "0.25"]


def test_answers_and_seeds_are_told_as_spans() -> None:
    table = pd.DataFrame({"evaluation": ["e", "e", "f"], "n": [4, 9, 2], "seeds": [1, 3, 1]})
    assert figures.answers(table) == "e: 4 to 9 answers, 1 to 3 seeds; f: 2 answers, 1 seed."


def _laid_out(models: int) -> sections.Layout:
    table = pd.concat([_scores([f"m{n}"]) for n in range(models)], ignore_index=True)
    return sections.lay_out(sections.arms(table), 0.2, columns=2)


def test_rows_go_down_in_order_and_never_overlap() -> None:
    layout = _laid_out(models=3)
    assert list(layout.rows["row"]) == CHAINS * 3
    assert (layout.rows["y"].diff().dropna() <= -0.2 + 1e-9).all()
    assert layout.rows["y"].min() > -layout.height


def test_only_several_models_have_headings() -> None:
    assert len(_laid_out(models=1).headings) == 0
    assert list(_laid_out(models=2).headings["text"]) == ["m0", "m1"]


def test_models_of_one_evaluation_stand_side_by_side() -> None:
    table = _scores(["m0", "m1"])
    placed = sections.arms(table[table["task"] == "truthfulqa"])
    assert list(placed["panel"].cat.categories) == ["m0", "m1"]


def test_contrasts_of_one_model_are_rows_in_families() -> None:
    placed = sections.contrasts(_contrasts(["m0"]), by_family=True)
    assert figures.first_seen(placed["heading"]) == ["second", "first"]
    assert figures.first_seen(placed["row"]) == ["base → z-first", "base → a-last"]


def test_contrasts_of_several_models_have_models_as_rows() -> None:
    placed = sections.contrasts(_contrasts(["m0", "m1"]), by_family=True)
    assert figures.first_seen(placed["heading"])[0] == "second: base → z-first"
    assert figures.first_seen(placed["row"]) == ["m0", "m1"]


def test_bars_stack_to_either_side_of_no_difference() -> None:
    parts = _parts(["m0"]).query("family == 'first' and part != 'total'").assign(y=0.0)
    stacked = stacks.bars(parts).set_index("part")[["start", "end"]].round(6)
    assert stacked.loc["invalid"].tolist() == [0.0, 0.1]
    assert stacked.loc["position"].tolist() == [0.0, -0.03]
    assert stacked.loc["wrong"].tolist() == [-0.03, -0.05]


def test_bounds_are_shown_only_where_answers_are_missing(tables: dict[str, str]) -> None:
    scores = arms.Scores.read(*(tables[name] for name in INPUTS[plot_misalignment]))
    ways = arms.Ways(("truthfulqa",), {"misalignment_valid": "valid"})
    assert "bound" in set(arms.gathered(scores, ways)["shown"])
    same = scores.summary.assign(value=0.3)
    complete = arms.Scores(same, scores.seeds, scores.flags, scores.published)
    assert "bound" not in set(arms.gathered(complete, ways)["shown"])


def _points(*places: tuple[float, float]) -> pd.DataFrame:
    table = pd.DataFrame(places, columns=["x", "y"]).assign(label="sgtr+em")
    ends = {f"{a}_{e}": table[a] + d for a in "xy" for e, d in (("low", -0.1), ("high", 0.1))}
    return table.assign(**ends)


def test_labels_find_places_inside_the_panel_and_apart() -> None:
    panel = Box(0, 0, 3, 2)
    placed = labels.placed(_points((0.2, 0.2), (2.9, 1.9)), panel)
    assert placed is not None
    assert placed["x_label"].tolist()[0] > 0.2
    assert placed["x_label"].tolist()[1] < 2.9


def test_labels_without_room_are_left_to_the_legend() -> None:
    crowd = [(0.5 + 0.01 * n, 0.5) for n in range(20)]
    assert labels.placed(_points(*crowd), Box(0, 0, 1, 1)) is None


def test_texts_of_a_family_stand_right_of_what_was_published(
    tables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    PUBLISHED.assign(value=0.95).to_csv(tables["published"], index=False)
    drawn: list[Any] = []
    monkeypatch.setattr(figures, "save", lambda plot, *_: drawn.append(plot))
    inputs = {name: tables[name] for name in INPUTS[plot_family]}
    plot_family(family="first", outputs=[], **inputs)
    data = [layer._data for layer in drawn[0].layers]
    (texts,) = (table for table in data if isinstance(table, pd.DataFrame) and "start" in table)
    assert texts["start"].min() > 0.95
