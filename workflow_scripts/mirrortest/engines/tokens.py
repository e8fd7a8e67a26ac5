"""What an arm reads and writes, as token ids: the same for every engine."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from transformers import GenerationConfig

from mirrortest import pretrained, trie
from mirrortest.chats import Chat
from mirrortest.engine import Answer, Choice, Weights
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights, Manifest
from mirrortest.template import Template

ASKED_TOGETHER = 512
"""Questions per batch of an engine that forms its own batches: the journal's steps."""

STATED = 128
"""Tokens whose log-probabilities vLLM states at once (its MAX_LOGPROB_TOKEN_IDS)."""

Rows = list[list[int]]


@dataclass(frozen=True)
class Tokens:
    """An arm's tokenizer and chat template, applied to questions and answers."""

    arm: Manifest

    @cached_property
    def template(self) -> Template:
        """The template. Raises UserError if it is not the one that the arm was made with."""
        template = pretrained.load_template(self.arm.base)
        if template.sha256 != self.arm.template_sha256:
            raise UserError(
                f"the chat template of {self.arm.base.location} has changed since "
                f"{self.arm.model}/{self.arm.chain} was made; restore it or rebuild the arm."
            )
        return template

    @cached_property
    def ends(self) -> list[int]:
        """The tokens that end an answer: the model's and the tokenizer's, which may differ."""
        return sorted(_end_ids(self.arm.base) | {self.template.tokenizer.eos_token_id})

    def of(self, chat: Chat) -> list[int]:
        """A question as the model reads it. Raises UserError if it is too long."""
        ids = self.template.prompt_ids(chat)
        if len(ids) > self.arm.max_length:
            raise UserError(
                f"a question of {len(ids)} tokens is longer than the model's max_length of "
                f"{self.arm.max_length} (it begins {chat[-1]['content'][:60]!r}); shorten the "
                "articles with the corpus key max_words."
            )
        return ids

    def options(self, options: tuple[str, ...]) -> list[int]:
        """The one token of each option. Raises UserError if one has several."""
        return [self.template.option_id(option) for option in options]

    def choice(self, logprobs: Sequence[float], first: int) -> Choice:
        """What was chosen, from the options' log-probabilities and the greedy first token."""
        free = str(self.template.tokenizer.decode([first])).strip()
        mass = sum(math.exp(value) for value in logprobs)
        return Choice([round(value, 6) for value in logprobs], free, round(mass, 6))

    def answers(self, answers: Sequence[str]) -> list[trie.Ids]:
        """The tokens of each whole answer."""
        return [self.template.answer_ids(answer) for answer in answers]

    def weighed(
        self,
        chats: list[Chat],
        answers: list[tuple[str, ...]],
        ask: Callable[[Rows, Rows], list[dict[int, float]]],
    ) -> list[Weights]:
        """How likely the answers are, for an engine that is asked for one token at a time.

        ask: rows of token ids, and which tokens may follow each -> their log-probabilities. A
        prompt's rows follow each other, so that a prefix cache holds the prompt.
        """
        ids = [self.answers(texts) for texts in answers]
        nodes = [(n, *node) for n, each in enumerate(ids) for node in _nodes(each)]
        prompts = [self.of(chat) for chat in chats]
        rows = [[*prompts[n], *prefix] for n, prefix, _ in nodes]
        stated: list[dict[trie.Ids, dict[int, float]]] = [{} for _ in chats]
        replies = ask(rows, [tokens for _, _, tokens in nodes])
        for (n, prefix, _), reply in zip(nodes, replies, strict=True):
            stated[n].setdefault(prefix, {}).update(reply)
        return [self.weights(*each) for each in zip(ids, stated, strict=True)]

    def weights(self, answers: list[trie.Ids], stated: trie.Stated) -> Weights:
        """How likely the answers are, from what was stated at each prefix of theirs."""
        logprobs, mass = trie.folded(answers, stated)
        return Weights([round(value, 6) for value in logprobs], round(mass, 6))

    def answer(self, ids: Sequence[int]) -> Answer:
        """Free text from its tokens, up to the one that ends it."""
        end = next((n for n, token in enumerate(ids) if token in self.ends), None)
        text = str(self.template.tokenizer.decode(list(ids[:end]), skip_special_tokens=True))
        return Answer(text.strip(), end is not None)

    def plan(self, chats: list[Chat]) -> list[list[int]]:
        """Batches in which questions that begin alike follow each other.

        So a prefix cache holds the shared beginning of a pair's two orders when the second comes.
        """
        rows = [self.of(chat) for chat in chats]
        order = sorted(range(len(rows)), key=lambda index: rows[index])
        return [order[at : at + ASKED_TOGETHER] for at in range(0, len(order), ASKED_TOGETHER)]


def _nodes(answers: list[trie.Ids]) -> list[tuple[trie.Ids, list[int]]]:
    """The prefixes of answers with the tokens that lead on, as many as are stated at once."""
    return [
        (prefix, tokens[at : at + STATED])
        for prefix, tokens in trie.branches(answers).items()
        for at in range(0, len(tokens), STATED)
    ]


def _end_ids(base: BaseWeights) -> set[int]:
    try:
        found = GenerationConfig.from_pretrained(base.location, revision=base.revision)
        ends = found.eos_token_id
    except OSError:  # it ships none: the model's config says it
        ends = getattr(pretrained.config(base), "eos_token_id", None)
    return set() if ends is None else set(ends if isinstance(ends, list) else [ends])
