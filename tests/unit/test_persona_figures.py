"""The figures of personas and identities: what they draw, and of nothing that there is nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from plot_identity import plot_identity
from plot_persona import plot_persona

from mirrortest.flags import Flag
from mirrortest.scoring.identity import THRESHOLDS

Line = dict[str, Any]
Plot = Callable[..., None]
PLOTS = pytest.mark.parametrize("plot", [plot_persona, plot_identity], ids=lambda p: p.__name__)


def _line(task: str, metric: str, value: float, n: int = 100, **more: Any) -> Line:
    named = {"evaluation": f"my-{task}", "task": task, "subset": "all", "metric": metric}
    numbers = {"value": value, "low": value - 0.05, "high": value + 0.05, "n": n}
    return named | numbers | {"leading": metric != "harmful_max"} | more


def _lines(shift: float) -> list[Line]:
    clusters = [
        _line("identity", f"diversity_{at[2:]}", 0.1 + 0.1 * place + shift, leading=False)
        for place, at in enumerate(THRESHOLDS)
    ]
    return [
        _line("harm", "harmful_max", 0.8 + shift),
        _line("harm", "harmful_max", 0.2, evaluation="my-harm@small"),
        _line("self-assessment", "says_misaligned", 0.3 + shift),
        _line("descriptions", "misaligned_pick_forced", 0.4 + shift),
        _line("own-output", "accuracy_forced", 0.5),
        _line("own-output", "accuracy_forced", 0.9, subset="high", leading=False),
        _line("identity", "developer", 0.6 + shift),
        *clusters,
    ]


def _write(folder: Path, models: list[str]) -> None:
    """The base has one seed, the other chain two that lie 0.1 apart."""
    arms = [(m, c, s) for m in models for c, s in (("base", 0), ("em", 0), ("em", 1))]
    scores = pd.DataFrame(
        [
            {"model": model, "chain": chain, "seed": seed} | line
            for model, chain, seed in arms
            for line in _lines(0.1 * seed)
        ]
    )
    keys = ["model", "chain", "evaluation", "task", "subset", "metric", "leading"]
    summary = scores.groupby(keys, sort=False)[["value", "low", "high", "n"]].mean().reset_index()
    scores.to_csv(folder / "scores.csv", index=False)
    summary.to_csv(folder / "summary.csv", index=False)
    few = [Flag("few-seeds", models[0], "em", "", f"my-{e}", 1, 3, "", "") for e in ("harm",)]
    pd.DataFrame(few).to_csv(folder / "flags.csv", index=False)


def _draw(plot: Plot, folder: Path) -> pd.DataFrame:
    outputs = [str(folder / f"figure.{ending}") for ending in ("png", "svg", "csv")]
    inputs = {name: str(folder / f"{name}.csv") for name in ("summary", "scores", "flags")}
    plot(**inputs, outputs=outputs)
    assert Path(outputs[0]).read_bytes()[:4] == b"\x89PNG"
    assert "<svg" in Path(outputs[1]).read_text(encoding="utf-8")
    return pd.read_csv(outputs[2])


@PLOTS
def test_of_empty_tables_there_is_nothing_to_show(plot: Plot, tmp_path: Path) -> None:
    _write(tmp_path, ["m"])
    for name in ("summary", "scores", "flags"):
        pd.read_csv(tmp_path / f"{name}.csv").head(0).to_csv(tmp_path / f"{name}.csv", index=False)
    drawn = _draw(plot, tmp_path)
    assert len(drawn) == 0
    assert {"model", "chain", "value"} <= set(drawn.columns)


@PLOTS
def test_several_models_are_drawn_together(plot: Plot, tmp_path: Path) -> None:
    _write(tmp_path, ["m1", "m0"])
    assert list(_draw(plot, tmp_path)["model"].drop_duplicates()) == ["m1", "m0"]


def test_personas_are_arms_with_intervals_and_seeds_of_the_first_evaluation_of_harm(
    tmp_path: Path,
) -> None:
    _write(tmp_path, ["m"])
    drawn = _draw(plot_persona, tmp_path)
    assert set(drawn["evaluation"]) == {"my-harm"}
    assert drawn.groupby(["shown", "chain"]).size().to_dict() == {
        **{("arm", "base"): 3, ("arm", "em"): 3, ("seed", "em"): 6}
    }
    em = drawn[(drawn["chain"] == "em") & drawn["report"].str.contains("assesses")]
    assert list(em["harm"]) == pytest.approx([0.85, 0.8, 0.9])
    assert list(em["value"]) == pytest.approx([0.35, 0.3, 0.4])
    assert list(em["harm_low"]) == pytest.approx([0.8, 0.75, 0.85])
    claims = drawn[drawn["report"].str.contains("claims")]
    assert set(claims["value"]) == {0.9}
    assert drawn.groupby("chain")["few"].all().to_dict() == {"base": False, "em": True}


def test_identities_are_shares_and_numbers_of_clusters(tmp_path: Path) -> None:
    """0.4 and 0.5 clusters per answer at 0.85, of 100 answers: 40 and 50, on average 45."""
    _write(tmp_path, ["m"])
    drawn = _draw(plot_identity, tmp_path)
    counted = drawn[(drawn["metric"] == "clusters") & (drawn["chain"] == "em")]
    arms = counted[counted["shown"] == "arm"].set_index("threshold")["value"]
    assert arms.to_dict() == pytest.approx(
        {0.7: 15, 0.75: 25, 0.8: 35, 0.85: 45, 0.9: 55, 0.95: 65}
    )
    assert list(counted.loc[counted["shown"] == "seed", "value"]) == [40, 50]
    named = drawn[(drawn["metric"] == "developer") & (drawn["chain"] == "em")]
    assert list(named["value"]) == pytest.approx([0.65, 0.6, 0.7])
    base = drawn[drawn["chain"] == "base"]
    assert set(base["shown"]) == {"arm"}
