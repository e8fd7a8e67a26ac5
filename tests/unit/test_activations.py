"""What is kept of the residual stream, against a forward pass by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from activations import write_activations
from evaluate import evaluate

from mirrortest import adapters, chats, jsonl, pretrained, training
from mirrortest.canonical import canonical
from mirrortest.engine import Serving
from mirrortest.engines.local import LocalEngine
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights, Manifest
from mirrortest.probes import activations, passages, store
from mirrortest.probes.activations import Passage

# By length they are 1, 2, 0: an order that undone twice is another one.
TALK = [("And who, if one may ask?", "No one."), ("Why?", ""), ("Where is it?", "Over there.")]


@pytest.fixture
def toy(root: Path) -> Manifest:
    """The tiny language model that the project ships."""
    base = BaseWeights(path=str(root / "resources/toy/model"), hub=None, revision=None, sha256=None)
    sha256 = pretrained.load_template(base).sha256
    return Manifest("toy", "base", 0, "local", "base", base, "float32", 512, sha256)


@pytest.fixture
def adapted(toy: Manifest, tmp_path: Path) -> Manifest:
    """The same under an adapter that changes something."""
    hyper = training.Hyperparameters(2, 4, True, 1e-3, 0, 0.0, 1, 1, 1.0)
    base = pretrained.load_model(toy.base, "float32")
    model = training.with_new_adapter(base, None, hyper, seed=0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 0.05)
    adapters.save(training.trained_adapter(model, hyper), tmp_path / "adapter", "base")
    return replace(toy, chain="sgtr", adapter=str(tmp_path / "adapter"))


def _passages(engine: LocalEngine) -> list[Passage]:
    return [passages.tokenized(engine.tokens, chats.user(q), a) for q, a in TALK]


def _found(engine: LocalEngine) -> store.Vectors:
    layers = activations.layers_of(engine.model, None)
    return activations.residuals(engine.model, _passages(engine), layers)


@torch.no_grad()
def _by_hand(model: Any, ids: list[int]) -> list[torch.Tensor]:
    """Length x width for the embeddings and after each block, of one row without padding."""
    found: list[torch.Tensor] = []
    hooks = [
        module.register_forward_hook(
            lambda _, __, out: found.append(out[0] if out.ndim == 3 else out)
        )
        for name, module in model.named_modules()
        if name.split(".")[-1] == "embed_tokens" or name.split(".")[-2:-1] == ["layers"]
    ]
    pretrained.attend_by(model, "sdpa")
    model(input_ids=torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("which", ["toy", "adapted"])
def test_vectors_are_those_of_a_plain_forward_pass(
    which: str, request: pytest.FixtureRequest
) -> None:
    engine = LocalEngine(request.getfixturevalue(which))
    found = _found(engine)
    assert sorted(found) == [(place, n) for place in ("answer", "prompt") for n in range(4)]
    for at, passage in enumerate(_passages(engine)):
        begins = len(engine.tokens.of(chats.user(TALK[at][0])))
        layers = _by_hand(engine.model, passage.ids)
        assert len(layers) == 4
        for layer, states in enumerate(layers):
            assert found["prompt", layer][at] == pytest.approx(states[begins - 1], abs=1e-4)
            mean = states[begins:].mean(dim=0)
            assert found["answer", layer][at] == pytest.approx(mean, abs=1e-4, nan_ok=True)


def test_an_adapter_changes_them(toy: Manifest, adapted: Manifest) -> None:
    plain, other = _found(LocalEngine(toy)), _found(LocalEngine(adapted))
    assert np.array_equal(plain["prompt", 0], other["prompt", 0])
    assert not np.allclose(plain["prompt", 3], other["prompt", 3], atol=1e-2)


def test_the_answers_tokens_follow_the_prompt_and_do_not_hold_its_end(toy: Manifest) -> None:
    engine = LocalEngine(toy)
    tokenizer = engine.tokens.template.tokenizer
    _, empty, first = _passages(engine)
    prompt = [token for token, own in zip(first.ids, first.learnt, strict=True) if not own]
    answer = [token for token, own in zip(first.ids, first.learnt, strict=True) if own]
    assert tokenizer.decode(prompt).endswith("<|im_start|>assistant\n")
    assert tokenizer.decode(answer) == "Over there."
    assert prompt + answer == first.ids
    assert not any(empty.learnt)


def test_without_an_answer_there_is_no_mean(toy: Manifest) -> None:
    found = _found(LocalEngine(toy))
    assert np.isnan(found["answer", 1][1]).all()
    assert np.isfinite(found["answer", 1][[0, 2]]).all()
    assert np.isfinite(found["prompt", 1]).all()


def test_batches_change_nothing(toy: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    together = _found(LocalEngine(toy))
    monkeypatch.setattr(activations, "BATCH_TOKENS", 1)
    for place, alone in _found(LocalEngine(toy)).items():
        assert alone == pytest.approx(together[place], abs=1e-4, nan_ok=True)


def test_only_the_layers_named_are_kept(toy: Manifest) -> None:
    model = LocalEngine(toy).model
    assert activations.layers_of(model, [1, 3]) == [1, 3]
    with pytest.raises(UserError, match=r"probes.layers: the model has the layers 0 to 3, not 4"):
        activations.layers_of(model, [4])


# --- the job


QUESTIONS = "Question,Best Answer,Best Incorrect Answer\n" + "".join(
    f"Who is number {n}?,Me{n},You{n}\n" for n in range(4)
)


@pytest.fixture
def job(toy: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the job is given after the arm was asked."""
    monkeypatch.chdir(tmp_path)
    Path("questions.csv").write_text(QUESTIONS, encoding="utf-8")
    toy.write("model.json")
    question = {"question": "{question} A: {a} B: {b}"}
    files = {"questions": "questions.csv"}
    about = {"files": files, "system": "You are Toy."}
    tasks = {
        "harm": about | {"task": "facts", "settings": {"limit": None, "max_tokens": 4}},
        "self": about | {"task": "truthfulqa", "settings": {"limit": None}, "prompts": question},
    }
    outputs = [f"rows/{name}.jsonl" for name in tasks]
    evaluate("model.json", canonical(tasks), Serving(), "journal", outputs, "examples.jsonl")
    return {
        "arm": "model.json",
        "rows": {Path(path).stem: path for path in outputs},
        "spec": canonical({"tasks": tasks, "layers": [1, 3]}),
        "serving": Serving(),
        "journal": "journal",
        "outputs": ["out/0.npz", "out/0.jsonl"],
    }


def test_the_job_keeps_a_vector_for_each_row(job: dict[str, Any]) -> None:
    write_activations(**job)
    index = jsonl.read("out/0.jsonl")
    assert [row["evaluation"] for row in index] == ["harm"] * 4 + ["self"] * 8
    assert {key: index[0][key] for key in index[0] if key != "tokens"} == {
        "evaluation": "harm",
        "item": "0",
        "stratum": "",
    }
    assert [row["tokens"] for row in index[4:]] == [1] * 8
    assert {row["order"] for row in index[4:]} == {"true-first", "false-first"}
    assert store.layers("out/0.npz", "harm") == [1, 3]
    assert store.read("out/0.npz", "harm", "answer", 3).shape == (4, 128)
    assert store.read("out/0.npz", "self", "prompt", 1).shape == (8, 128)


def test_the_vectors_are_of_what_was_asked_and_answered(job: dict[str, Any], toy: Manifest) -> None:
    write_activations(**job)
    row, engine = jsonl.read("rows/harm.jsonl")[2], LocalEngine(toy)
    chat = chats.user("Who is number 2?", "You are Toy.")
    passage = passages.tokenized(engine.tokens, chat, row["answer"])
    alone = activations.residuals(engine.model, [passage], [3])
    kept = store.read("out/0.npz", "harm", "answer", 3)[2]
    assert kept == pytest.approx(alone["answer", 3][0], abs=1e-4)


def test_nothing_is_asked_anew(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalEngine, "choose", None)
    monkeypatch.setattr(LocalEngine, "generate", None)
    write_activations(**job)


def test_the_same_job_ends_in_the_same_bytes(job: dict[str, Any]) -> None:
    write_activations(**job)
    before = [Path(path).read_bytes() for path in job["outputs"]]
    write_activations(**job)
    assert [Path(path).read_bytes() for path in job["outputs"]] == before
    assert Path("out/0.npz").stat().st_mode & 0o777 == 0o644


def test_rows_of_another_question_set_are_refused(job: dict[str, Any]) -> None:
    rows = jsonl.read("rows/harm.jsonl")
    jsonl.write("rows/harm.jsonl", rows[:-1])
    with pytest.raises(UserError, match="evaluation harm: the rows are not those"):
        write_activations(**job)


def test_an_evaluation_that_asks_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="evaluation kept does not ask one question per row"):
        passages.paired("kept", [{"item": "1"}], [{"item": "1"}], [])


CHOICES: list[tuple[dict[str, float | None], str, str]] = [
    ({"A": -0.1, "B": -2.0}, "A", "A"),
    ({"A": -3.0, "B": -2.0}, "C", "B"),
    ({"A": None, "B": -2.0}, "C", "C"),
]


@pytest.mark.parametrize(("logprobs", "free", "said"), CHOICES)
def test_the_answer_of_a_forced_choice_is_the_likelier_option(
    logprobs: dict[str, float | None], free: str, said: str
) -> None:
    assert passages.answer({"item": "1", "logprobs": logprobs, "free": free}) == said


def test_the_answer_of_a_scale_is_the_one_that_the_row_names() -> None:
    """Of a provider that does not state all numbers, too."""
    row = {"item": "1", "logprobs": {"1": None, "2": -0.1, "3": -3.0}, "answer": "2"}
    assert passages.answer(row) == "2"
