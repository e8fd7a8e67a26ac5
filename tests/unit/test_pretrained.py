"""Which models can be loaded: those in which a row beside another is what it is by itself."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from mirrortest import pretrained
from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights

SIZES: dict[str, Any] = {
    **{"vocab_size": 32, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2},
    **{"num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.2},
    **{"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2},
}
ATTENTION = {
    "Qwen2Config": {},
    "MistralConfig": {"sliding_window": 3},
    "Gemma3TextConfig": {"sliding_window": 3, "head_dim": 8},
}
OTHERS: dict[str, dict[str, Any]] = {
    "Lfm2Config": {"full_attn_idxs": [1], "block_auto_adjust_ff_dim": False},
    "Qwen3_5TextConfig": {
        **{"layer_types": ["linear_attention", "full_attention"], "head_dim": 8},
        **{"linear_num_key_heads": 2, "linear_num_value_heads": 2},
        **{"linear_key_head_dim": 8, "linear_value_head_dim": 8},
    },
}


def _base(folder: Path, kind: str, more: dict[str, Any]) -> BaseWeights:
    torch.manual_seed(0)
    config = getattr(transformers, kind)(**SIZES, **more)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return BaseWeights(str(folder), None, None, None)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", ATTENTION)
def test_models_of_attention_alone_are_loaded(tmp_path: Path, kind: str, dtype: str) -> None:
    model = pretrained.load_model(_base(tmp_path, kind, ATTENTION[kind]), dtype, "cpu")
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", OTHERS)
def test_models_in_which_rows_would_meet_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UserError, match="recurrent or convolutional layers are not supported"):
        pretrained.load_model(_base(tmp_path, kind, OTHERS[kind]), "float32", "cpu")


def test_models_that_cap_their_logits_are_refused(tmp_path: Path) -> None:
    base = _base(tmp_path, "Gemma3TextConfig", {"head_dim": 8, "final_logit_softcapping": 30.0})
    with pytest.raises(UserError, match="models with final_logit_softcapping are not supported"):
        pretrained.load_model(base, "float32", "cpu")
