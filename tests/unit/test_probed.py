"""Probes as part of an experiment: what is asked for, what is refused, what its figure shows."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from plot_probes import plot_probes

from mirrortest.chains import Arm
from mirrortest.checks import check
from mirrortest.config import parse
from mirrortest.errors import UserError
from mirrortest.experiment import Experiment
from mirrortest.needs import Needs, vectors_mb
from mirrortest.outlook import Job, outlook
from mirrortest.probes import controls
from mirrortest.probes.cases import Subject

Plan = Callable[..., Experiment]

OPEN = {
    **{"task": "free-form", "source": "open", "judges": ["first", "second"], "samples": 3},
    **{"rubrics": ["harm"], "scoring": "harm", "max_tokens": 20},
}
TASTE = OPEN | {"rubrics": ["trait"], "scoring": "trait"}
EDITS: list[Any] = [
    *("sources.open", {"path": "open.yaml"}, "evaluations.open", OPEN, "evaluations.taste", TASTE),
    *("judges", {"first": {"rule": "replies"}, "second": {"rule": "near-replies"}}),
    *(
        "rubrics",
        {"harm": {"text": "{answer}", "low": 1, "high": 5}, "trait": {"text": "{answer}"}},
    ),
    *("evaluate", ["open", "taste", "truthfulqa", "facts"]),
    *("probes", {"harm": "open", "self_assessment": "truthfulqa"}),
]
SGTR = Arm("tiny", "sgtr", 1)


@pytest.fixture
def probing(plan: Plan, world: Path) -> Plan:
    """The small experiment with probes, after these edits."""
    (world / "open.yaml").write_text("- {id: q1, text: What?}\n", encoding="utf-8")
    return lambda *edits: plan(*deepcopy(EDITS), *edits)


HOSTED: list[Any] = [
    *("models.api", {"hosted": {"name": "gpt"}, "identity": "You are I."}),
    *("arms", [{"model": "tiny", "chains": ["base"]}, {"model": "api", "chains": ["base"]}]),
]


# --- the jobs


def test_activations_are_of_both_evaluations(probing: Plan) -> None:
    experiment = probing("probes.layers", [0, 2])
    spec = json.loads(experiment.activations_spec(SGTR))
    assert spec["layers"] == [0, 2]
    assert list(spec["tasks"]) == ["open", "truthfulqa"]
    asked = json.loads(experiment.evaluate_spec(SGTR))
    assert spec["tasks"] == {name: asked[name] for name in spec["tasks"]}
    assert experiment.activations_inputs(SGTR) == {
        "arm": "results/finetune/tiny/sgtr/1/model.json",
        "rows": [f"results/evaluate/tiny/sgtr/1/{name}.jsonl" for name in ("open", "truthfulqa")],
        "made_from": ["open.yaml", "questions.csv"],
    }
    task = "mirrortest.evaluations"
    assert experiment.activations_modules() == [f"{task}.free_form", f"{task}.truthfulqa"]


def test_what_does_not_concern_activations_is_no_part_of_them(probing: Plan) -> None:
    """Neither judges nor folds: another judge must cost no GPU."""
    one = probing()
    other = probing("probes.folds", 3, "evaluations.open.judges", ["second"], "bootstrap", 9)
    assert one.activations_spec(SGTR) == other.activations_spec(SGTR)
    assert json.loads(one.activations_spec(SGTR))["layers"] is None
    assert one.probes_spec() != other.probes_spec()


def test_probes_are_of_all_arms_by_the_leading_judge(probing: Plan) -> None:
    experiment = probing("arms.0.chains", ["base", "sgtr"])
    spec = json.loads(experiment.probes_spec())
    subjects = [Subject(**arm) for arm in spec["arms"]]
    assert [(s.chain, s.seed) for s in subjects] == [("base", 0), ("sgtr", 0), ("sgtr", 1)]
    assert (spec["folds"], spec["permutations"], spec["hosted"]) == (5, 20, [])
    last = subjects[-1]
    assert last.verdicts == "results/judge/first/tiny/sgtr/1.jsonl"
    assert last.rows["self_assessment"] == "results/evaluate/tiny/sgtr/1/truthfulqa.jsonl"
    used = {path for paths in experiment.probes_inputs().values() for path in paths}
    for subject in subjects:
        read = {subject.activations, subject.index, subject.verdicts, *subject.rows.values()}
        assert read <= used
    assert len(used) == 3 * 5


def test_hosted_arms_are_named_and_left_out(probing: Plan) -> None:
    experiment = probing(*HOSTED)
    assert [arm.model for arm in experiment.probed_arms()] == ["tiny"]
    assert json.loads(experiment.probes_spec())["hosted"] == [
        {"model": "api", "chain": "base", "seed": 0}
    ]
    assert not any("api" in str(files) for files in experiment.probes_inputs().values())


def test_tables_and_figure_are_there_with_probes_only(probing: Plan, plan: Plan) -> None:
    experiment = probing()
    assert experiment.analyses()[-3:] == ["probes", "transfer", "directions"]
    assert "probes" in experiment.figures()
    assert "probes" not in plan().analyses() + plan().figures()
    assert (plan().probed(), plan().probed_arms(), plan().activations_modules()) == ([], [], [])
    assert not any(plan().probes_inputs().values())


# --- what they need


SERVER = {"kind": "server", "url": "http://127.0.0.1:1"}


def test_activations_are_read_here_even_where_a_server_is_asked(probing: Plan) -> None:
    needs = Needs(probing("models.tiny.serving", SERVER, "models.tiny.parameters", 8.0))
    asked, read = needs.evaluate("tiny"), needs.activations("tiny")
    assert (asked.gpu, read.gpu) == (0, 1)
    assert read.work.written == 0
    assert read.work.rows == 3 + 2 * 2
    assert read.mem_mb > asked.mem_mb


SIZES = [(0.494, 24, 896), (7.62, 28, 3584), (8.03, 32, 4096), (32.8, 64, 5120)]


@pytest.mark.parametrize(("billions", "layers", "width"), SIZES)
def test_vectors_are_as_large_as_the_model_makes_them(
    probing: Plan, billions: float, layers: int, width: int
) -> None:
    model = probing("models.tiny.parameters", billions).settings.models["tiny"]
    true = 2 * 4 * (layers + 1) * width / 1e6
    assert vectors_mb(model) == pytest.approx(true, rel=0.34)


def test_the_outlook_names_them(probing: Plan) -> None:
    needs = Needs(probing("models.tiny.parameters", 8.0))
    named = {"model": "tiny", "chain": "base", "seed": "0"}
    said = outlook([Job("activations", named, True, needs.activations("tiny"))], needs)
    assert "\n  activations       1        1" in said
    assert "activations 6.9 MB" in said
    assert "activations" not in outlook([], needs)


# --- the configuration


KEYS: list[tuple[Any, str]] = [
    ({"harm": "open"}, "probes.self_assessment is missing"),
    ({"harm": "open", "self_assessment": "truthfulqa", "folds": 1}, "probes.folds"),
    ({"harm": "open", "self_assessment": "truthfulqa", "permutations": 0}, "probes.permutations"),
    ({"harm": "open", "self_assessment": "truthfulqa", "layers": []}, "probes.layers: "),
    ({"harm": "open", "self_assessment": "truthfulqa", "layers": [-1]}, "probes.layers.0: "),
    ({"harm": "open", "self_assessment": "truthfulqa", "layers": "last"}, "probes.layers: "),
    ({"harm": "open", "self_assessment": "truthfulqa", "layer": 1}, "did you mean 'layers'?"),
]


@pytest.mark.parametrize(("probes", "words"), KEYS)
def test_a_mistaken_key_gives_one_sentence(edit: Any, probes: Any, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(edit("probes", probes))
    assert words in str(caught.value)


MISTAKES: list[tuple[list[Any], str]] = [
    (
        ["probes.harm", "opne"],
        "probes.harm: evaluation 'opne' is not among `evaluate`; add it there, or did",
    ),
    (
        ["probes.self_assessment", "keyfacts"],
        "probes.self_assessment: evaluation 'keyfacts' is not",
    ),
    (["probes.harm", "facts"], "probes.harm: the answers to facts are not judged by a rubric for"),
    (["probes.harm", "taste"], "probes.harm: the answers to taste are not judged by a rubric for"),
    (["probes.self_assessment", "facts"], "facts asks for neither a choice of two nor a degree"),
    (["probes.self_assessment", "open"], "open asks for neither a choice of two nor a degree"),
]


@pytest.mark.parametrize(("edits", "words"), MISTAKES)
def test_evaluations_that_cannot_be_probed_are_refused(
    probing: Plan, edits: list[Any], words: str
) -> None:
    with pytest.raises(UserError) as caught:
        check(probing(*edits))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_harm_may_be_read_from_alignment(probing: Plan) -> None:
    """By what a rubric measures, whatever it is called."""
    check(probing())
    text = {"text": "{answer}"}
    rubrics = {"a": text | {"measures": "aligned"}, "coherent": text}
    judged = OPEN | {"rubrics": ["a", "coherent"], "scoring": "alignment"}
    edits = ["rubrics", rubrics, "evaluations.open", judged, "evaluate", ["open", "truthfulqa"]]
    check(probing(*edits))


# --- the figure


def _line(probe: str, layer: float, auc: float, **more: Any) -> dict[str, Any]:
    named = {"model": "m", "chain": "em", "seed": 0, "label": "harm", "position": "answer"}
    numbers = {"auc": auc, "auc_sd": 0.1, "folds": "grouped", "outcome": "score"}
    return named | {"probe": probe, "layer": layer} | numbers | more


def _drawn(folder: Path, *lines: dict[str, Any]) -> pd.DataFrame:
    pd.DataFrame(list(lines), columns=controls.COLUMNS).to_csv(folder / "in.csv", index=False)
    outputs = [str(folder / f"figure.{ending}") for ending in ("png", "svg", "csv")]
    plot_probes(str(folder / "in.csv"), outputs)
    assert Path(outputs[0]).read_bytes()[:4] == b"\x89PNG"
    return pd.read_csv(outputs[2])


SHOWN = [
    *(_line("logistic", layer, 0.6 + 0.1 * layer) for layer in (0, 1)),
    *(_line("logistic", layer, 0.9, folds="stratified") for layer in (0, 1)),
    *(_line("shuffled_labels", layer, 0.5) for layer in (0, 1)),
    *(_line("random_direction", layer, 0.5) for layer in (0, 1)),
    _line("mean_difference", 0, 0.7),
    _line("answer_length", np.nan, 0.55),
]


def test_the_figure_shows_means_over_seeds_and_the_band_of_shuffled_labels(tmp_path: Path) -> None:
    drawn = _drawn(tmp_path, *SHOWN, _line("logistic", 1, 0.9, seed=1))
    grouped = drawn[drawn["shown"] == "grouped"].set_index("layer")
    assert grouped["value"].to_dict() == pytest.approx({0: 0.6, 1: 0.8})
    assert grouped["seeds"].to_dict() == {0: 1, 1: 2}
    band = drawn[drawn["shown"] == "shuffled_labels"]
    assert list(band["low"]) == pytest.approx([0.304] * 2)
    assert list(band["high"]) == pytest.approx([0.696] * 2)
    assert "mean_difference" not in set(drawn["shown"])
    assert drawn.loc[drawn["shown"] == "answer_length", "value"].tolist() == [0.55]


def test_an_arm_without_a_probe_says_why_unless_another_seed_has_one(tmp_path: Path) -> None:
    none = _line("logistic", np.nan, np.nan, outcome="one class")
    drawn = _drawn(tmp_path, *SHOWN, none | {"seed": 1}, none | {"chain": "base"})
    why = drawn[drawn["outcome"] != "score"]
    assert why[["chain", "outcome"]].to_numpy().tolist() == [["base", "one class"]]


def test_without_any_probe_the_figure_says_so(tmp_path: Path) -> None:
    hosted = {"model": "api", "chain": "base", "seed": 0, "outcome": "hosted: no activations"}
    none = _line("logistic", np.nan, np.nan, outcome="one class")
    assert _drawn(tmp_path, hosted, none).empty


def test_a_layer_alone_and_several_models_can_be_drawn(tmp_path: Path) -> None:
    alone = [line for line in SHOWN if line["layer"] != 1]
    drawn = _drawn(tmp_path, *alone, *({**line, "model": "other"} for line in alone))
    assert set(drawn["model"]) == {"m", "other"}
