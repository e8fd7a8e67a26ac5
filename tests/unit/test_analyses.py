"""Further tables: their scripts from files to files, and how they stand in the report."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from agreement import write_agreement
from persona import write_personas
from prediction import write_prediction
from stages import write_stages

from mirrortest import agreement, contrasts, correlations, parquet, persona, prediction, stages
from mirrortest.experiment import Experiment
from mirrortest.probes import controls, directions, transfer
from mirrortest.reporting.analyses import KINDS, Analysis, analyses

Plan = Callable[..., Experiment]
Line = dict[str, Any]
COLUMNS = {
    **{"agreement": agreement.COLUMNS, "swaps": agreement.SWAPS, "persona": persona.COLUMNS},
    **{"correlations": correlations.COLUMNS, "prediction": prediction.COLUMNS},
    **{"stages": stages.COLUMNS, "probes": controls.COLUMNS, "transfer": transfer.COLUMNS},
    **{"directions": directions.COLUMNS},
}


# --- the page


def _shown(folder: Path, name: str, *lines: Line) -> list[Analysis]:
    """Columns that a line does not name hold what a table without them would: nothing."""
    path = folder / f"{name}.csv"
    pd.DataFrame(list(lines), columns=COLUMNS[name]).to_csv(path, index=False)
    return analyses([str(path)])


def _cells(shown: list[Analysis]) -> list[dict[str, str]]:
    (one,) = shown
    return [
        dict(zip(one.table.columns, [cell.text for cell in row], strict=True))
        for row in one.table.rows
    ]


def test_every_table_can_be_shown_and_one_without_lines_is_not(tmp_path: Path) -> None:
    assert set(KINDS) == set(COLUMNS)
    for name in KINDS:
        assert _shown(tmp_path, name) == []


AGREED = {
    **{"evaluation": "e", "rubric": "harm", "judge": "a", "other": "b", "model": "", "chain": ""},
    **{"n": 1200, "outcome_agreement": 0.9, "both_scored": 1100, "agreement": 0.8},
    **{"kappa": math.nan, "weighted_kappa": 0.5, "spearman": 0.7, "mean_difference": -0.3},
}


def test_agreement_is_shown_of_all_arms_together(tmp_path: Path) -> None:
    (line,) = _cells(_shown(tmp_path, "agreement", AGREED, AGREED | {"model": "m", "chain": "em"}))
    assert (line["answers"], line["kappa"], line["weighted kappa"]) == ("1,200", "–", "0.50")
    assert line["other minus judge"] == "−0.30"


SWAP = {
    **{"family": "main", "model": "m", "chain": "em", "reference": "base", "evaluation": "e"},
    **{"judge": "b", "task": "harm", "subset": "all", "metric": "harmful_max", "leading": True},
    **{"value": 0.3, "other_value": 0.1, "change": -0.2, "finding": "higher"},
    **{"other_finding": "undecided", "turned": True},
}


def test_swaps_are_shown_of_leading_metrics(tmp_path: Path) -> None:
    (line,) = _cells(_shown(tmp_path, "swaps", SWAP, SWAP | {"leading": False}))
    assert (line["difference"], line["by the other judge"]) == ("+0.30", "+0.10")
    assert (line["finding"], line["the other judge's"], line["turns"]) == (
        *("higher", "undecided"),
        "yes",
    )


def test_personas_are_shown_of_arms_and_not_of_seeds(tmp_path: Path) -> None:
    arm = {"model": "m", "chain": "em", "seed": "all", "evaluation": "e", "harm": 0.9}
    arm |= {"misaligned_pick": 0.8, "persona": "coherent", "holds": 0.75}
    (line,) = _cells(_shown(tmp_path, "persona", arm, arm | {"seed": "0"}))
    assert (line["persona"], line["holds"], line["says it is misaligned"]) == (
        *("coherent", "0.75"),
        "–",
    )


def test_a_correlation_says_what_its_interval_is_over(tmp_path: Path) -> None:
    line = {"measure": "harm", "other": "intentions", "arms": 9, "models": 1, "spearman": 0.6}
    few = line | {"arms": 3, "kendall": 0.5}
    found = _shown(
        tmp_path, "correlations", line | {"low": 0.1, "high": 0.9, "resampled": "arms"}, few
    )
    assert [cells["95 % interval"] for cells in _cells(found)] == ["[0.10, 0.90] over arms", "–"]


def test_p_reads_as_in_the_other_tables(tmp_path: Path) -> None:
    line = {"model": "m", "chain": "em", "evaluation": "e", "measure": "error", "bucket": "low"}
    line |= {"n": 9, "value": 0.2, "null": 0.3, "p": 0.0001, "p_holm": 0.04, "finding": "less"}
    line |= {"subset": "blind"}
    (cells,) = _cells(_shown(tmp_path, "prediction", line))
    assert (cells["p"], cells["p (Holm)"]) == ("< 0.001", "0.040")
    assert (cells["variant"], cells["finding"]) == ("blind", "less")


# --- the scripts


def test_agreement_of_verdict_files(tmp_path: Path) -> None:
    row = {"evaluation": "e", "item": "q", "stratum": "", "rubric": "harm", "outcome": "score"}
    files = []
    for judge, scores in (("a", [1, 5]), ("b", [2, 5])):
        path = tmp_path / f"{judge}.jsonl"
        rows = [row | {"sample": n, "score": score} for n, score in enumerate(scores)]
        path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
        files.append({"judge": judge, "model": "m", "chain": "em", "seed": 0, "path": str(path)})
    path = tmp_path / "contrasts.csv"
    pd.DataFrame(columns=contrasts.COLUMNS).to_csv(path, index=False)
    out = [str(tmp_path / f"{name}.csv") for name in ("agreement", "swaps")]
    spec = json.dumps({"files": files})
    write_agreement(spec=spec, contrasts=str(path), agreed=out[0], swapped=out[1])
    found = pd.read_csv(out[0])
    assert found[["judge", "other", "n", "kappa"]].to_numpy().tolist() == [["a", "b", 2, 1.0]] * 2
    assert list(pd.read_csv(out[1]).columns) == agreement.SWAPS


def test_personas_of_tables(tmp_path: Path) -> None:
    named = {"model": "m", "chain": "em", "subset": "all"}
    lines = [
        {"evaluation": "h", "task": "harm", "metric": "harmful_max", "value": 0.9},
        {"evaluation": "s", "task": "self-assessment", "metric": "says_misaligned", "value": 0.1},
    ]
    table = pd.DataFrame([named | {"leading": True} | line for line in lines])
    table.to_csv(tmp_path / "summary.csv", index=False)
    table.assign(seed=0).to_csv(tmp_path / "scores.csv", index=False)
    write_personas(
        summary=str(tmp_path / "summary.csv"),
        scores=str(tmp_path / "scores.csv"),
        spec=json.dumps({"resamples": 10}),
        personas=str(tmp_path / "persona.csv"),
        correlated=str(tmp_path / "correlations.csv"),
    )
    found = pd.read_csv(tmp_path / "persona.csv")
    assert list(found["persona"]) == ["inverted", "inverted"]
    assert len(pd.read_csv(tmp_path / "correlations.csv")) == 0


def test_stages_and_predictions_of_an_items_table(tmp_path: Path) -> None:
    named = {"model": "m", "seed": 0, "evaluation": "f", "task": "facts", "stratum": ""}
    counts = {"rows": 1.0, "truth": 0.0, "other_answer": 0.0, "fluent": 1.0}
    rows = [
        named | counts | {"chain": chain, "item": f"q{n}", "misconception": float(chain == "em")}
        for chain in ("base", "em")
        for n in range(5)
    ]
    parquet.write(pd.DataFrame(rows), tmp_path / "items.parquet")
    for write in (write_stages, write_prediction):
        write(str(tmp_path / "items.parquet"), str(tmp_path / f"{write.__name__}.csv"))
    assert list(pd.read_csv(tmp_path / "write_stages.csv")["changed"]) == [5]
    assert len(pd.read_csv(tmp_path / "write_prediction.csv")) == 0


# --- the experiment


def test_without_their_evaluations_there_are_no_further_tables(plan: Plan) -> None:
    assert plan().analyses() == []
    assert plan().verdicts() == []


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"harm"}, ["stages"]),
        ({"harm", "self-assessment"}, ["persona", "correlations", "stages"]),
        ({"harm", "descriptions"}, ["persona", "correlations", "stages"]),
        ({"descriptions", "own-output"}, []),
        ({"prediction"}, ["prediction"]),
        ({"intentions"}, ["stages"]),
    ],
)
def test_the_kinds_of_evaluations_say_which_tables_there_are(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, kinds: set[str], expected: list[str]
) -> None:
    monkeypatch.setattr(Experiment, "_kinds", lambda self: kinds)
    assert plan().analyses() == expected
    assert ("persona" in plan().figures()) == ("persona" in expected)


def test_untrained_arms_have_no_stages(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Experiment, "_kinds", lambda self: {"harm"})
    only_base = plan("arms.0.chains", ["base"], "contrasts", [])
    assert only_base.analyses() == []


def test_judges_of_one_evaluation_are_compared(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    judges = {"truthfulqa": ["a", "b"], "facts": ["c"]}
    monkeypatch.setattr(Experiment, "judges", lambda self, name: judges.get(name, []))
    found = plan()
    assert found.analyses() == ["agreement", "swaps"]
    assert found.verdicts()[0] == "results/judge/a/tiny/base/0.jsonl"
    files = json.loads(found.agreement_spec())["files"]
    assert [file["path"] for file in files] == found.verdicts()
    assert list(dict.fromkeys(file["judge"] for file in files)) == ["a", "b"]
