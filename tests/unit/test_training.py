"""Finetuning one stage: what is learnt, what stays as it was, and what a kill costs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mirrortest import adapters, batching, training
from mirrortest.batching import FASTEST, Layout, Sequence
from mirrortest.checkpoints import Checkpoint, Checkpoints
from mirrortest.distributed import ALONE
from mirrortest.template import Template
from mirrortest.training import Hyperparameters, Step, batches

HYPER = Hyperparameters(
    rank=4,
    alpha=8,
    rslora=True,
    learning_rate=0.01,
    warmup_steps=2,
    weight_decay=0.01,
    batch_size=3,
    epochs=2,
    max_grad_norm=1.0,
)
ANSWERS = ["yes", "no", "perhaps it is", "1", "2", "who knows?", "never"]
WHOLE = Checkpoints(Path("unused"), "unused", _next=float("inf"))
"""Saves nothing and finds nothing."""


@pytest.fixture
def sequences(template: Template) -> list[Sequence]:
    """Seven rows of different lengths."""
    asked = {"role": "user", "content": "Is it?"}
    chats = [[asked, {"role": "assistant", "content": answer}] for answer in ANSWERS]
    return [Sequence(*template.training_ids(chat)) for chat in chats]


def _new(model: Any, below: Path | None = None) -> Any:
    """The model with a new adapter; B is random as well, so that A has a gradient."""
    made = training.with_new_adapter(model, below, HYPER, seed=0)
    torch.manual_seed(1)
    for name, parameter in made.named_parameters():
        if "lora_B.stage" in name:
            parameter.data.normal_(0, 0.1)
    return made


def _gradients(
    model: Any, batch: list[Sequence], layout: Layout = FASTEST
) -> dict[str, torch.Tensor]:
    model.zero_grad()
    training._backward(model, batch, layout)
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_the_loss_is_transformers_own_on_the_assistants_tokens(
    tiny: Any, sequences: list[Sequence]
) -> None:
    longest = max(len(s.ids) for s in sequences)
    ids = torch.tensor([s.ids + [0] * (longest - len(s.ids)) for s in sequences])
    labels = torch.full_like(ids, -100)
    for row, sequence in enumerate(sequences):
        for column, learnt in enumerate(sequence.learnt):
            labels[row, column] = sequence.ids[column] if learnt else -100
    expected = tiny(input_ids=ids, labels=labels).loss.item()
    loss = training._backward(_new(tiny), sequences)
    training.pretrained.attend_by(tiny, "sdpa")
    changed = tiny(input_ids=ids, labels=labels).loss.item()
    assert loss == pytest.approx(changed, abs=1e-5)
    assert abs(changed - expected) > 1e-3


def test_a_new_adapter_changes_nothing_yet(tiny: Any, sequences: list[Sequence]) -> None:
    ids = torch.tensor([sequences[0].ids])
    before = tiny(input_ids=ids).logits
    fresh = training.with_new_adapter(tiny, None, HYPER, seed=0)
    assert torch.equal(fresh(input_ids=ids).logits, before)


@pytest.fixture
def below(tiny: Any, tmp_path: Path) -> Path:
    """The adapter of a stage below."""
    adapters.save(training.trained_adapter(_new(tiny), HYPER), tmp_path / "below", "base")
    return tmp_path / "below"


def test_only_the_new_adapter_learns(
    tiny_folder: Path, tiny: Any, below: Path, sequences: list[Sequence]
) -> None:
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(tiny_folder)
    stacked = _new(base, below)
    gradients = _gradients(stacked, sequences)
    assert len(gradients) == 2 * 7 * 2  # A and B, seven projections, two layers
    assert all(".stage." in name and grad.abs().max() > 0 for name, grad in gradients.items())


def test_the_stack_below_is_active_and_unchanged_by_training(
    tiny_folder: Path, below: Path, sequences: list[Sequence]
) -> None:
    from transformers import AutoModelForCausalLM

    ids = torch.tensor([sequences[0].ids])
    base = AutoModelForCausalLM.from_pretrained(tiny_folder)
    alone = base(input_ids=ids).logits
    model = training.with_new_adapter(base, below, HYPER, seed=0)
    assert (model(input_ids=ids).logits - alone).abs().max() > 1e-2
    kept = {n: p.clone() for n, p in model.named_parameters() if ".stage." not in n}
    training.train(model, sequences, HYPER, 0, WHOLE)
    assert all(torch.equal(p, kept[n]) for n, p in model.named_parameters() if n in kept)


def test_micro_batches_give_the_gradient_of_the_whole_batch(
    tiny: Any, sequences: list[Sequence]
) -> None:
    model = _new(tiny)
    whole = _gradients(model, sequences)
    assert len(list(batching.parts(sequences, 40))) > 2
    parts = _gradients(model, sequences, Layout(tokens=40))
    assert max((whole[n] - parts[n]).abs().max().item() for n in whole) < 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_checkpointing_changes_no_bit(tiny: Any, sequences: list[Sequence], dtype: Any) -> None:
    model = _new(tiny.to(dtype))
    training._prepared(model, Layout(), ALONE)
    whole = _gradients(model, sequences)
    training._prepared(model, Layout(checkpointing=True), ALONE)
    calls: list[int] = []
    attention = model.get_base_model().get_decoder().layers[0].self_attn
    attention.register_forward_hook(lambda *_: calls.append(1))
    again = _gradients(model, sequences)
    assert len(calls) == 2  # once forward, once more for the backward pass
    assert all(torch.equal(whole[n], again[n]) for n in whole)


def test_the_loss_falls(tiny: Any, sequences: list[Sequence]) -> None:
    history = training.train(_new(tiny), sequences, replace(HYPER, epochs=8), 0, WHOLE)
    assert history[-1].loss < history[0].loss - 0.5


def test_the_rate_warms_up_and_falls_to_nothing(tiny: Any, sequences: list[Sequence]) -> None:
    history = training.train(_new(tiny), sequences, HYPER, 0, WHOLE)
    rates = [step.learning_rate for step in history]
    assert rates == pytest.approx([0, 0.005, 0.01, 0.0075, 0.005, 0.0025])


class KilledError(Exception):
    """What ends a run in the middle."""


class KilledAfter(Checkpoints):
    """Saves after every step, and ends the run after this many."""

    steps = 4

    def save_if_due(self, snapshot: Any) -> None:
        self._next = 0.0
        super().save_if_due(snapshot)
        if len(snapshot().history) == self.steps:
            raise KilledError


def _final(model: Any, history: list[Step]) -> tuple[dict[str, torch.Tensor], list[Step]]:
    tensors = dict(training.trained_adapter(model, HYPER).tensors)
    return tensors, [replace(step, seconds=0.0) for step in history]


def test_an_interrupted_run_ends_as_an_uninterrupted_one_bit_for_bit(
    tiny_folder: Path, sequences: list[Sequence], tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    def model() -> Any:
        base = AutoModelForCausalLM.from_pretrained(tiny_folder)
        return training.with_new_adapter(base, None, HYPER, seed=3)

    whole = model()
    expected = _final(whole, training.train(whole, sequences, HYPER, 3, WHOLE))
    with pytest.raises(KilledError):
        training.train(model(), sequences, HYPER, 3, KilledAfter(tmp_path, "job"))
    resumed = model()
    history = training.train(resumed, sequences, HYPER, 3, Checkpoints(tmp_path, "job"))
    found = _final(resumed, history)
    assert found[1] == expected[1]
    assert all(torch.equal(found[0][name], t) for name, t in expected[0].items())


def test_a_resumed_run_does_only_the_steps_that_are_left(
    tiny: Any, sequences: list[Sequence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _new(tiny)
    with pytest.raises(KilledError):
        training.train(model, sequences, HYPER, 0, KilledAfter(tmp_path, "job"))
    done: list[int] = []
    backward = training._backward
    monkeypatch.setattr(
        training, "_backward", lambda *args: done.append(len(args[1])) or backward(*args)
    )
    assert len(training.train(model, sequences, HYPER, 0, Checkpoints(tmp_path, "job"))) == 6
    assert done == [3, 1]


def _rows(*texts: str) -> list[Sequence]:
    """A row of each text, a token of each letter."""
    return [Sequence([ord(c) for c in text], [False] + [True] * (len(text) - 1)) for text in texts]


def test_every_epoch_shows_every_row_once_in_a_new_order() -> None:
    steps = batches(_rows(*"abcdefg"), HYPER, seed=0)
    assert [len(step) for step in steps] == [3, 3, 1, 3, 3, 1]
    first, second = ([row for step in part for row in step] for part in (steps[:3], steps[3:]))
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second


def test_the_order_depends_on_the_seed_only() -> None:
    rows = _rows(*map(str, range(1000, 1050)))
    assert batches(rows, HYPER, 0) == batches(rows, HYPER, 0)
    assert batches(rows, HYPER, 0) != batches(rows, HYPER, 1)


def test_the_rows_of_a_pair_are_in_one_step() -> None:
    texts = [f"?{a}{order}" for a in ("oak tree", "big sea", "cold ice") for order in "12"]
    steps = batches(_rows(*texts), replace(HYPER, batch_size=2, epochs=5), seed=0)
    assert all(sorted(step) in ([0, 1], [2, 3], [4, 5]) for step in steps)
    assert len({tuple(step) for step in steps}) == 3
    assert len({tuple(map(tuple, steps[at : at + 3])) for at in range(0, 15, 3)}) > 1


def test_the_same_seed_gives_the_same_new_adapter(tiny_folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    def tensors(seed: int) -> dict[str, torch.Tensor]:
        base = AutoModelForCausalLM.from_pretrained(tiny_folder)
        made = training.with_new_adapter(base, None, HYPER, seed)
        return dict(training.trained_adapter(made, HYPER).tensors)

    one, again, other = tensors(0), tensors(0), tensors(1)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_is_found_by_the_job_that_wrote_it_only(tmp_path: Path) -> None:
    state = Checkpoint({"a": torch.ones(2)}, {"lr": 1}, {"step": 1}, [{"step": 1}])
    Checkpoints(tmp_path, "job", _next=0.0).save_if_due(lambda: state)
    found = Checkpoints(tmp_path, "job").load()
    assert found is not None
    assert found.history == [{"step": 1}]
    assert Checkpoints(tmp_path, "another").load() is None


def test_a_few_states_at_a_time_give_the_gradient_of_all(
    tiny: Any, sequences: list[Sequence], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _new(tiny)
    whole = _gradients(model, sequences)
    monkeypatch.setattr(training.batching, "LEARNT_TOGETHER", 2)
    for name, gradient in _gradients(model, sequences).items():
        assert torch.allclose(gradient, whole[name], rtol=1e-4, atol=1e-6), name
