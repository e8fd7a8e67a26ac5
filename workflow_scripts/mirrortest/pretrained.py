"""Loading a base model with its tokenizer, and with the adapter of an arm.

The one module that has transformers load models, so that what a job's start costs is in one place.
"""
# ruff: noqa: E402 - what is set must be set before the imports that heed it

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

# One environment variable that changes nothing but noise: the hub's progress bars fill job logs.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import torch
import transformers.utils

# A way of decoding that nothing here uses would import scikit-learn: a fifth of a job's start.
transformers.utils.is_sklearn_available = lambda: False

from peft import PeftModel
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from mirrortest import attention, forest
from mirrortest.errors import UserError
from mirrortest.forest import Forest
from mirrortest.manifest import BaseWeights
from mirrortest.template import Template

if TYPE_CHECKING:
    from transformers import PreTrainedModel

transformers_logging.disable_progress_bar()

AFTER_THE_HEAD = (
    *("final_logit_softcapping", "logit_scale", "logits_scaling"),
    *("lm_head_multiplier", "output_multiplier"),
)
"""Settings of models that change their logits after the head."""
PLAIN = "sdpa"
"""transformers' name for torch's own attention."""
TRIED = ([1, 2, 3, 4, 5, 6], [1, 2, 3, 7, 8, 9])
ALIKE = 0.05
"""A share of a state's length: bfloat16 stays far below it, and what other rows add is above it."""


def load_template(base: BaseWeights) -> Template:
    """The tokenizer and chat template of a base model."""
    tokenizer = loaded(AutoTokenizer, base)
    if tokenizer.chat_template is None:
        raise UserError(f"{base.location} has no chat template; Mirrortest needs a chat model.")
    return Template(tokenizer, **base.template)


def load_model(base: BaseWeights, dtype: str, where: str | None = None) -> "PreTrainedModel":
    """The base model, frozen, on the device `where`: by default the accelerator if there is one.

    Raises UserError for models that scale or cap their logits after the head, since the head is
    applied to hidden states directly (see `hidden_states`), for those with another attention than
    torch's, such as sinks, which `attention.attend` does not have, and for those with other layers
    in which tokens meet, such as recurrent ones: rows of a forest would see each other there.
    """
    model = loaded(AutoModelForCausalLM, base, dtype=getattr(torch, dtype))
    for setting in AFTER_THE_HEAD:
        if getattr(model.config.get_text_config(), setting, None) is not None:
            raise UserError(f"{base.location}: models with {setting} are not supported.")
    if model.config._attn_implementation != PLAIN:
        raise UserError(f"{base.location}: models without plain attention are not supported.")
    for adapter in base.merged:  # on the CPU, wherever it runs: the same rounding everywhere
        model = with_adapter(model, Path(adapter)).merge_and_unload()
    model.requires_grad_(False)
    model = model.to(where or device())
    if not _holds_forests(model):
        raise UserError(
            f"{base.location}: rows that share a pass see each other; models with recurrent or "
            "convolutional layers are not supported."
        )
    return model  # type: ignore[no-any-return]


@torch.no_grad()
def _holds_forests(model: Any) -> bool:
    """Whether a row beside another one ends in the state that it has by itself."""
    planted = forest.planted(list(TRIED))
    row = torch.tensor(TRIED[1:], device=model.device)
    with _first_layers(_decoder(model)) as decoder:
        beside = hidden_states(model, planted)[planted.places(1)[-1]]
        attend_by(model, PLAIN)
        alone = decoder(input_ids=row, use_cache=False).last_hidden_state[0, -1]
    return bool((beside - alone).norm() <= ALIKE * alone.norm())


@contextmanager
def _first_layers(decoder: Any) -> Iterator[Any]:
    """The decoder with as many of its layers as hold one of every kind: the others cost time."""
    layers = decoder.layers
    kinds = [frozenset(type(module) for module in layer.modules()) for layer in layers]
    decoder.layers = layers[: max(kinds.index(kind) for kind in kinds) + 1]
    try:
        yield decoder
    finally:
        decoder.layers = layers


def with_adapter(model: "PreTrainedModel", folder: Path, name: str = "default") -> PeftModel:
    """The model with the adapter in a PEFT folder; no tensor is drawn before it is read."""
    return PeftModel.from_pretrained(model, str(folder), name, low_cpu_mem_usage=True)


def config(base: BaseWeights) -> Any:
    """What a base model's `config.json` says. Raises UserError."""
    return loaded(AutoConfig, base)


def skeleton(base: BaseWeights) -> Any:
    """The base model without memory for its weights, from its `config.json` alone."""
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config(base))


def loaded(kind: Any, base: BaseWeights, **settings: Any) -> Any:
    """What one of transformers' Auto classes makes of a base model. Raises UserError."""
    try:
        return kind.from_pretrained(base.location, revision=base.revision, **settings)
    except (OSError, ValueError, SafetensorError) as error:
        raise _not_loadable(base, error) from None


def device() -> str:
    """`cuda` if there is one, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def hidden_states(model: Any, planted: Forest) -> torch.Tensor:
    """The last hidden states (tokens x width) of a forest.

    The head, the largest single matrix of a small model, is left to the caller, who knows where it
    is needed.
    """
    attend_by(model, attention.NAME)
    states: torch.Tensor = _decoder(model)(
        input_ids=torch.tensor([planted.ids], device=model.device),
        position_ids=torch.tensor([planted.positions], device=model.device),
        forest=planted,
        use_cache=False,
    ).last_hidden_state
    return states[0]


def attend_by(model: Any, name: str) -> None:
    """From here on, and in the backward pass, attention is this function of transformers."""
    model = model.get_base_model() if hasattr(model, "get_base_model") else model
    if model.config._attn_implementation != name:
        model.set_attn_implementation(name)


def _decoder(model: Any) -> Any:
    return (model.get_base_model() if hasattr(model, "get_base_model") else model).get_decoder()


def head(model: Any, states: torch.Tensor) -> torch.Tensor:
    """The logits (rows x vocabulary) of hidden states (rows x width), in float32 at least."""
    logits: torch.Tensor = model.get_output_embeddings()(states)
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def _not_loadable(base: BaseWeights, error: Exception) -> UserError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return UserError(f"the model {base.location} cannot be loaded ({first}).")
