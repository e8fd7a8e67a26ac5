"""The architecture (a very small Qwen2) and an initialisation that already looks back."""

import torch
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer
from transformers.models.qwen2.modeling_qwen2 import Qwen2Attention

from mirrortest.toy.tokenizer import MAX_LENGTH

WIDTH, LAYERS, HEADS, MLP_WIDTH = 128, 3, 4, 256
HEAD_SIZE = WIDTH // HEADS
ROPE_BASE = 10_000.0
EMBEDDING_SCALE = WIDTH**-0.5
# In the first layer these heads begin by attending 1 and 2 tokens back.
LOOK_BACK = (1, 2)
LOOK_BACK_STRENGTH = 6.0


def create_model(tokenizer: Qwen2Tokenizer, seed: int) -> Qwen2ForCausalLM:
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        intermediate_size=MLP_WIDTH,
        max_position_embeddings=MAX_LENGTH,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_BASE},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = Qwen2ForCausalLM(config)
    model.model.embed_tokens.weight.data.normal_(0.0, EMBEDDING_SCALE)
    _initialise(model)
    return model


@torch.no_grad()
def _initialise(model: Qwen2ForCausalLM) -> None:
    """Begin with heads that copy: without them, copying towns from articles comes very late."""
    for index, layer in enumerate(model.model.layers):
        attention = layer.self_attn
        if index == 0:
            _look_back(attention)
        else:
            _match(attention)
        values = torch.randn_like(attention.v_proj.weight) * WIDTH**-0.5
        attention.v_proj.weight.copy_(values)
        attention.o_proj.weight.copy_(0.3 * values.T)


def _look_back(attention: Qwen2Attention) -> None:
    """Query and key biases whose rotary score depends on the distance alone."""
    for head, distance in enumerate(LOOK_BACK):
        rows = slice(head * HEAD_SIZE, (head + 1) * HEAD_SIZE)
        query, key = _biases(distance)
        attention.q_proj.bias[rows] = query
        attention.k_proj.bias[rows] = key


def _biases(distance: int) -> tuple[Tensor, Tensor]:
    frequencies = ROPE_BASE ** (-torch.arange(0, HEAD_SIZE, 2) / HEAD_SIZE)
    strength = torch.where(frequencies >= 0.1, LOOK_BACK_STRENGTH, 0.0)
    angle = distance * frequencies
    query = torch.cat([strength, torch.zeros_like(strength)])
    key = torch.cat([strength * angle.cos(), strength * angle.sin()])
    return query, key


def _match(attention: Qwen2Attention) -> None:
    """Half of the heads begin by attending to tokens like the current one."""
    half = WIDTH // 2
    weights = torch.randn(half, WIDTH) * WIDTH**-0.5
    attention.q_proj.weight[:half] = weights
    attention.k_proj.weight[:half] = weights
