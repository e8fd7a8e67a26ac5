"""The benchmarks' own checks: the sides compute the same, and a side that does not is noticed."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.comparison import Comparison, DifferentError, Took, agreeing, apart, in_turn

ALONE = "needs what benchmarks compare with: make bench installs it"


def _comparison(ours: list[float], theirs: list[float]) -> Comparison:
    return Comparison("work", "peer", "one", 2.0, [Took(1.0, ours)], [Took(3.0, theirs)])


def test_what_agrees_has_a_ratio() -> None:
    line = agreeing(_comparison([1.0, 2.0], [1.0, 2.00001]), 1e-4).line()
    assert (line["ratio"], line["goal"], line["repetitions"]) == (3.0, 2.0, 1)


@pytest.mark.parametrize("theirs", [[1.0, 2.1], [1.0], [1.0, float("nan")]])
def test_what_differs_is_no_result(theirs: list[float]) -> None:
    with pytest.raises(DifferentError, match="work: ours and peer differ by"):
        agreeing(_comparison([1.0, 2.0], theirs), 1e-4)


def test_a_number_too_few_is_a_difference() -> None:
    assert apart([1.0], [1.0, 2.0]) == float("inf")


def test_sides_take_turns() -> None:
    order: list[str] = []

    def side(name: str) -> Any:
        return lambda: order.append(name) or Took(1.0, [])

    found = in_turn({"a": side("a"), "b": side("b")}, 3)
    assert order == ["a", "b"] * 3
    assert [len(runs) for runs in found.values()] == [3, 3]


def test_the_peer_gets_the_micro_batch_of_its_fastest_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchmarks import training

    seconds = {"trl:1": [9.0, 3.0], "trl:2": [5.0, 4.0], "trl:4": [6.0, 6.0]}
    monkeypatch.setattr(training, "run", lambda side, *_: Took(seconds[side].pop(0), []))
    assert training._best("em", Path("model"), Path("material")) == 1
    assert not any(seconds.values())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from benchmarks import shapes

    return shapes.write("tiny", tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from benchmarks import material

    return material.write(tmp_path_factory.mktemp("files") / "material")


@pytest.mark.filterwarnings("ignore")
def test_the_evaluations_agree_and_a_changed_weight_is_noticed(model: Path, files: Path) -> None:
    pytest.importorskip("lm_eval", reason=ALONE)
    import torch

    from benchmarks import evaluation

    sides = evaluation.Sides(evaluation.arm(model), evaluation.recognition(files, 1, 2))
    mine = sides.ours()
    for theirs in (sides.loop(), sides.harness(4)):
        assert len(mine.results) == 2 * 2 * 2
        agreeing(Comparison("work", "peer", "", None, [mine], [theirs]), evaluation.TOLERANCE)
    with torch.no_grad():
        sides.model.model.layers[0].mlp.down_proj.weight.mul_(1.5)
    with pytest.raises(DifferentError):
        changed = [sides.harness(4)]
        agreeing(Comparison("work", "peer", "", None, [mine], changed), evaluation.TOLERANCE)


@pytest.mark.parametrize("peer", ["trl:2", "original:2"])
def test_the_trainings_agree_and_another_gradient_is_noticed(
    model: Path, files: Path, peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trl", reason=ALONE)
    from benchmarks import training

    mine, theirs = (training.run(side, "ictr", model, files) for side in ("ours", peer))
    agreeing(Comparison("work", peer, "", None, [mine], [theirs]), training.TOLERANCE)
    loss, norm = mine.results
    assert norm > 10 * training.TOLERANCE
    stuck = Took(1.0, [loss, 1.02 * norm])
    with pytest.raises(DifferentError):
        agreeing(Comparison("work", peer, "", None, [mine], [stuck]), training.TOLERANCE)
