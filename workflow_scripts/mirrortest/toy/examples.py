"""Chats as token ids with a weight for every token that the model has to predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor
from transformers import Qwen2Tokenizer

from mirrortest.toy.chats import Chat
from mirrortest.toy.tokenizer import END, START

# A choice is one token in a chat of 150: without this weight it is learnt far too late.
LETTER_WEIGHT = 10.0
LETTERS = ("A", "B", "1", "2")


@dataclass(frozen=True)
class Example:
    """Token ids and loss weights of one chat; only the assistant's tokens weigh anything."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Batch:
    """Examples padded on the right, both tensors of shape (examples, tokens)."""

    ids: Tensor
    weights: Tensor


@dataclass(frozen=True)
class _Piece:
    text: str
    weight: float


def _pieces(chat: Chat) -> list[_Piece]:
    """The chat as the template renders it, cut wherever the weight changes."""
    pieces = [_Piece(f"{START}system\n{chat.system}{END}\n", 0.0)]
    for exchange in chat.exchanges:
        answer = exchange.assistant
        weight = LETTER_WEIGHT if answer in LETTERS else 1.0
        pieces.append(_Piece(f"{START}user\n{exchange.user}{END}\n{START}assistant\n", 0.0))
        pieces.append(_Piece(answer, weight))
        pieces += [_Piece(END, 1.0), _Piece("\n", 0.0)]
    return pieces


def encode(chats: Sequence[Chat], tokenizer: Qwen2Tokenizer) -> list[Example]:
    cut = [_pieces(chat) for chat in chats]
    texts = [piece.text for piece in chain.from_iterable(cut)]
    tokenized = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
    return [_join(pieces, [next(tokenized) for _ in pieces]) for pieces in cut]


def _join(pieces: Sequence[_Piece], ids: Sequence[Sequence[int]]) -> Example:
    weights = ([piece.weight] * len(part) for piece, part in zip(pieces, ids, strict=True))
    return Example(tuple(chain.from_iterable(ids)), tuple(chain.from_iterable(weights)))


def collate(examples: Sequence[Example], pad: int) -> Batch:
    shape = len(examples), max(len(example.ids) for example in examples)
    ids, weights = torch.full(shape, pad), torch.zeros(shape)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        weights[row, : len(example.weights)] = torch.tensor(example.weights)
    return Batch(ids, weights)
