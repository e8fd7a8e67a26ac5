"""Asking an arm in this process, by transformers and peft: the laptop's default."""

import random
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import GenerationConfig

from mirrortest import pretrained
from mirrortest.canonical import fingerprint
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest
from mirrortest.template import Template

BATCH_TOKENS = 8192


class LocalEngine:
    """One base model with at most one adapter, in memory."""

    def __init__(self, arm: Manifest) -> None:
        self._arm = arm

    @cached_property
    def template(self) -> Template:
        template = pretrained.load_template(self._arm.base)
        if template.sha256 != self._arm.template_sha256:
            raise UserError(
                f"the chat template of {self._arm.base.location} has changed since "
                f"{self._arm.model}/{self._arm.chain} was made; restore it or rebuild the arm."
            )
        return template

    @cached_property
    def model(self) -> Any:
        model: Any = pretrained.load_model(self._arm.base, self._arm.dtype)
        # What a model ships for sampling (Qwen2.5: a repetition penalty) must bend no protocol.
        ends = _end_ids(model.generation_config) | {self.template.tokenizer.eos_token_id}
        model.generation_config = GenerationConfig(eos_token_id=sorted(ends))
        if self._arm.adapter is not None:
            model = PeftModel.from_pretrained(model, str(Path(self._arm.adapter)))
        return model.eval()

    def plan(self, chats: list[Chat]) -> list[list[int]]:
        """Batches of like lengths, the longest first, so that memory runs out early or never."""
        lengths = [len(self._ids(chat)) for chat in chats]
        plan: list[list[int]] = []
        for index in sorted(range(len(chats)), key=lambda i: -lengths[i]):
            if not plan or (len(plan[-1]) + 1) * lengths[plan[-1][0]] > BATCH_TOKENS:
                plan.append([])
            plan[-1].append(index)
        return plan

    @torch.inference_mode()
    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One forward pass; the head is applied at the last position only."""
        rows = [self._ids(chat) for chat in chats]
        ids = pretrained.padded(rows, self.template.pad_id).to(self.model.device)
        last = torch.tensor([len(row) - 1 for row in rows], device=ids.device)
        states = pretrained.hidden_states(self.model, ids)
        logits = pretrained.head(self.model, states[torch.arange(len(rows)), last])
        return self._choices(logits.log_softmax(dim=-1), options)

    def _choices(self, logprobs: torch.Tensor, options: tuple[str, ...]) -> list[Choice]:
        wanted = [self.template.option_id(option) for option in options]
        picked = logprobs[:, wanted]
        mass = picked.exp().sum(dim=1)
        free = [self.template.tokenizer.decode([i]) for i in logprobs.argmax(dim=1).tolist()]
        return [
            Choice([round(x, 6) for x in values], text.strip(), round(total, 6))
            for values, text, total in zip(picked.tolist(), free, mass.tolist(), strict=True)
        ]

    @torch.inference_mode()
    def generate(self, chats: list[Chat], sampling: Sampling) -> list[Answer]:
        """Greedy or sampled text; the same batch and seed give the same text."""
        rows = [self._ids(chat) for chat in chats]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([[self.template.pad_id] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        torch.manual_seed(random.Random(fingerprint([chats, sampling])).getrandbits(63))
        drawn: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            drawn = {"do_sample": True, "temperature": sampling.temperature, "top_k": 0}
        output = self.model.generate(
            input_ids=ids.to(self.model.device),
            attention_mask=mask.to(self.model.device),
            max_new_tokens=sampling.max_tokens,
            pad_token_id=self.template.pad_id,
            **drawn,
        )
        return [self._answer(row) for row in output[:, longest:].tolist()]

    def _answer(self, ids: list[int]) -> Answer:
        ends = self.model.generation_config.eos_token_id
        end = next((n for n, token in enumerate(ids) if token in ends), None)
        text = self.template.tokenizer.decode(ids[:end], skip_special_tokens=True)
        return Answer(text.strip(), end is not None)

    def _ids(self, chat: Chat) -> list[int]:
        ids = self.template.prompt_ids(chat)
        if len(ids) > self._arm.max_length:
            raise UserError(
                f"a question of {len(ids)} tokens is longer than the model's max_length of "
                f"{self._arm.max_length} (it begins {chat[-1]['content'][:60]!r}); shorten the "
                "articles with the corpus key max_words."
            )
        return ids


def _end_ids(generation: Any) -> set[int]:
    ends = generation.eos_token_id
    return set() if ends is None else set(ends if isinstance(ends, list) else [ends])
