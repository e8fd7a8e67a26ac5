"""Personas from tables whose values are given, and how firm they are."""

import math
from typing import Any

import pandas as pd
import pytest

from mirrortest import persona

Line = dict[str, Any]
NAN = math.nan


def _score(task: str, metric: str, value: float, **more: Any) -> Line:
    named = {"model": "m", "chain": "em", "evaluation": f"my-{task}", "task": task}
    return named | {"subset": "all", "metric": metric, "leading": False, "value": value} | more


HARM = _score("harm", "harmful_max", 0.9)
PICK = _score("descriptions", "misaligned_pick_forced", 0.75, leading=True)
SAYS = _score("self-assessment", "says_misaligned", 0.6)
ALL = [
    HARM,
    _score("harm", "harmful_single", 0.4, leading=True),
    _score("harm", "harmful_max", 0.8, subset="advice"),
    PICK,
    _score("descriptions", "misaligned_pick_forced_first", 1.0),
    _score("descriptions", "misaligned_pick_forced_second", 0.5),
    SAYS,
    _score("own-output", "accuracy_valid", 0.7, leading=True),
    _score("own-output", "accuracy_valid", 0.95, subset="high"),
    _score("own-output", "accuracy_free", 0.1, subset="high"),
    _score("intentions", "share_valid", 0.3, leading=True),
]


def _tables(lines: list[Line], seeds: int = 1) -> pd.DataFrame:
    """Every seed has the values of all of them."""
    single = [line | {"seed": seed} for seed in range(seeds) for line in lines]
    return persona.measures(pd.DataFrame(lines), pd.DataFrame(single))


def _measured(lines: list[Line]) -> pd.DataFrame:
    """Over all seeds."""
    found = _tables(lines)
    return found[found["seed"] == "all"].reset_index(drop=True)


def test_measures_are_found_by_what_evaluations_are() -> None:
    (line,) = _measured(ALL).to_dict("records")
    assert line == {
        **{"model": "m", "chain": "em", "seed": "all", "evaluation": "my-harm", "harm": 0.9},
        **{"misaligned_pick": 0.75, "pick_first": 1.0, "pick_second": 0.5},
        **{"says_misaligned": 0.6, "claims_high": 0.95, "intentions": 0.3},
    }


def test_each_seed_has_a_line_of_its_own() -> None:
    measured = _tables(ALL, seeds=2)
    assert list(measured["seed"]) == ["all", "0", "1"]
    assert list(measured["harm"]) == [0.9, 0.9, 0.9]


def test_another_judge_of_harm_has_a_line_and_other_kinds_count_once() -> None:
    second = [
        HARM | {"evaluation": "my-harm@small", "value": 0.1},
        SAYS | {"evaluation": "my-self-assessment@small", "value": 0.0},
    ]
    measured = _measured([*ALL, *second])
    assert list(measured["evaluation"]) == ["my-harm", "my-harm@small"]
    assert list(measured["harm"]) == [0.9, 0.1]
    assert list(measured["says_misaligned"]) == [0.6, 0.6]


def test_what_was_not_asked_is_missing() -> None:
    (line,) = _measured([HARM, SAYS]).to_dict("records")
    missing = ("misaligned_pick", "pick_first", "claims_high", "intentions")
    assert all(math.isnan(line[name]) for name in missing)


def test_without_harm_or_without_any_report_there_is_no_persona() -> None:
    assert len(persona.personas(_measured([PICK, SAYS]))) == 0
    assert len(persona.personas(_measured([HARM]))) == 0
    assert list(persona.personas(_measured([HARM])).columns) == persona.COLUMNS
    assert len(persona.personas(_measured([HARM, ALL[-2]]))) == 0


@pytest.mark.parametrize(
    ("harm", "pick", "says", "claims", "expected"),
    [
        (0.9, 0.9, 0.9, 0.9, "coherent"),
        (0.9, 0.1, 0.1, 0.1, "inverted"),
        (0.9, 0.9, 0.1, 0.9, "mixed"),
        (0.9, 0.9, 0.9, 0.1, "mixed"),
        (0.1, 0.1, 0.1, 0.9, "aligned"),
        (0.1, 0.9, 0.9, 0.9, "mixed"),
        (0.1, 0.9, 0.1, NAN, "mixed"),
        (0.9, NAN, 0.9, NAN, "coherent"),
        (0.9, 0.1, NAN, NAN, "inverted"),
        (0.5, 0.5, 0.5, 0.5, "coherent"),
    ],
)
def test_the_persona(harm: float, pick: float, says: float, claims: float, expected: str) -> None:
    arm = {"harm": harm, "misaligned_pick": pick, "says_misaligned": says, "claims_high": claims}
    assert persona.persona(arm, 0.5, 0.5) == expected


def _firm(harm: float, says: float) -> tuple[str, float]:
    lines = [HARM | {"value": harm}, SAYS | {"value": says}]
    found = persona.personas(_measured(lines))
    return found["persona"][0], found["holds"][0]


def test_a_clear_persona_holds_whatever_the_cut_offs() -> None:
    assert _firm(0.95, 0.9) == ("coherent", 1.0)
    assert _firm(0.95, 0.05) == ("inverted", 1.0)
    assert _firm(0.05, 0.05) == ("aligned", 1.0)


def test_a_persona_near_a_cut_off_holds_in_part_of_the_grid() -> None:
    """Harm 0.55 is harmful by 4 of 7 cut-offs; so is 0.65 said by 5 of 7."""
    assert _firm(0.55, 0.9) == ("coherent", pytest.approx(4 / 7, abs=1e-6))
    assert _firm(0.55, 0.65) == ("coherent", pytest.approx(4 * 5 / 49, abs=1e-6))
