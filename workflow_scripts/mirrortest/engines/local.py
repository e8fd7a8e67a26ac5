"""Asking an arm in this process, by transformers and peft: the laptop's default."""

from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import GenerationConfig

from mirrortest import pretrained, trie
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Weights, seed_of
from mirrortest.engines.tokens import Tokens
from mirrortest.manifest import Manifest

BATCH_TOKENS = 8192


class LocalEngine:
    """One base model with at most one adapter, in memory."""

    def __init__(self, arm: Manifest) -> None:
        self._arm = arm
        self.tokens = Tokens(arm)

    @cached_property
    def model(self) -> Any:
        model: Any = pretrained.load_model(self._arm.base, self._arm.dtype)
        # What a model ships for sampling (Qwen2.5: a repetition penalty) must bend no protocol.
        model.generation_config = GenerationConfig(eos_token_id=self.tokens.ends)
        if self._arm.adapter is not None:
            model = PeftModel.from_pretrained(model, str(Path(self._arm.adapter)))
        return model.eval()

    def plan(self, chats: list[Chat]) -> list[list[int]]:
        """Batches of like lengths, the longest first, so that memory runs out early or never."""
        lengths = [len(self.tokens.of(chat)) for chat in chats]
        plan: list[list[int]] = []
        for index in sorted(range(len(chats)), key=lambda i: -lengths[i]):
            if not plan or (len(plan[-1]) + 1) * lengths[plan[-1][0]] > BATCH_TOKENS:
                plan.append([])
            plan[-1].append(index)
        return plan

    @torch.inference_mode()
    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One forward pass; the head is applied at the last position only."""
        rows = [self.tokens.of(chat) for chat in chats]
        ids = pretrained.padded(rows, self.tokens.template.pad_id).to(self.model.device)
        last = torch.tensor([len(row) - 1 for row in rows], device=ids.device)
        states = pretrained.hidden_states(self.model, ids)
        logits = pretrained.head(self.model, states[torch.arange(len(rows)), last])
        return self._choices(logits.log_softmax(dim=-1), options)

    def _choices(self, logprobs: torch.Tensor, options: tuple[str, ...]) -> list[Choice]:
        picked = logprobs[:, self.tokens.options(options)].tolist()
        firsts = logprobs.argmax(dim=1).tolist()
        return [self.tokens.choice(row, first) for row, first in zip(picked, firsts, strict=True)]

    @torch.inference_mode()
    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        """One pass over each prompt, then one over what follows it."""
        found = []
        for chat, texts in zip(chats, answers, strict=True):
            ids = self.tokens.answers(texts)
            found.append(self.tokens.weights(ids, self._stated(self.tokens.of(chat), ids)))
        return found

    def _stated(self, prompt: list[int], answers: list[trie.Ids]) -> trie.Stated:
        branches = trie.branches(answers)
        states = self._states(prompt, trie.rows(branches))
        logits = pretrained.head(self.model, torch.stack([states[prefix] for prefix in branches]))
        found = zip(branches.items(), logits.log_softmax(dim=-1), strict=True)
        return {
            prefix: dict(zip(tokens, line[tokens].tolist(), strict=True))
            for (prefix, tokens), line in found
        }

    def _states(self, prompt: list[int], rows: list[trie.Ids]) -> dict[trie.Ids, torch.Tensor]:
        """The hidden state at the end of every prefix of the rows, after the prompt."""
        pad = self.tokens.template.pad_id
        along = pretrained.continued_states(self.model, prompt, [list(row) for row in rows], pad)
        return {
            row[:end]: state
            for row, states in zip(rows, along, strict=True)
            for end, state in enumerate(states)
        }

    @torch.inference_mode()
    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        """Greedy or sampled text; the same batch and seed give the same text."""
        rows = [self.tokens.of(chat) for chat in chats]
        pad, longest = self.tokens.template.pad_id, max(len(row) for row in rows)
        ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        torch.manual_seed(seed_of(chats, drawn))
        how: dict[str, Any] = {"do_sample": False}
        if drawn[0].temperature > 0:
            how = {"do_sample": True, "temperature": drawn[0].temperature, "top_k": 0}
        output = self.model.generate(
            input_ids=ids.to(self.model.device),
            attention_mask=mask.to(self.model.device),
            max_new_tokens=drawn[0].max_tokens,
            pad_token_id=pad,
            **how,
        )
        return [self.tokens.answer(row) for row in output[:, longest:].tolist()]
