"""Loading a base model with its tokenizer, and with the adapter of an arm."""

import os
from typing import TYPE_CHECKING, Any

# One environment variable that changes nothing but noise: the hub's progress bars fill job logs.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from mirrortest.errors import UserError
from mirrortest.manifest import BaseWeights
from mirrortest.template import Template

if TYPE_CHECKING:
    from transformers import PreTrainedModel

transformers_logging.disable_progress_bar()


def load_template(base: BaseWeights) -> Template:
    """The tokenizer and chat template of a base model."""
    tokenizer = loaded(AutoTokenizer, base)
    if tokenizer.chat_template is None:
        raise UserError(f"{base.location} has no chat template; Mirrortest needs a chat model.")
    return Template(tokenizer, **base.template)


def load_model(base: BaseWeights, dtype: str, where: str | None = None) -> "PreTrainedModel":
    """The base model, frozen, on the device `where`: by default the accelerator if there is one.

    Raises UserError for models that scale or cap their logits after the head: the head is applied
    to hidden states directly (see `hidden_states`).
    """
    model = loaded(AutoModelForCausalLM, base, dtype=getattr(torch, dtype))
    for setting in ("final_logit_softcapping", "logit_scale", "logits_scaling"):
        if getattr(model.config, setting, None) is not None:
            raise UserError(f"{base.location}: models with {setting} are not supported.")
    for adapter in base.merged:  # on the CPU, wherever it runs: the same rounding everywhere
        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    model.requires_grad_(False)
    return model.to(where or device())  # type: ignore[no-any-return]


def loaded(kind: Any, base: BaseWeights, **settings: Any) -> Any:
    """What one of transformers' Auto classes makes of a base model. Raises UserError."""
    try:
        return kind.from_pretrained(base.location, revision=base.revision, **settings)
    except (OSError, ValueError) as error:
        raise _not_loadable(base, error) from None


def device() -> str:
    """`cuda` if there is one, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def hidden_states(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """The last hidden states (rows x length x width) of right-padded ids (rows x length).

    No mask is needed: a causal model cannot see the padding that follows a row. The head, the
    largest single matrix of a small model, is left to the caller, who knows where it is needed.
    """
    states: torch.Tensor = _decoder(model)(input_ids=ids, use_cache=False).last_hidden_state
    return states


def continued_states(
    model: Any, prompt: list[int], rows: list[list[int]], pad: int
) -> list[torch.Tensor]:
    """The last hidden states (1 + length x width) at the end of a prompt and along each row.

    The prompt, which all rows follow, passes through the model once.
    """
    decoder = _decoder(model)
    ids = torch.tensor([prompt], device=model.device)
    read = decoder(input_ids=ids, use_cache=True)
    end = read.last_hidden_state[0, -1:]
    if not any(rows):
        return [end for _ in rows]
    read.past_key_values.batch_repeat_interleave(len(rows))
    more = decoder(
        input_ids=padded(rows, pad).to(ids.device), past_key_values=read.past_key_values
    ).last_hidden_state
    return [torch.cat([end, states[: len(row)]]) for row, states in zip(rows, more, strict=True)]


def _decoder(model: Any) -> Any:
    return (model.get_base_model() if hasattr(model, "get_base_model") else model).get_decoder()


def head(model: Any, states: torch.Tensor) -> torch.Tensor:
    """The logits (rows x vocabulary, float32) of hidden states (rows x width)."""
    return model.get_output_embeddings()(states).float()  # type: ignore[no-any-return]


def padded(rows: list[list[int]], pad: int) -> torch.Tensor:
    """Token ids as one tensor (rows x longest), padded on the right."""
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])


def _not_loadable(base: BaseWeights, error: Exception) -> UserError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return UserError(f"the model {base.location} cannot be loaded ({first}).")
