"""Asking an arm by HTTP, at a vLLM server that somebody started: the asking machine stays thin.

The server takes questions as token ids, so that the template is applied here, and adapters while
it runs, under a name made of their hash.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mirrortest import sources
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Sampling, Serving, Verb, Weights, seed_of
from mirrortest.engines.fitting import checked_rank
from mirrortest.engines.packages import require
from mirrortest.engines.served import connected, name_of
from mirrortest.engines.tokens import Rows, Tokens
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

if TYPE_CHECKING:
    from openai import OpenAI

AT_ONCE = 32
"""Questions under way at a time; the server forms its own batches of them."""

PLAIN = {"top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
PLAIN_EXTRA = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "return_token_ids": True}
"""Said with every request: a server takes what is unsaid from the model's generation config."""

Settings = dict[str, Any]
log = logging.getLogger(__name__)


class ServerEngine:
    """One arm at a server, whose other arms and clients it does not mind."""

    def __init__(self, arm: Manifest, serving: Serving) -> None:
        require("openai", "server", "requirements/torch.txt")
        if serving.url is None:
            raise UserError("the engine `server` needs the url of the server; state its `url`.")
        self._arm = arm
        self._url = serving.url.rstrip("/").removesuffix("/v1")
        self.tokens = Tokens(arm)

    def plan(self, chats: list[Chat], verb: Verb) -> list[list[int]]:
        """Large batches, in the prefix cache's order."""
        return self.tokens.plan(chats)

    def choose(self, chats: list[Chat], options: tuple[str, ...]) -> list[Choice]:
        """One greedy token each, with the log-probabilities of the options beside it."""
        wanted = self.tokens.options(options)
        rows = [self.tokens.of(chat) for chat in chats]
        outputs = self._ask(rows, [_one_token(wanted)] * len(rows), 1)
        return [
            self.tokens.choice(list(_stated(output, wanted).values()), output.token_ids[0])
            for output in outputs
        ]

    def weigh(self, chats: list[Chat], answers: list[tuple[str, ...]]) -> list[Weights]:
        """One greedy token after each beginning of an answer, with those that lead on beside it."""
        return self.tokens.weighed(chats, answers, self._following)

    def _following(self, rows: Rows, wanted: Rows) -> list[dict[int, float]]:
        outputs = self._ask(rows, [_one_token(ids) for ids in wanted], 1)
        return [_stated(output, ids) for output, ids in zip(outputs, wanted, strict=True)]

    def generate(self, chats: list[Chat], drawn: list[Sampling]) -> list[Answer]:
        """Greedy or sampled text; the same chat and seed give the same text."""
        how = [self._sampled(chat, one) for chat, one in zip(chats, drawn, strict=True)]
        rows = [self.tokens.of(chat) for chat in chats]
        outputs = self._ask(rows, how, drawn[0].max_tokens)
        return [self.tokens.answer(output.token_ids) for output in outputs]

    def _sampled(self, chat: Chat, sampling: Sampling) -> Settings:
        return {
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "seed": seed_of([chat], [sampling]),
            "extra_body": PLAIN_EXTRA | {"stop_token_ids": self.tokens.ends},
        }

    def _ask(self, rows: Rows, how: list[Settings], answer: int) -> list[Any]:
        """One completion per row; once more if the server has lost the adapter meanwhile."""
        from openai import NotFoundError

        asked = [{"prompt": row} | PLAIN | each for row, each in zip(rows, how, strict=True)]
        length = max(len(row) for row in rows) + answer
        with connected(self._url) as client:
            try:
                return self._completions(client, asked, length)
            except NotFoundError:
                log.warning("%s no longer has the adapter: loading it again", self._url)
                return self._completions(client, asked, length)

    def _completions(self, client: "OpenAI", asked: list[Settings], length: int) -> list[Any]:
        model = name_of(client, self._url, self._arm, self._adapter_name, length)

        def one(request: Settings) -> Any:
            return client.completions.create(model=model, **request).choices[0]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(one, asked))

    @cached_property
    def _adapter_name(self) -> str | None:
        """Made of the adapter's hash; a file that vLLM cannot serve gets none."""
        if self._arm.adapter is None:
            return None
        checked_rank(self._arm)
        return f"mirrortest-{self._arm.adapter_sha256 or sources.digest(self._arm.adapter)}"


def _one_token(wanted: list[int]) -> Settings:
    extra = {"logprob_token_ids": wanted, "return_tokens_as_token_ids": True}
    how = {"max_tokens": 1, "temperature": 0.0, "logprobs": len(wanted)}
    return how | {"extra_body": PLAIN_EXTRA | extra}


def _stated(output: Any, wanted: list[int]) -> dict[int, float]:
    top = output.logprobs.top_logprobs[0]
    return {i: top[f"token_id:{i}"] for i in wanted}
