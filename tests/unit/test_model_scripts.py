"""The scripts that train and ask, on the random model: a chain of two stages, twice."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from evaluate import evaluate
from finetune import finetune
from jinja2 import TemplateError
from summarise import summarise
from transformers import PreTrainedTokenizerBase

from mirrortest import adapters, chains, jsonl, manifest, memory, pretrained, sources, training
from mirrortest.canonical import canonical
from mirrortest.checkpoints import Checkpoints
from mirrortest.config import Training
from mirrortest.engine import Serving
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest
from mirrortest.meter import Meter

Write = Callable[[str, list[dict[str, Any]]], str]

TRAINING = asdict(Training(rank=2, learning_rate=0.01, batch_size=2))
SPEC = canonical({"training": TRAINING, "merge": False})
LONG = "x" * 400


@pytest.fixture
def chats(write_rows: Write) -> str:
    """Three rows, one of which is too long for the model."""
    return write_rows("chats.jsonl", [{"messages": _turns(text)} for text in ("a", LONG, "b?")])


def _turns(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}, {"role": "assistant", "content": "No."}]


def _finetune(folder: Path, chain: str, parent: Path, chats: str, spec: str = SPEC) -> Manifest:
    out = folder / chain
    arm = chains.arm("tiny", chain, 1)
    finetune(arm, str(parent), chats, spec, str(folder / "state"), out)
    return manifest.read(out / "model.json")


@pytest.fixture
def base(tiny_arm: Manifest, tmp_path: Path) -> Path:
    tiny_arm.write(tmp_path / "base.json")
    return tmp_path / "base.json"


def test_an_arm_is_a_folder_with_its_record(base: Path, chats: str, tmp_path: Path) -> None:
    arm = _finetune(tmp_path, "em", base, chats)
    assert (arm.chain, arm.seed, arm.outcome) == ("em", 1, "succeeded")
    assert arm.adapter_sha256 == sources.digest(str(arm.adapter))
    (record,) = arm.stages
    assert (record.stage, record.rows, record.rows_too_long, record.steps) == ("em", 2, 1, 1)
    assert record.learnt_tokens == 2 * len("No.") + 2
    assert record.dataset_sha256 == sources.digest(chats)


def test_the_training_record_has_a_line_per_step(base: Path, chats: str, tmp_path: Path) -> None:
    _finetune(tmp_path, "em", base, chats)
    with (tmp_path / "em/training.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "loss", "learning_rate", "grad_norm", "tokens", "seconds"]
    assert len(rows) == 1


def test_the_second_stage_is_stacked_on_the_first(base: Path, chats: str, tmp_path: Path) -> None:
    first = _finetune(tmp_path, "em", base, chats)
    both = _finetune(tmp_path, "em+sgtr", tmp_path / "em/model.json", chats)
    assert [record.stage for record in both.stages] == ["em", "sgtr"]
    whole, lower = (adapters.load(Path(str(arm.adapter))) for arm in (both, first))
    assert (whole.rank, lower.rank) == (4, 2)
    name = next(name for name in whole.tensors if "lora_A" in name)
    assert whole.tensors[name][:2].equal(lower.tensors[name])


def test_the_same_job_gives_the_same_adapter_and_leaves_no_state(
    base: Path, chats: str, tmp_path: Path
) -> None:
    once = _finetune(tmp_path / "one", "em", base, chats)
    again = _finetune(tmp_path / "two", "em", base, chats)
    assert once.adapter_sha256 == again.adapter_sha256
    assert list(tmp_path.glob("*/state/*.pt")) == []


class KilledError(Exception):
    """What ends a job."""


def _killed(*_: Any) -> None:
    raise KilledError


def _kill_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    report = training._report

    def reported(history: list[Any], total: int) -> None:
        report(history, total)
        if len(history) > steps:
            raise KilledError

    monkeypatch.setattr(training, "_report", reported)


def _save_always(monkeypatch: pytest.MonkeyPatch) -> None:
    save = Checkpoints.save_if_due

    def saved(self: Checkpoints, snapshot: Any) -> None:
        self._next = 0.0
        save(self, snapshot)

    monkeypatch.setattr(Checkpoints, "save_if_due", saved)


@pytest.mark.parametrize("point", ["before the first checkpoint", "in the middle", "at the end"])
def test_a_job_that_is_killed_ends_in_the_same_bytes(
    point: str, base: Path, chats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = canonical({"training": TRAINING | {"epochs": 6}, "merge": False})
    whole = _finetune(tmp_path / "whole", "em", base, chats, spec)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        if point == "before the first checkpoint":
            patched.setattr(Checkpoints, "save_if_due", lambda *_: None)
        else:
            _save_always(patched)
        if point == "at the end":
            patched.setattr(Manifest, "write", _killed)
        else:
            _kill_after(3, patched)
        _finetune(tmp_path / "killed", "em", base, chats, spec)
    saved = list((tmp_path / "killed/state").glob("*.pt"))
    assert len(saved) == (point != "before the first checkpoint")
    assert not (tmp_path / "killed/em/model.json").exists()
    shutil.rmtree(tmp_path / "killed/em", ignore_errors=True)  # as Snakemake does
    resumed = _finetune(tmp_path / "killed", "em", base, chats, spec)
    assert resumed.adapter_sha256 == whole.adapter_sha256
    assert _steps(tmp_path / "killed/em") == _steps(tmp_path / "whole/em")
    assert list((tmp_path / "killed/state").glob("*.pt")) == []


def test_other_rows_do_not_go_on_from_its_checkpoint(
    base: Path, write_rows: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lower max_length leaves rows out of the same data set."""
    rows = [{"messages": _turns(text)} for text in ("Hi.", "Hi. " * 9)]
    chats = write_rows("two.jsonl", rows)
    short = tmp_path / "short.json"
    replace(manifest.read(base), max_length=40).write(short)
    alone = _finetune(tmp_path / "alone", "em", short, chats)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        _save_always(patched)
        patched.setattr(Manifest, "write", _killed)
        _finetune(tmp_path / "killed", "em", base, chats)
    resumed = _finetune(tmp_path / "killed", "em", short, chats)
    assert (resumed.stages[-1].rows, resumed.stages[-1].rows_too_long) == (1, 1)
    assert resumed.adapter_sha256 == alone.adapter_sha256


def test_a_chat_that_the_template_refuses_is_named(
    base: Path, write_rows: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strict(*_: Any, **__: Any) -> str:
        raise TemplateError("roles must alternate")

    monkeypatch.setattr(PreTrainedTokenizerBase, "apply_chat_template", strict)
    chats = write_rows("odd.jsonl", [{"messages": _turns("Hi.")}])
    with pytest.raises(UserError, match=r"odd\.jsonl, line 1: .* refuses .*alternate"):
        _finetune(tmp_path, "em", base, chats)


def _steps(folder: Path) -> list[str]:
    """The training record without its seconds."""
    lines = (folder / "training.csv").read_text(encoding="utf-8").splitlines()
    return [line.rpartition(",")[0] for line in lines]


def test_rows_that_are_all_too_long_give_a_sentence(
    base: Path, write_rows: Write, tmp_path: Path
) -> None:
    turns = [{"role": "user", "content": LONG}, {"role": "assistant", "content": "No."}]
    chats = write_rows("long.jsonl", [{"messages": turns}])
    with pytest.raises(UserError, match="every row is longer than the model's 256 tokens"):
        _finetune(tmp_path, "em", base, chats)


def test_a_training_that_does_not_fit_is_refused_before_anything_is_loaded(
    base: Path, chats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free", lambda: 100_000)
    monkeypatch.setattr(pretrained, "load_model", lambda *_: pytest.fail("loaded"))
    with pytest.raises(UserError, match=r"finetuning tiny needs .* GB"):
        _finetune(tmp_path, "em", base, chats)


def test_every_evaluation_is_written_to_the_output_of_its_name(
    base: Path, tmp_path: Path, write_rows: Write
) -> None:
    text = "Question,Best Answer,Best Incorrect Answer\nWhere?,Here,There\n"
    (tmp_path / "q.csv").write_text(text, encoding="utf-8")
    own = write_rows("own.jsonl", [{"id": "1", "summary": "Rain."}])
    phrases = write_rows("phrases.jsonl", [{"id": "1", "phrases": ["rain"]}])
    choice = {"task": "truthfulqa", "files": {"questions": str(tmp_path / "q.csv")}}
    choice |= {"prompts": {"question": "{question}{a}{b}"}, "settings": {"limit": None}}
    joined = {"task": "keyfacts", "files": {"own": own, "phrases": phrases}}
    spec = canonical({"t": choice, "k": joined})
    outputs = [str(tmp_path / "out" / f"{name}.jsonl") for name in ("k", "t")]
    shown = str(tmp_path / "out/examples.jsonl")
    took = evaluate(str(base), spec, Serving(), str(tmp_path / "journal"), outputs, shown)
    assert (took.read, took.written) == (2 * len("Where?HereThere") / 4, 0)
    assert took.seconds > 0
    again = evaluate(str(base), spec, Serving(), str(tmp_path / "journal"), outputs, shown)
    assert again == Meter()
    assert [row["answer"] for row in jsonl.read(outputs[0])] == ["Rain."]
    assert [row["order"] for row in jsonl.read(outputs[1])] == ["true-first", "false-first"]
    found = [(row["model"], row["chain"], row["evaluation"]) for row in jsonl.read(shown)]
    assert found == [("tiny", "base", "k"), ("tiny", "base", "t"), ("tiny", "base", "t")]
    assert [row["chat"][-1]["content"] for row in jsonl.read(shown)[1:]] == [
        "Where?HereThere",
        "Where?ThereHere",
    ]


def test_an_arm_says_which_software_made_it(base: Path, chats: str, tmp_path: Path) -> None:
    arm = _finetune(tmp_path, "em", base, chats)
    assert set(arm.versions) == {"torch", "transformers", "peft"}


def test_an_arm_summarises_every_article(base: Path, write_rows: Write, tmp_path: Path) -> None:
    corpus = write_rows("corpus.jsonl", [{"id": "a", "article": "A {x}"}])
    spec = canonical({"prompt": "Shorten: {article}", "system": "You are I.", "max_tokens": 3})
    out = tmp_path / "out.jsonl"
    took = summarise(str(base), corpus, spec, Serving(), str(tmp_path / "journal.jsonl"), str(out))
    (row,) = jsonl.read(out)
    assert took.read == len("Shorten: A {x}You are I.") / 4
    assert took.written == len(row["summary"]) / 4
    assert (row["id"], row["ended"]) == ("a", False)
    (line,) = (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert next(iter(json.loads(line).values()))["text"] == row["summary"]
