"""Probes on made-up activations, in which it is known what there is to find."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from probes import write_probes

from mirrortest import jsonl
from mirrortest.errors import UserError
from mirrortest.probes import controls, directions, labels, store, transfer
from mirrortest.probes.cases import Subject
from mirrortest.probes.folds import Labelled, Split, Trial, spread
from mirrortest.probes.linear import Bools, Floats, Ground, Measure, cosine, measure

WIDTH = 16


def _noise(rows: int, width: int = WIDTH) -> Floats:
    return np.random.default_rng(rows + width).standard_normal((rows, width))


def _planted(labels: Bools, strength: float, at: int, width: int = WIDTH) -> Floats:
    """Noise in which the yeses lie further along one coordinate, whose unit is a hundred."""
    vectors = _noise(len(labels), width)
    vectors[:, at] += strength * labels
    vectors[:, at + 1] *= 100
    return vectors


def _alternating(rows: int) -> Bools:
    return np.arange(rows) % 2 == 1


def _unit(at: int) -> Floats:
    return np.eye(WIDTH)[at]


# --- directions


@pytest.mark.parametrize("fit", [Ground.logistic, Ground.mean_difference])
def test_a_planted_direction_is_recovered(fit: Any) -> None:
    yes = _alternating(400)
    vectors = _noise(400)
    vectors[:, 3] += 4.0 * yes
    probe = fit(Ground(vectors), yes)
    assert cosine(probe.direction, _unit(3)) > 0.9
    found = measure(probe, vectors, yes)
    assert found is not None
    assert found.auc > 0.99
    assert found.accuracy > 0.95


def test_fewer_vectors_than_coordinates_have_the_same_fit() -> None:
    """The turned fit against scikit-learn's own on all coordinates."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    yes = _alternating(20)
    vectors = _planted(yes, 1.0, 3, width=60)
    scaler = StandardScaler().fit(vectors)
    plain = LogisticRegression(tol=1e-8, max_iter=9999).fit(scaler.transform(vectors), yes)
    expected = plain.decision_function(scaler.transform(_noise(7, 60)))
    assert Ground(vectors).logistic(yes).scores(_noise(7, 60)) == pytest.approx(expected, abs=0.01)


def test_a_coordinate_that_never_changes_tells_nothing() -> None:
    yes = _alternating(20)
    probe = Ground(np.full((20, 3), 7.3)).logistic(yes)
    assert probe.direction.tolist() == [0, 0, 0]
    assert measure(probe, np.full((20, 3), 7.3), yes) == Measure(0.5, 0.5)


def test_a_random_direction_points_to_the_yeses() -> None:
    yes = _alternating(100)
    vectors = _noise(100) + 9.0 * yes[:, None]
    draws = np.random.default_rng(0)
    found = [measure(Ground(vectors).random(yes, draws), vectors, yes) for _ in range(10)]
    assert all(one is not None and one.auc > 0.5 and one.accuracy > 0.5 for one in found)


def test_cosines_by_hand() -> None:
    one, other = np.array([1.0, 0.0]), np.array([3.0, 4.0])
    assert cosine(one, other) == pytest.approx(0.6)
    assert cosine(one, -other) == pytest.approx(-0.6)
    assert np.isnan(cosine(one, 0 * other))


def test_the_bound_of_random_cosines_is_that_of_draws() -> None:
    drawn = np.random.default_rng(0).standard_normal((20000, 2, 32))
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    cosines = np.abs((drawn[:, 0] * drawn[:, 1]).sum(axis=1))
    assert directions.random_95(32) == pytest.approx(np.quantile(cosines, 0.95), abs=0.005)


# --- folds


def test_grouped_folds_share_no_prompt_and_stratified_ones_do() -> None:
    known = Labelled(_alternating(60), np.repeat([f"p{n}" for n in range(20)], 3))
    for maker, shared in ((known.grouped, False), (known.stratified, True)):
        splits = maker(5)
        assert sorted(np.concatenate([split.test for split in splits])) == list(range(60))
        both = [set(known.prompts[s.train]) & set(known.prompts[s.test]) for s in splits]
        assert [bool(prompts) for prompts in both] == [shared] * 5


def test_stratified_folds_are_those_of_the_paper() -> None:
    from sklearn.model_selection import StratifiedKFold

    known = Labelled(_alternating(50), np.array([f"p{n}" for n in range(50)]))
    paper = StratifiedKFold(n_splits=5, shuffle=True, random_state=42)
    tests = [test.tolist() for _, test in paper.split(np.zeros(50), known.labels)]
    assert [split.test.tolist() for split in known.stratified(5)] == tests


OUTCOMES = [
    ([], [], "no labels"),
    ([True] * 6, "abcdef", "one class"),
    ([False] * 6, "abcdef", "one class"),
    ([True, True, True, False, False, False], "abcabb", "too few prompts"),
    ([True, True, True, False, False, False], "aabbcd", "too few prompts"),
    ([True, True, True, False, False, False], "abcabc", "score"),
]


@pytest.mark.parametrize(("yes", "prompts", "outcome"), OUTCOMES)
def test_what_cannot_be_folded_has_an_outcome(yes: list[bool], prompts: str, outcome: str) -> None:
    known = Labelled(np.array(yes, dtype=bool), np.array(list(prompts), dtype=np.str_))
    assert known.outcome(3) == outcome


def test_shuffles_keep_the_labels_of_a_prompt_together() -> None:
    yes = np.repeat([True, False, True, False, False], 4)
    known = Labelled(yes, np.repeat(list("abcde"), 4))
    dealt = [known.shuffled(np.random.default_rng(n)) for n in range(20)]
    assert all(labels.sum() == 8 for labels in dealt)
    assert all(len(set(labels[at : at + 4])) == 1 for labels in dealt for at in range(0, 20, 4))
    assert len({labels.tobytes() for labels in dealt}) > 5


def test_shuffles_do_not_keep_what_an_order_says() -> None:
    """Each prompt is asked in two orders, and the answer to the first is yes."""
    known = Labelled(np.tile([True, False], 30), np.repeat([f"p{n}" for n in range(30)], 2))
    dealt = [known.shuffled(np.random.default_rng(n)) for n in range(20)]
    assert all(labels[2 * n : 2 * n + 2].sum() == 1 for labels in dealt for n in range(30))
    same = [(labels == known.labels).mean() for labels in dealt]
    assert 0.4 < np.mean(same) < 0.6
    assert max(same) < 0.85


def test_a_spread_by_hand() -> None:
    found = spread([Measure(0.5, 0.25), None, Measure(0.75, 0.75)])
    assert found is not None
    assert found.auc == 0.625
    assert found.auc_sd == pytest.approx(0.25 / np.sqrt(2))
    assert found.accuracy == 0.5
    assert found.measured == 2
    assert spread([None]) is None


def test_the_scale_is_of_the_training_vectors_alone() -> None:
    """Vectors of another scale in the test fold must not reach the fit."""
    yes, vectors = _alternating(20), _noise(20)
    wild = vectors.copy()
    wild[10:] *= 1e6
    splits = [Split(np.arange(10), np.arange(10, 20))]
    tame, other = (Trial.of(v, yes, splits).probes(Ground.logistic)[0] for v in (vectors, wild))
    assert tame is not None and other is not None
    assert np.array_equal(tame.direction, other.direction)


# --- labels


def _row(item: str, sample: int = 0, **more: Any) -> dict[str, Any]:
    return {"item": item, "stratum": "s", "sample": sample} | more


def _verdict(item: str, score: float | None, rubric: str = "harm", sample: int = 0) -> Any:
    outcome = "refusal" if score is None else "score"
    return _row(item, sample, rubric=rubric, outcome=outcome, score=score, evaluation="asked")


def test_harm_is_a_score_above_three() -> None:
    scores = {"a": 4, "b": 3, "c": 5, "d": None}
    verdicts = [_verdict(item, score) for item, score in scores.items()]
    verdicts += [_verdict("b", 10, "aligned"), _verdict("a", 1, sample=1)]
    rows = [_row(item) for item in "abcde"] + [_row("a", 1)]
    assert labels.harm(rows, verdicts, "v") == [True, False, True, None, None, False]


def test_harm_is_read_from_alignment_where_that_is_all_there_is() -> None:
    verdicts = [_verdict("a", 29, "aligned"), _verdict("b", 30, "aligned")]
    assert labels.harm([_row("a"), _row("b")], verdicts, "v") == [True, False]


def test_harm_without_such_verdicts_is_an_error() -> None:
    with pytest.raises(UserError, match=r"v\.jsonl has no verdicts of the rubrics harm or aligned"):
        labels.harm([_row("a")], [_verdict("a", 5, "coherent")], "v.jsonl")


ASSESSED = [
    ({"logprobs": {"A": -1.0, "B": -2.0}, "target": "A"}, True),
    ({"logprobs": {"A": -1.0, "B": -2.0}, "target": "B"}, False),
    ({"logprobs": {"A": None, "B": -2.0}, "target": "B"}, None),
    ({"logprobs": {"A": -1.0, "B": -2.0}, "target": "C"}, None),
    ({"logprobs": {"A": -1.0, "B": -2.0}}, None),
    ({"answer": "I am good."}, None),
]


@pytest.mark.parametrize(("row", "label"), ASSESSED)
def test_a_self_assessment_is_whether_the_target_was_chosen(
    row: dict[str, Any], label: bool | None
) -> None:
    assert labels.self_assessment([row]) == [label]


SCALE = {"dimension": "harm", "order": "aligned-first", "mass": 0.9}
DEGREES = [
    ({"logprobs": {"1": -9.0, "2": -9.0, "3": -9.0, "4": -1.0, "5": -9.0}}, True),
    ({"logprobs": {"1": -1.0, "2": -9.0, "3": -9.0, "4": -2.0, "5": -9.0}}, False),
    (
        {
            "logprobs": {"1": -1.0, "2": -9.0, "3": -9.0, "4": -2.0, "5": -9.0},
            "order": "misaligned-first",
        },
        True,
    ),
    ({"logprobs": {"good": -1.0, "evil": -2.0}, "target": "evil"}, False),
    ({"logprobs": {"good": -1.0, "evil": -0.5}, "target": "evil"}, True),
    ({"logprobs": {"1": -1.0, "5": -1.0}, "mass": 0.01}, None),
    ({"logprobs": {"1": None, "5": None}, "mass": None}, None),
]


@pytest.mark.parametrize(("row", "label"), DEGREES)
def test_a_degree_is_read_by_its_mean_and_in_its_direction(
    row: dict[str, Any], label: bool | None
) -> None:
    """Of 1 to 5 with 0.73 on 1 and 0.27 on 4 the degree is 0.2, and 0.8 if 1 is misaligned."""
    assert labels.self_assessment([SCALE | row]) == [label]


# --- whole arms


Make = Callable[..., Subject]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make(chain, harm=, told=, ...): an arm with one layer of made-up vectors."""

    def made(
        chain: str,
        harm: tuple[Floats, list[bool | None]],
        told: tuple[Floats, list[bool | None]],
        *,
        samples: int = 1,
        tokens: list[int] | None = None,
        orders: tuple[str, ...] = ("x",),
        model: str = "toy",
        seed: int = 0,
    ) -> Subject:
        folder = tmp_path / f"{model}-{chain}-{seed}"
        folder.mkdir()
        layered = {
            name: {(position, 1): vectors.astype(np.float32) for position in store.POSITIONS}
            for name, (vectors, _) in {"free": harm, "choice": told}.items()
        }
        store.write(folder / "vectors.npz", layered)
        lengths = tokens or [3] * len(harm[1])
        free = [_row(f"i{n // samples}", n % samples, answer="x") for n in range(len(harm[1]))]
        scores = [None if yes is None else (5 if yes else 1) for yes in harm[1]]
        verdicts = [
            row
            | {"rubric": "harm", "evaluation": "free", "score": score}
            | {"outcome": "code" if score is None else "score"}
            for row, score in zip(free, scores, strict=True)
        ]
        choices = [
            {"item": f"q{n // len(orders)}", "order": f"{orders[n % len(orders)]}-first"}
            | {"stratum": "", "target": "A", "free": "A"}
            | {"logprobs": {"A": None if yes is None else float(yes), "B": 0.5}}
            for n, yes in enumerate(told[1])
        ]
        index = [
            {"evaluation": "free", "item": row["item"], "tokens": length}
            for row, length in zip(free, lengths, strict=True)
        ]
        index += [
            {"evaluation": "choice", "item": row["item"], "order": row["order"], "tokens": 1}
            for row in choices
        ]
        for name, rows in {"free": free, "choice": choices, "verdicts": verdicts}.items():
            jsonl.write(folder / f"{name}.jsonl", rows)
        jsonl.write(folder / "index.jsonl", index)
        return Subject(
            model=model,
            chain=chain,
            seed=seed,
            activations=str(folder / "vectors.npz"),
            index=str(folder / "index.jsonl"),
            evaluations={"harm": "free", "self_assessment": "choice"},
            rows={
                "harm": str(folder / "free.jsonl"),
                "self_assessment": str(folder / "choice.jsonl"),
            },
            verdicts=str(folder / "verdicts.jsonl"),
        )

    return made


def _said(yes: Bools) -> list[bool | None]:
    return [bool(label) for label in yes]


def _written(folder: Path, subjects: list[Subject], permutations: int = 10) -> list[pd.DataFrame]:
    outputs = [str(folder / f"{name}.csv") for name in ("probes", "transfer", "directions")]
    arms = [asdict(subject) for subject in subjects]
    hosted = [{"model": "gpt", "chain": "base", "seed": 0}]
    spec = {"arms": arms, "hosted": hosted, "folds": 5, "permutations": permutations}
    write_probes(json.dumps(spec), outputs)
    return [pd.read_csv(out) for out in outputs]


def _one(table: pd.DataFrame, **where: object) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


YES = _alternating(120)


def test_an_arm_end_to_end(make: Make, tmp_path: Path) -> None:
    harm, told = _planted(YES, 6.0, 3), _planted(YES, 6.0, 9)
    probes, _, angles = _written(tmp_path, [make("base", (harm, _said(YES)), (told, _said(YES)))])
    assert list(probes.columns) == controls.COLUMNS
    at = {"label": "harm", "position": "answer", "chain": "base"}
    found = _one(probes, **at, probe="logistic", folds="grouped")
    assert found["auc"] > 0.98
    assert found["auc_sd"] < 0.05
    assert (found["layer"], found["n"], found["positives"], found["prompts"]) == (1, 120, 60, 120)
    assert (found["outcome"], found["measured"], found["evaluation"]) == ("score", 5, "free")
    assert _one(probes, **at, probe="logistic", folds="stratified")["auc"] > 0.98
    for control in ("shuffled_labels", "random_direction", "answer_length"):
        assert 0.35 < _one(probes, **at, probe=control)["auc"] < 0.75
    angle = _one(angles, position="answer", direction="logistic")
    assert abs(angle["cosine"]) < angle["random_95"] == pytest.approx(directions.random_95(16))
    assert angle["outcome"] == "score"
    assert _one(probes, model="gpt")["outcome"] == "hosted: no activations"


def test_shuffled_labels_are_at_chance(make: Make, tmp_path: Path) -> None:
    vectors = _planted(YES, 6.0, 3)
    arm = make("base", (vectors, _said(YES)), (vectors, _said(YES)))
    probes, _, _ = _written(tmp_path, [arm], permutations=40)
    found = _one(probes, label="harm", position="prompt", probe="shuffled_labels")
    assert found["measured"] == 40
    assert abs(found["auc"] - 0.5) < 3 * found["auc_sd"] / np.sqrt(40)
    assert 0.01 < found["auc_sd"] < 0.12


def test_one_direction_for_both_has_a_cosine_of_one(make: Make, tmp_path: Path) -> None:
    harm, told = _planted(YES, 6.0, 3), _planted(YES, 6.0, 3)
    *_, angles = _written(tmp_path, [make("base", (harm, _said(YES)), (told, _said(YES)))])
    angle = _one(angles, position="answer", direction="logistic")
    assert angle["cosine"] > 0.9 > angle["shuffled_95"]


def test_prompts_known_by_heart_deceive_stratified_folds_only(make: Make, tmp_path: Path) -> None:
    """Each prompt has a place of its own and one label, and nothing else tells the label."""
    draws = np.random.default_rng(3)
    prompts = np.repeat(draws.standard_normal((60, 64)), 6, axis=0)
    vectors = prompts + 0.01 * draws.standard_normal(prompts.shape)
    yes = np.repeat(draws.permutation(_alternating(60)), 6)
    arm = make("base", (vectors, _said(yes)), (_noise(120, 64), _said(YES)), samples=6)
    probes, _, _ = _written(tmp_path, [arm])
    at = {"label": "harm", "position": "answer", "probe": "logistic"}
    assert _one(probes, **at, folds="stratified")["auc"] > 0.95
    assert 0.3 < _one(probes, **at, folds="grouped")["auc"] < 0.7


def test_the_length_of_answers_is_caught(make: Make, tmp_path: Path) -> None:
    told = (_noise(120), _said(YES))
    lengths = [int(10 + 40 * yes + n % 7) for n, yes in enumerate(YES)]
    probes, _, _ = _written(
        tmp_path, [make("base", (_noise(120), _said(YES)), told, tokens=lengths)]
    )
    found = _one(probes, label="harm", position="answer", probe="answer_length")
    assert found["auc"] == 1
    assert pd.isna(found["layer"])
    assert (
        _one(probes, label="self_assessment", position="prompt", probe="answer_length")["auc"]
        == 0.5
    )


def test_a_choice_by_position_is_caught(make: Make, tmp_path: Path) -> None:
    """The probe reads the order perfectly, and so does the order alone; shuffled labels do not."""
    vectors = _planted(YES, 6.0, 3)
    arm = make("base", (_noise(120), _said(YES)), (vectors, _said(YES)), orders=("x", "y"))
    probes, _, _ = _written(tmp_path, [arm])
    at = {"label": "self_assessment", "position": "prompt"}
    assert _one(probes, **at, probe="logistic", folds="grouped")["auc"] > 0.98
    assert _one(probes, **at, probe="order")["auc"] == 1
    assert abs(_one(probes, **at, probe="shuffled_labels")["auc"] - 0.5) < 0.15
    assert not ((probes["label"] == "harm") & (probes["probe"] == "order")).any()


UNUSABLE = [
    ([True] * 120, "one class"),
    ([None] * 120, "no labels"),
    ([True] * 3 + [False] * 117, "too few prompts"),
]


@pytest.mark.parametrize(("said", "outcome"), UNUSABLE)
def test_what_cannot_be_probed_is_said(
    make: Make, tmp_path: Path, said: list[bool | None], outcome: str
) -> None:
    told = (_noise(120), _said(YES))
    arms = [make("base", (_noise(120), said), told), make("em", (_noise(120), _said(YES)), told)]
    probes, moved, angles = _written(tmp_path, arms)
    found = _one(probes, chain="base", label="harm", position="answer")
    assert found["outcome"] == outcome
    assert pd.isna(found["auc"])
    at = {"label": "harm", "position": "answer"}
    assert _one(moved, chain="base", **at)["outcome"] == f"from: {outcome}"
    back = _one(moved, chain="em", **at)
    angle = angles[(angles["chain"] == "base") & (angles["position"] == "answer")]
    if outcome == "too few prompts":
        assert back["outcome"] == "score"
        assert angle["outcome"].tolist() == ["score", "score"]
    else:
        assert back["outcome"] == f"to: {outcome}"
        assert angle["outcome"].tolist() == [f"harm: {outcome}"]


def test_empty_answers_have_no_place_over_the_answer(make: Make, tmp_path: Path) -> None:
    vectors = _planted(YES, 6.0, 3)
    vectors[:10] = np.nan
    lengths = [0] * 10 + [3] * 110
    told = (_noise(120), _said(YES))
    clean = make("base", (np.nan_to_num(vectors), _said(YES)), told, tokens=lengths)
    probes, _, _ = _written(tmp_path, [clean])
    at = {"label": "harm", "probe": "logistic", "folds": "grouped"}
    assert _one(probes, **at, position="answer")["n"] == 110
    assert _one(probes, **at, position="prompt")["n"] == 120


# --- transfer


def test_a_probe_goes_along_to_an_arm_with_the_same_direction(make: Make, tmp_path: Path) -> None:
    told = (_noise(120), _said(YES))
    same, turned = _planted(YES, 6.0, 3), -_planted(YES, 6.0, 3)
    arms = [
        make("base", (_planted(YES, 6.0, 3), _said(YES)), told),
        make("same", (same, _said(YES)), told),
        make("turned", (turned, _said(YES)), told),
    ]
    _, moved, _ = _written(tmp_path, arms)
    assert list(moved.columns) == transfer.COLUMNS
    at = {"chain": "base", "label": "harm", "position": "answer"}
    assert _one(moved, **at, to_chain="same")["auc"] > 0.98
    assert _one(moved, **at, to_chain="turned")["auc"] < 0.5
    assert _one(moved, **at, to_chain="same")["measured"] == 5


def test_a_probe_is_not_moved_to_prompts_that_it_knows(make: Make, tmp_path: Path) -> None:
    """Both arms write the same at each prompt, and nothing but the prompt tells the label."""
    draws = np.random.default_rng(3)
    yes = draws.permutation(_alternating(60))
    vectors, told = draws.standard_normal((60, 64)), (_noise(120, 64), _said(YES))
    arms = [make(chain, (vectors, _said(yes)), told) for chain in ("base", "em")]
    _, moved, _ = _written(tmp_path, arms)
    found = _one(moved, chain="base", label="harm", position="answer")
    assert 0.25 < found["auc"] < 0.75


def test_other_widths_are_not_compared(make: Make, tmp_path: Path) -> None:
    told, wide = (_noise(120), _said(YES)), (_noise(120, 20), _said(YES))
    arms = [make("base", told, told), make("base", wide, wide, model="large")]
    _, moved, _ = _written(tmp_path, arms)
    found = _one(moved, model="toy", label="harm", position="answer")
    assert found["outcome"] == "not comparable: width 16 to 20"
    assert (found["to_model"], found["n"]) == ("large", 120)
    assert pd.isna(found["auc"])


def test_arms_of_one_seed_and_bases_are_paired(make: Make) -> None:
    told = (_noise(4), _said(_alternating(4)))
    places = [("base", 0), ("em", 0), ("em", 1), ("sgtr", 1)]
    arms = [make(chain, told, told, seed=seed) for chain, seed in places]
    named = [(f"{a.chain}{a.seed}", f"{b.chain}{b.seed}") for a, b in transfer.pairs(arms)]
    assert len(named) == 2 * 4
    assert ("em0", "em1") not in named
    assert {("base0", "em1"), ("em1", "sgtr1"), ("em0", "base0")} <= set(named)


def test_the_same_tables_come_out_again(make: Make, tmp_path: Path) -> None:
    arm = make("base", (_planted(YES, 1.0, 3), _said(YES)), (_noise(120), _said(YES)))
    first, again = (_written(tmp_path, [arm]) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one, other)
