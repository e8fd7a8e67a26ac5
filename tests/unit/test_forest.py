"""What rows share is computed once: states and gradients are those of each row by itself."""

from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.nn.functional import rms_norm
from transformers import AutoModelForCausalLM
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

from mirrortest import adapters, attention, batching, forest, pretrained, training
from mirrortest.batching import Layout, Sequence
from mirrortest.distributed import ALONE
from mirrortest.training import Hyperparameters

HYPER = Hyperparameters(4, 8, True, 0.01, 0, 0.0, 8, 1, 1.0)


# --- the forest


ROWS = some.lists(some.lists(some.integers(0, 2), min_size=1, max_size=8), min_size=1, max_size=8)


@given(ROWS)
def test_every_row_is_found_again(rows: list[list[int]]) -> None:
    planted = forest.planted(rows)
    for index, row in enumerate(rows):
        places = planted.places(index)
        assert [planted.ids[place] for place in places] == row
        assert [planted.positions[place] for place in places] == list(range(len(row)))


@given(ROWS)
def test_it_has_one_token_for_each_beginning(rows: list[list[int]]) -> None:
    beginnings = {tuple(row[: end + 1]) for row in rows for end in range(len(row))}
    assert len(forest.planted(rows).ids) == len(beginnings)


@given(ROWS)
def test_branches_follow_each_other_and_know_their_path(rows: list[list[int]]) -> None:
    planted = forest.planted(rows)
    ends = [0, *(branch.end for branch in planted.branches)]
    assert [branch.start for branch in planted.branches] == ends[:-1]
    assert ends[-1] == len(planted.ids)
    paths = {tuple(planted.ids[p] for span in path for p in span) for path in planted.rows}
    for branch in planted.branches:
        path = (*branch.before, range(branch.start, branch.end))
        tokens = tuple(planted.ids[place] for span in path for place in span)
        assert any(row[: len(tokens)] == tokens for row in paths)


@given(ROWS, some.integers(1, 20))
def test_groves_hold_every_row_once_and_fit(rows: list[list[int]], tokens: int) -> None:
    groves = forest.groves(rows, tokens)
    assert sorted(index for grove in groves for index in grove) == list(range(len(rows)))
    for grove in groves:
        size = len(forest.planted([rows[index] for index in grove]).ids)
        assert len(grove) == 1 or size <= tokens


# --- the states


PAIR = [[5, 6, 7, 8, 9, 1, 2, 3], [5, 6, 7, 8, 9, 2, 1, 3], [5, 6, 7, 8, 9, 2, 1, 4], [5, 9], [8]]


def _double(folder: Any, **changes: Any) -> Any:
    """In double precision throughout: transformers' own norms round to single."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, **changes)
    for norm in (m for m in model.modules() if isinstance(m, Qwen2RMSNorm)):
        norm.forward = partial(
            rms_norm, normalized_shape=norm.weight.shape, weight=norm.weight, eps=1e-6
        )
    return model


def _difference(model: Any, rows: list[list[int]]) -> float:
    """The largest difference of a state from that of its row by itself, by torch's attention."""
    planted = forest.planted(rows)
    with torch.no_grad():
        shared = pretrained.hidden_states(model, planted)
        pretrained.attend_by(model, "sdpa")
        alone = [model.get_decoder()(torch.tensor([row])).last_hidden_state[0] for row in rows]
    found = [shared[planted.places(index)] for index in range(len(rows))]
    return max((a - b).abs().max().item() for a, b in zip(found, alone, strict=True))


def test_states_are_those_of_each_row_by_itself(tiny_folder: Any) -> None:
    assert _difference(_double(tiny_folder), PAIR) < 1e-12


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_whatever_the_rows(tiny_folder: Any, rows: list[list[int]]) -> None:
    assert _difference(_double(tiny_folder), rows) < 1e-12


def test_where_attention_reaches_only_so_far_back(tiny_folder: Any) -> None:
    near = {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 0}
    model = _double(tiny_folder, layer_types=["sliding_attention"] * 2, **near)
    assert model.model.layers[0].self_attn.sliding_window == 3
    assert _difference(model, PAIR) < 1e-12
    whole = _double(tiny_folder)
    with torch.no_grad():
        far, close = (pretrained.hidden_states(m, forest.planted(PAIR)) for m in (whole, model))
    assert (far - close).abs().max() > 1e-3


def test_a_branch_that_saw_its_sibling_would_be_noticed(
    tiny_folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def neighbour(branch: forest.Branch, tensor: torch.Tensor) -> torch.Tensor:
        length = branch.end - branch.start + sum(map(len, branch.before))
        return tensor[:, :, branch.end - length : branch.end]

    monkeypatch.setattr(attention, "_along", neighbour)
    assert _difference(_double(tiny_folder), PAIR) > 1e-3


# --- the gradient


def _chats(labels: str) -> list[Sequence]:
    """Two articles, each with both orders of two summaries and these labels."""
    articles, orders = ([7, 3, 9, 9, 4, 8], [1, 2, 6, 5, 5, 7]), ([11, 12], [12, 11])
    return [
        Sequence([*article, *order, 13, ord(label), 14, 15], [False] * 9 + [True, True, False])
        for article, order, label in product(articles, orders, labels)
    ]


RECIPES = {"sgtr": _chats("1"), "ictr": _chats("12")}


def _trained(folder: Any) -> Any:
    model = training.with_new_adapter(_double(folder).requires_grad_(False), None, HYPER, seed=0)
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if ".lora_" in name:
            parameter.data = parameter.data.double()
        if "lora_B" in name:
            parameter.data.normal_(0, 0.1)
    return model


def _gradients(model: Any) -> dict[str, torch.Tensor]:
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


def _plain(model: Any, rows: list[Sequence]) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradient row by row, by torch's attention, with all logits and nothing shared."""
    pretrained.attend_by(model, "sdpa")
    total, learnt = 0.0, batching.learnt(rows)
    for row in rows:
        logits = model(input_ids=torch.tensor([row.ids])).logits[0, :-1]
        labels = torch.tensor(row.ids[1:]).where(torch.tensor(row.learnt[1:]), -100)
        loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum") / learnt
        loss.backward()
        total += loss.item()
    return total, _gradients(model)


@pytest.mark.parametrize("recipe", list(RECIPES))
@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_gradient_is_that_of_the_plain_path(
    tiny_folder: Any, recipe: str, checkpointing: bool
) -> None:
    """To 1e-10 in double precision."""
    model, rows = _trained(tiny_folder), RECIPES[recipe]
    loss, expected = _plain(model, rows)
    layout = Layout(checkpointing=checkpointing)
    training._prepared(model, layout, ALONE)
    assert training._backward(model, rows, layout) == pytest.approx(loss, abs=1e-10)
    found = _gradients(model)
    assert found.keys() == expected.keys()
    assert len(found) == 2 * len(adapters.TARGETS) * 2
    largest = max(grad.abs().max().item() for grad in expected.values())
    assert largest > 1e-3
    assert max((found[n] - expected[n]).abs().max().item() for n in expected) < 1e-10


def test_a_row_twice_counts_twice(tiny_folder: Any) -> None:
    model, rows = _trained(tiny_folder), RECIPES["sgtr"]
    twice = training._backward(model, [*rows, rows[0]])
    once = training._backward(model, rows)
    alone = training._backward(model, rows[:1])
    assert twice == pytest.approx((len(rows) * once + alone) / (len(rows) + 1), abs=1e-9)
    assert abs(twice - once) > 1e-4


# --- the path that the workflow takes


@pytest.mark.parametrize(("recipe", "share"), [("sgtr", 0.8), ("ictr", 0.5)])
def test_training_reads_what_is_shared_once(tiny_folder: Any, recipe: str, share: float) -> None:
    rows = RECIPES[recipe]
    model, read = _trained(tiny_folder), []
    block = model.get_base_model().get_decoder().layers[0].mlp
    block.register_forward_hook(lambda _, inputs, __: read.append(inputs[0].shape[-2]))
    steps = training.batches(rows, replace(HYPER, batch_size=len(rows) // 2), seed=0)
    for step in steps:
        training._backward(model, [rows[index] for index in step])
    assert sum(read) < share * sum(len(row.ids) for row in rows)
