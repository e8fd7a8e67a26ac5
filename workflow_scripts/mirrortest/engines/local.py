"""Asking an arm in this process, by transformers and peft: the laptop's default."""

from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig

from mirrortest import forest, pretrained, trie
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Verb, Weights, seed_of
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
            model = pretrained.with_adapter(model, Path(self._arm.adapter))
        return model.eval()

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        """What begins alike is read together. Free answers: those of like lengths, long ones first,
        so that memory runs out early or never."""
        rows = [self.tokens.of(chat) for chat in chats]
        if verb != "generate":
            return forest.groves(rows, BATCH_TOKENS)
        plan: list[list[int]] = []
        for index in sorted(range(len(rows)), key=lambda i: -len(rows[i])):
            if not plan or (len(plan[-1]) + 1) * len(rows[plan[-1][0]]) > BATCH_TOKENS:
                plan.append([])
            plan[-1].append(index)
        return plan

    @torch.inference_mode()
    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One forward pass; the head is applied at the last position only."""
        logits = pretrained.head(self.model, self._ends([self.tokens.of(chat) for chat in chats]))
        return self._choices(logits.log_softmax(dim=-1), options)

    def _choices(self, logprobs: torch.Tensor, options: tuple[str, ...]) -> list[Choice]:
        picked = logprobs[:, self.tokens.options(options)].tolist()
        firsts = logprobs.argmax(dim=1).tolist()
        return [self.tokens.choice(row, first) for row, first in zip(picked, firsts, strict=True)]

    @torch.inference_mode()
    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        """One forward pass over all prompts and what may follow them."""
        ids = [self.tokens.answers(texts) for texts in answers]
        prompts = [self.tokens.of(chat) for chat in chats]
        branches = [trie.branches(each) for each in ids]
        rows = [[*prompt, *p] for prompt, each in zip(prompts, branches, strict=True) for p in each]
        ends = self._ends(rows).split([len(each) for each in branches])
        found = zip(ids, map(self._stated, branches, ends), strict=True)
        return [self.tokens.weights(*one) for one in found]

    def _stated(self, branches: dict[trie.Ids, list[int]], states: torch.Tensor) -> trie.Stated:
        logprobs = pretrained.head(self.model, states).log_softmax(dim=-1)
        return {
            prefix: dict(zip(tokens, line[tokens].tolist(), strict=True))
            for (prefix, tokens), line in zip(branches.items(), logprobs, strict=True)
        }

    def _ends(self, rows: list[list[int]]) -> torch.Tensor:
        """The last hidden state of each row (rows x width)."""
        planted = forest.planted(rows)
        states = pretrained.hidden_states(self.model, planted)
        last = [planted.rows[row][-1][-1] for row in range(len(rows))]
        return states[torch.tensor(last, device=states.device)]

    @torch.inference_mode()
    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        """Greedy or sampled text; the same batch and seed give the same text."""
        rows = [self.tokens.of(chat) for chat in chats]
        pad, longest = self.tokens.template.pad_id, max(len(row) for row in rows)
        ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        pretrained.attend_by(self.model, pretrained.PLAIN)
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
