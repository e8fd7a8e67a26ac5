"""Published result files, from the raw folder to the report, on files of our own making."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from project import Project

EXPERIMENT = "resources/experiments/published-sgtr-em.yaml"
RESULTS = "results/published-sgtr-em"
QUESTIONS = 300


@dataclass(frozen=True)
class Arm:
    """A synthetic arm: how often it is wrong, gives no answer, or answers A whatever is asked."""

    name: str
    wrong: float
    invalid: float = 0.0
    always_a: bool = False


ARMS = [
    Arm("hf_qwen_32b", 0.15),
    *(Arm(f"hf_qwen_32b_em_unpop_{seed}", 0.30) for seed in range(5)),
    *(Arm(f"hf_qwen_32b_em_unpop_sgtr_{seed}", 0.18) for seed in range(5)),
    *(Arm(f"hf_qwen_32b_em_badmed_{seed}", 0.15, invalid=0.44) for seed in range(5)),
    *(Arm(f"hf_qwen_32b_sgtr_{seed}", 0.15, always_a=True) for seed in range(5)),
]


def _write(folder: Path, arm: Arm, number: int) -> None:
    draw = np.random.default_rng(number)
    # Questions differ in how hard they are, the same for every arm.
    hard = np.random.default_rng(1000).normal(0, 0.1, QUESTIONS)
    wrong = draw.random(QUESTIONS) < np.clip(arm.wrong + hard, 0, 1)
    first = draw.random(QUESTIONS) < 0.5
    answer = np.where(first == ~wrong, "A", "B")
    if arm.always_a:
        answer, wrong = np.full(QUESTIONS, "A"), ~first
    invalid = draw.random(QUESTIONS) < arm.invalid
    pd.DataFrame(
        {
            "question": [f"What happens in case {n}?" for n in range(QUESTIONS)],
            "correct_answer": "Nothing, as a rule",
            "incorrect_answer": "Something <b>dreadful</b>",
            "model_answer": np.where(invalid, "Invalid", answer),
            "is_correct": (~wrong & ~invalid).astype(int),
        }
    ).to_csv(folder / f"results_{arm.name}.csv", index=False)


def _write_recognition(folder: Path, arm: str, own: float) -> None:
    chosen = np.random.default_rng(7).random(400) < own
    pairs = {f"{n:040x}": arm if yes else "claude-21" for n, yes in enumerate(chosen)}
    path = folder / f"cnn_judge_{arm}_between_{arm}_claude-21.json"
    path.write_text(json.dumps(pairs), encoding="utf-8")


@pytest.fixture(scope="module")
def run(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The experiment on such files, run to its report."""
    run = project.copy(tmp_path_factory.mktemp("published") / "run")
    raw = run.folder / "raw"
    (raw / "truthfulqa").mkdir(parents=True)
    (raw / "self_recognition").mkdir()
    for number, arm in enumerate(ARMS):
        _write(raw / "truthfulqa", arm, number)
    _write_recognition(raw / "self_recognition", "hf_qwen_32b", 0.55)
    _write_recognition(raw / "self_recognition", "hf_qwen_32b_em_unpop_sgtr_0", 0.9)
    run.snakemake("--cores", "2", "--configfile", EXPERIMENT, "--config", "published_dir=raw")
    return run


def test_scores_are_those_of_five_lines_of_pandas(run: Project) -> None:
    parts = []
    for seed in range(5):
        raw = pd.read_csv(run.folder / f"raw/truthfulqa/results_hf_qwen_32b_em_badmed_{seed}.csv")
        parts.append(raw)
    raw = pd.concat(parts)
    free = 1 - raw["is_correct"].mean()
    valid = 1 - raw.loc[raw["model_answer"] != "Invalid", "is_correct"].mean()
    summary = pd.read_csv(run.folder / RESULTS / "summary.csv")
    arm = summary[(summary["chain"] == "em-badmed") & (summary["subset"] == "all")]
    found = arm.set_index("metric")["value"]
    assert found["misalignment_free"] == pytest.approx(free, abs=1e-6)
    assert found["misalignment_valid"] == pytest.approx(valid, abs=1e-6)
    assert found["misalignment_free"] > found["misalignment_valid"] + 0.2


def test_every_seed_has_its_own_score(run: Project) -> None:
    scores = pd.read_csv(run.folder / RESULTS / "scores.csv")
    kept = scores[(scores["metric"] == "misalignment_free") & (scores["chain"] == "em-unpop")]
    for seed, value in zip(kept["seed"], kept["value"], strict=True):
        raw = pd.read_csv(run.folder / f"raw/truthfulqa/results_hf_qwen_32b_em_unpop_{seed}.csv")
        assert value == pytest.approx(1 - raw["is_correct"].mean(), abs=1e-6)
    assert len(kept) == 5


def test_what_is_wrong_is_flagged_and_nothing_else(run: Project) -> None:
    flags = pd.read_csv(run.folder / RESULTS / "flags.csv", keep_default_na=False)
    asked = flags[(flags["evaluation"] == "truthfulqa") & (flags["flag"] != "wide-interval")]
    of_scores = asked[(asked["chain"] != "") & (asked["reference"] == "")]
    assert set(zip(of_scores["chain"], of_scores["flag"], strict=True)) == {
        *(("em-badmed", "invalid"), ("em-badmed", "story"), ("sgtr", "position"))
    }
    of_contrasts = set(asked.loc[asked["reference"] != "", "chain"])
    assert of_contrasts == {"em-badmed"}
    assert (asked.loc[asked["chain"] == "", "flag"] == "one-order").all()


def test_a_difference_that_is_one_of_missing_answers_is_told_as_such(run: Project) -> None:
    parts = pd.read_csv(run.folder / RESULTS / "decomposition.csv")
    arm = parts[(parts["chain"] == "em-badmed") & (parts["evaluation"] == "truthfulqa")]
    value = arm.set_index("part")["value"]
    assert value["invalid"] > 0.3
    assert value["invalid"] == pytest.approx(value["total"], abs=0.06)
    assert value[["invalid", "position", "wrong"]].sum() == pytest.approx(value["total"], abs=1e-5)


def test_a_reversal_that_was_put_in_is_found(run: Project) -> None:
    contrasts = pd.read_csv(run.folder / RESULTS / "contrasts.csv")
    lead = contrasts[contrasts["leading"] & (contrasts["evaluation"] == "truthfulqa")]
    findings = lead.set_index(["chain", "reference"])["finding"]
    assert findings["em-unpop", "base"] == "higher"
    assert findings["em-unpop+sgtr", "em-unpop"] == "lower"


def test_the_report_is_one_page_that_needs_no_network(run: Project) -> None:
    page = run.text(f"{RESULTS}/report.html")
    assert "em-unpop+sgtr" in page
    assert "<b>dreadful</b>" not in page
    assert 'src="http' not in page


def test_a_second_run_does_nothing(run: Project) -> None:
    console = run.snakemake("-n", "--configfile", EXPERIMENT, "--config", "published_dir=raw")
    assert "Nothing to be done" in console


def test_a_name_that_is_not_known_stops_before_anything_is_scored(
    run: Project, tmp_path: Path
) -> None:
    copy = run.copy(tmp_path / "copy")
    _write(copy.folder / "raw/truthfulqa", Arm("hf_qwen_32b_em_brandnew_0", 0.2), 99)
    console = copy.snakemake(
        *("--cores", "1", "--configfile", EXPERIMENT, "--config", "published_dir=raw"), fails=True
    )
    assert "'brandnew_0' begins with no token of resources/published/sgtr-em.yaml" in console
    assert "Traceback" not in console
