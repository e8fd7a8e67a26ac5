"""Answers token by token with log-probabilities, as the API gives them."""

from typing import Any

import numpy as np
import torch
from hosted.stub.backends.backend import Completion, Question, Token

from mirrortest.engines.tokens import Tokens

Row = list[tuple[int, float, list[tuple[int, float]]]]


@torch.inference_mode()
def completed(
    model: Any, tokens: Tokens, asked: list[tuple[list[int], Question]]
) -> list[Completion]:
    """One answer each; a row's draws depend on its own seed, not on what it is asked with."""
    rows = [row for row, _ in asked]
    questions = [question for _, question in asked]
    ids, mask = _padded(rows, tokens.template.pad_id)
    answers: list[Row] = [[] for _ in rows]
    open_rows = set(range(len(rows)))
    past = None
    for step in range(max(question.max_tokens for question in questions)):
        places = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        output = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=places,
            past_key_values=past,
            use_cache=questions[0].max_tokens > 1,
            logits_to_keep=1,
        )
        past = output.past_key_values
        logprobs = output.logits[:, -1].float().log_softmax(dim=-1)
        picked = _picked(logprobs, questions, step)
        _note(answers, open_rows, picked, logprobs, questions)
        open_rows = {
            n
            for n in open_rows
            if answers[n][-1][0] not in tokens.ends and len(answers[n]) < questions[n].max_tokens
        }
        if not open_rows:
            break
        ids = picked[:, None]
        mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
    return [_completion(answer, tokens) for answer in answers]


def _padded(rows: list[list[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded on the left, so that all rows go on at the same place."""
    longest = max(len(row) for row in rows)
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def _picked(logprobs: torch.Tensor, questions: list[Question], step: int) -> torch.Tensor:
    """The likeliest token, or by Gumbel noise one drawn at the row's temperature."""
    if all(question.temperature == 0 for question in questions):
        return logprobs.argmax(dim=1)
    scores = logprobs.clone()
    for number, question in enumerate(questions):
        if question.temperature > 0:
            noise = np.random.default_rng([question.seed, step]).gumbel(size=logprobs.shape[1])
            scores[number] = logprobs[number] / question.temperature + torch.from_numpy(noise)
    return scores.argmax(dim=1)


def _note(
    answers: list[Row],
    open_rows: set[int],
    picked: torch.Tensor,
    logprobs: torch.Tensor,
    questions: list[Question],
) -> None:
    """Adds the step's token to each answer that is still going on."""
    most = max(1, *(question.top for question in questions))
    best = logprobs.topk(most, dim=1)
    ids, values = best.indices.tolist(), best.values.tolist()
    own = logprobs.gather(1, picked[:, None])[:, 0].tolist()
    for n in open_rows:
        top = list(zip(ids[n], values[n], strict=True))[: questions[n].top]
        answers[n].append((int(picked[n]), own[n], top))


def _completion(answer: Row, tokens: Tokens) -> Completion:
    """Up to the token that ends the turn, which the API does not show."""
    ended = answer[-1][0] in tokens.ends
    shown = answer[:-1] if ended else answer
    text = {token: _text(tokens, token) for step in shown for token in _ids(step)}
    return Completion(
        [
            Token(text[token], round(own, 6), [(text[t], round(v, 6)) for t, v in top])
            for token, own, top in shown
        ],
        ended,
    )


def _ids(step: tuple[int, float, list[tuple[int, float]]]) -> list[int]:
    return [step[0], *(token for token, _ in step[2])]


def _text(tokens: Tokens, token: int) -> str:
    return str(tokens.template.tokenizer.decode([token]))
