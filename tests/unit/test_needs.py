"""What jobs ask for, against what docs/models.md computes from the models' architectures."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from mirrortest import config, needs, throughput
from mirrortest.experiment import Experiment
from mirrortest.needs import Needs
from mirrortest.outlook import Job, outlook

Plan = Callable[..., Experiment]
SMALL, LARGE = "qwen2.5-0.5b", "seed-oss-36b"


class Documented(NamedTuple):
    """A line of the table: billions, and gigabytes of the others."""

    parameters: float
    weights: float
    adapter: float
    training: float


@pytest.fixture
def documented(root: Path) -> dict[str, Documented]:
    lines = (root / "docs/models.md").read_text(encoding="utf-8").splitlines()
    number = r"\| ([\d.]+) (?:B|GB) "
    row = re.compile(rf"\| (`.*`) {4 * number}\| \d+ PFLOP \|")
    found = [match for line in lines if (match := row.fullmatch(line))]
    return {
        name: Documented(*map(float, match.groups()[1:]))
        for match in found
        for name in re.findall("`([^`]+)`", match[1])
    }


@pytest.fixture
def models(root: Path) -> dict[str, config.Model]:
    raw = yaml.safe_load((root / "config.yaml").read_text(encoding="utf-8"))
    registry = yaml.safe_load((root / "resources/models.yaml").read_text(encoding="utf-8"))
    raw["models"] |= registry["models"]
    return dict(config.parse(raw).models)


def test_the_registry_states_what_the_table_computes(
    models: dict[str, config.Model], documented: dict[str, Documented]
) -> None:
    assert len(documented) >= 9
    assert set(documented) == {name for name, m in models.items() if m.hosted is None} - {"toy"}
    for name, true in documented.items():
        assert models[name].parameters == true.parameters, name
        assert needs.weights_gb(models[name]) == pytest.approx(true.weights, abs=0.06)
        assert needs.adapter_gb(models[name], 32) == pytest.approx(true.adapter, rel=0.34)
        assert -0.2 < needs.training_gb(models[name]) - true.training < 0.6, name


def test_the_toys_size_is_that_of_its_weights(root: Path, models: dict[str, config.Model]) -> None:
    stored = (root / "resources/toy/model/model.safetensors").stat().st_size
    assert models["toy"].parameters * 1e9 * 4 == pytest.approx(stored, rel=0.01)


@pytest.mark.parametrize(
    ("name", "card_gb", "count"),
    [
        *((SMALL, 24, 1), ("qwen2.5-7b", 24, 1), ("qwen2.5-7b", 20, 2)),
        *(("qwen2.5-32b", 80, 2), ("qwen2.5-32b", 140, 1), (LARGE, 80, 2), (LARGE, 24, 8)),
    ],
)
def test_gpus_follow_from_the_card(
    models: dict[str, config.Model], name: str, card_gb: float, count: int
) -> None:
    model = models[name]
    assert needs.gpus(needs.training_gb(model), needs.weights_gb(model), card_gb) == count


def _of(plan: Plan, billions: float, *edits: Any) -> Needs:
    """The small experiment with a model of this size."""
    return Needs(plan("models.tiny.parameters", billions, *edits))


def test_a_small_model_does_not_ask_for_what_a_large_one_needs(plan: Plan) -> None:
    small, large = _of(plan, 0.5), _of(plan, 36.2)
    for ask in ("finetune", "summarise", "evaluate"):
        named = {"finetune": ("tiny", "em"), "summarise": ("tiny", "news"), "evaluate": ("tiny",)}
        little, much = getattr(small, ask)(*named[ask]), getattr(large, ask)(*named[ask])
        assert 8 * little.mem_mb < much.mem_mb, ask
        assert little.runtime < much.runtime, ask
    assert (small.finetune("tiny", "em").gpu, large.finetune("tiny", "em").gpu) == (1, 2)


def test_work_takes_time(plan: Plan) -> None:
    one, ten = _of(plan, 8.0), _of(plan, 8.0, "stages.em.training", {"epochs": 10_000})
    assert ten.finetune("tiny", "em").runtime > 2 * one.finetune("tiny", "em").runtime
    assert ten.finetune("tiny", "sgtr") == one.finetune("tiny", "sgtr")


def test_a_server_has_its_own_gpus_and_transformers_uses_one(plan: Plan) -> None:
    def asking(serving: dict[str, str]) -> int:
        return _of(plan, 36.2, "models.tiny.serving", serving).evaluate("tiny").gpu

    assert asking({"kind": "server", "url": "http://127.0.0.1:1"}) == 0
    assert asking({"kind": "transformers"}) == 1
    assert asking({"kind": "vllm"}) == 2


def test_what_earlier_jobs_took_is_believed(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "FOLDER", tmp_path)
    assumed = _of(plan, 8.0).evaluate("tiny")
    for seed, seconds in enumerate((900, 1000, 5000)):
        path = tmp_path / f"evaluate/tiny/sgtr/{seed}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        done = {"read": assumed.work.read, "written": assumed.work.written}
        path.write_text(json.dumps(done | {"seconds": seconds, "gpus": 1}), encoding="utf-8")
    measured = _of(plan, 8.0).evaluate("tiny")
    assert not assumed.measured and measured.measured
    assert measured.seconds == pytest.approx(1000 + 60 * 16 / needs.LOADED_GB_PER_MINUTE)
    assert not _of(plan, 8.0).finetune("tiny", "em").measured


def test_the_largest_job_is_named_by_the_model_that_it_loads(plan: Plan, edit: Any) -> None:
    judge = edit("models.tiny.parameters", 32.0)["models"]["tiny"]
    judges = {"wise": {"model": "large"}, "same": {"rule": "replies"}}
    of = Needs(plan("models.large", judge, "judges", judges))
    named = {"judge": "wise", "model": "tiny", "chain": "base", "seed": "0"}
    assert "largest job: judge large, 1 GPU" in outlook(
        [Job("judge", named, True, of.judge("wise"))], of
    )
    named["judge"] = "same"
    assert "largest job: judge same, 0 GPU" in outlook(
        [Job("judge", named, True, of.judge("same"))], of
    )
