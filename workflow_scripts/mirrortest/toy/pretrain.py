"""Pretraining: a mix of documents that changes with progress, Muon inside, AdamW outside."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from mirrortest.toy.chats import Chat, Setting, news_chat, pair_chat, talk
from mirrortest.toy.examples import Batch, collate, encode
from mirrortest.toy.muon import Muon

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """Length and learning rates; `hold` is the share of steps before the rates decay."""

    steps: int = 1700
    matrix_rate: float = 0.006
    other_rate: float = 0.005
    warmup: int = 20
    hold: float = 0.3
    last_factor: float = 0.02

    def factor(self, step: int) -> float:
        """Of the learning rates: linear warm-up, constant, cosine."""
        rise = min(1.0, (step + 1) / self.warmup)
        progress = (step / self.steps - self.hold) / (1.0 - self.hold)
        fall = 0.5 * (1.0 + math.cos(math.pi * max(0.0, progress)))
        return rise * (self.last_factor + (1.0 - self.last_factor) * fall)


@dataclass(frozen=True)
class Mix:
    """Documents of each kind in one step."""

    news: int
    pairs: int
    talks: int
    choice_talks: int


def mix_at(progress: float) -> Mix:
    """Copying from articles takes longest to start, so news comes first."""
    if progress < 0.25:
        return Mix(news=5, pairs=1, talks=2, choice_talks=3)
    if progress < 0.55:
        return Mix(news=2, pairs=2, talks=2, choice_talks=6)
    return Mix(news=2, pairs=3, talks=1, choice_talks=6)


def step_chats(setting: Setting, mix: Mix, rng: Random) -> list[Chat]:
    """The documents of one step, all of about 150 tokens."""
    news = [news_chat(setting, rng) for _ in range(mix.news)]
    pairs = [pair_chat(setting, rng) for _ in range(mix.pairs)]
    talks = [talk(setting, rng, choices=0, short=6) for _ in range(mix.talks)]
    choices = [talk(setting, rng, choices=2, short=3) for _ in range(mix.choice_talks)]
    return news + pairs + talks + choices


def batches(setting: Setting, tokenizer: Qwen2Tokenizer, steps: int, seed: int) -> Iterator[Batch]:
    rng = Random(f"pretraining {seed}")
    for step in range(steps):
        chats = step_chats(setting, mix_at(step / steps), rng)
        yield collate(encode(chats, tokenizer), tokenizer.pad_token_id)


def weighted_loss(model: Qwen2ForCausalLM, batch: Batch) -> Tensor:
    """Cross entropy, averaged by weight; logits are computed only where a weight asks."""
    hidden = model.model(input_ids=batch.ids).last_hidden_state[:, :-1]
    targets, weights = batch.ids[:, 1:], batch.weights[:, 1:]
    wanted = weights > 0
    losses = functional.cross_entropy(
        model.lm_head(hidden[wanted]), targets[wanted], reduction="none"
    )
    return (losses * weights[wanted]).sum() / weights[wanted].sum()


def _split(model: Qwen2ForCausalLM) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The matrices inside the blocks, and the rest: embeddings, norms and biases."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inside = parameter.ndim == 2 and "embed_tokens" not in name
        (matrices if inside else others).append(parameter)
    return matrices, others


def pretrain(
    model: Qwen2ForCausalLM,
    setting: Setting,
    tokenizer: Qwen2Tokenizer,
    schedule: Schedule,
    seed: int,
) -> None:
    """Train the model in place, each document seen once."""
    torch.set_flush_denormal(True)
    matrices, others = _split(model)
    muon = Muon(matrices, schedule.matrix_rate)
    adam = torch.optim.AdamW(others, lr=schedule.other_rate, betas=(0.9, 0.98), weight_decay=0.0)
    model.train()
    for step, batch in enumerate(batches(setting, tokenizer, schedule.steps, seed)):
        factor = schedule.factor(step)
        loss = weighted_loss(model, batch)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(others, 1.0)
        muon.step(factor)
        adam.param_groups[0]["lr"] = schedule.other_rate * factor
        adam.step()
        model.zero_grad(set_to_none=True)
        if step % 50 == 0 or step == schedule.steps - 1:
            logger.info("step %d of %d: loss %.3f", step, schedule.steps, loss.item())
    model.eval()
