"""Finetuning one stage: a new LoRA adapter on top of the frozen stack below it.

Loss on the assistant's tokens only, averaged over the tokens of a batch. What rows of a step share
at their beginning is computed once, and the head is applied where a token is learnt. AdamW, linear
schedule with warm-up, as in Tagade et al. (configs of sgtr-em).
"""

import logging
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from peft import set_peft_model_state_dict as load_adapter_state
from transformers import get_linear_schedule_with_warmup

from mirrortest import adapters, batching, distributed, forest, optimizers, pretrained
from mirrortest.adapters import Adapter
from mirrortest.batching import FASTEST, Layout, Sequence
from mirrortest.checkpoints import Checkpoint, Checkpoints
from mirrortest.distributed import ALONE, Group

STAGE, STACK = "stage", "stack"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hyperparameters:
    """See `config.Training`, where each is described."""

    rank: int
    alpha: int
    rslora: bool
    learning_rate: float
    warmup_steps: int
    weight_decay: float
    batch_size: int
    epochs: int
    max_grad_norm: float
    optimizer: str = "adamw"


@dataclass(frozen=True)
class Step:
    """One optimizer step: loss in nats per learnt token, its tokens, seconds since the start."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float
    tokens: int
    seconds: float


def batches(rows: list[Sequence], hyper: Hyperparameters, seed: int) -> list[list[int]]:
    """The rows of every step, as indices, shuffled anew for each epoch; families stay together."""
    families = batching.families(rows)
    steps: list[list[int]] = []
    for epoch in range(hyper.epochs):
        random.Random(f"order/{seed}/{epoch}").shuffle(families)
        order = [index for family in families for index in family]
        steps += [order[i : i + hyper.batch_size] for i in range(0, len(rows), hyper.batch_size)]
    return steps


def with_new_adapter(model: Any, below: Path | None, hyper: Hyperparameters, seed: int) -> Any:
    """The model with the frozen stack `below` (a PEFT folder) and a new trainable adapter."""
    settings = LoraConfig(
        r=hyper.rank,
        lora_alpha=hyper.alpha,
        use_rslora=hyper.rslora,
        lora_dropout=0.0,
        target_modules=list(adapters.TARGETS),
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(seed)
    if below is None:
        return get_peft_model(model, settings, adapter_name=STAGE)
    stacked = pretrained.with_adapter(model, below, STACK)
    stacked.add_adapter(STAGE, settings)
    stacked.base_model.set_adapter([STACK, STAGE])
    for name, parameter in stacked.named_parameters():
        parameter.requires_grad_(f".{STAGE}." in name)
    return stacked


def train(
    model: Any,
    sequences: list[Sequence],
    hyper: Hyperparameters,
    seed: int,
    checkpoints: Checkpoints,
    layout: Layout = FASTEST,
    group: Group = ALONE,
) -> list[Step]:
    """Trains the stage's adapter in place, from the last checkpoint if there is one."""
    steps = batches(sequences, hyper, seed)
    trainable = _prepared(model, layout, group)
    optimizer = optimizers.made(hyper.optimizer, trainable, hyper.learning_rate, hyper.weight_decay)
    schedule = get_linear_schedule_with_warmup(optimizer, hyper.warmup_steps, len(steps))
    history = _resume(checkpoints, model, optimizer, schedule)
    begun = time.monotonic() - (history[-1].seconds if history else 0.0)
    for number in range(len(history), len(steps)):
        batch = [sequences[i] for i in steps[number]]
        loss = _backward(model, batch, layout, group)
        norm = torch.nn.utils.clip_grad_norm_(trainable, hyper.max_grad_norm)
        rate = schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        tokens = sum(len(s.ids) for s in batch)
        seconds = round(time.monotonic() - begun, 3)
        history.append(Step(number + 1, loss, rate, float(norm), tokens, seconds))
        _report(history, len(steps))
        if group.first:
            checkpoints.save_if_due(lambda: _snapshot(model, optimizer, schedule, history))
    return history


def _prepared(model: Any, layout: Layout, group: Group) -> list[torch.nn.Parameter]:
    """Makes the model ready for the layout and the processes; what of it is trained."""
    if layout.checkpointing:
        settings = {"use_reentrant": False}  # the other kind needs inputs that have gradients
        model.get_base_model().gradient_checkpointing_enable(settings)
    if group.size > 1:
        whole = {p for name, p in model.named_parameters() if ".lora_" in name}
        distributed.spread(model, whole)
    model.train()
    return [p for p in model.parameters() if p.requires_grad]


def _backward(
    model: Any, batch: list[Sequence], layout: Layout = FASTEST, group: Group = ALONE
) -> float:
    """Adds the batch's gradient; returns its loss, averaged over all its learnt tokens."""
    learnt = batching.learnt(batch)
    total = 0.0
    for part, weight in batching.share(batch, layout.tokens, group.rank, group.size):
        states, targets = _taught(model, part)
        loss, gradient = _judged(model, states, targets, weight / learnt)
        states.backward(gradient)
        total += loss
    if group.size == 1:
        return total
    sum_of_all = torch.tensor(total, device=pretrained.device(), dtype=torch.float64)
    group.add_up([sum_of_all, *(p.grad for p in model.parameters() if p.grad is not None)])
    return sum_of_all.item()


def _taught(model: Any, part: list[Sequence]) -> tuple[torch.Tensor, torch.Tensor]:
    """The states before the tokens that a part teaches (tokens x width), and those tokens."""
    planted = forest.planted([batching.needed(row) for row in part])
    learnt = [_lessons(row, planted.places(n)) for n, row in enumerate(part)]
    places, targets = zip(*(lesson for row in learnt for lesson in row), strict=True)
    states = pretrained.hidden_states(model, planted)
    taught = states[torch.tensor(places, device=states.device)]
    return taught, torch.tensor(targets, device=states.device)


def _judged(
    model: Any, states: torch.Tensor, targets: torch.Tensor, weight: float
) -> tuple[float, torch.Tensor]:
    """The weighted sum of the losses of states, and its gradient by them.

    The head learns nothing, so that a few states at a time may pass there and back through it: the
    logits of all of them would take more memory than the layers.
    """
    ends = states.detach().requires_grad_()
    total = torch.zeros((), dtype=torch.float64, device=states.device)
    together = batching.LEARNT_TOGETHER
    for some, wanted in zip(ends.split(together), targets.split(together), strict=True):
        logits = pretrained.head(model, some)
        loss = weight * torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
        loss.backward()
        total += loss.detach()
    assert ends.grad is not None
    return total.item(), ends.grad


def _lessons(row: Sequence, places: list[int]) -> list[tuple[int, int]]:
    """Where each learnt token of a row is predicted, and the token; the first one never is."""
    following = zip(places, row.ids[1:], row.learnt[1:], strict=False)
    return [(place, token) for place, token, is_learnt in following if is_learnt]


def _report(history: list[Step], total: int) -> None:
    last = history[-1]
    if last.step in (1, total) or last.step % max(1, total // 20) == 0:
        rate = sum(s.tokens for s in history) / max(last.seconds, 1e-3)
        log.info("step %d/%d loss %.4f, %.0f tokens/s", last.step, total, last.loss, rate)


def _snapshot(model: Any, optimizer: Any, schedule: Any, history: list[Step]) -> Checkpoint:
    return Checkpoint(
        tensors=get_peft_model_state_dict(model, adapter_name=STAGE),
        optimizer=optimizer.state_dict(),
        schedule=schedule.state_dict(),
        history=[asdict(step) for step in history],
    )


def _resume(checkpoints: Checkpoints, model: Any, optimizer: Any, schedule: Any) -> list[Step]:
    saved = checkpoints.load()
    if saved is None:
        return []
    load_adapter_state(model, saved.tensors, adapter_name=STAGE)
    optimizer.load_state_dict(saved.optimizer)
    schedule.load_state_dict(saved.schedule)
    log.info("resumed after step %d", len(saved.history))
    return [Step(**step) for step in saved.history]


def trained_adapter(model: Any, hyper: Hyperparameters) -> Adapter:
    """The stage's adapter as tensors on the CPU."""
    state = get_peft_model_state_dict(model, adapter_name=STAGE)
    tensors = {name: tensor.detach().cpu() for name, tensor in state.items()}
    return Adapter(tensors, hyper.rank, hyper.alpha, hyper.rslora)
