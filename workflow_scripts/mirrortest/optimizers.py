"""The optimizers that a stage may be trained with."""

from importlib.util import find_spec
from typing import Any

import torch

from mirrortest import pretrained
from mirrortest.errors import UserError


def check(name: str) -> None:
    """Raises UserError, before anything is loaded, if the optimizer cannot work here."""
    if name == "adamw_8bit" and find_spec("bitsandbytes") is None:
        raise UserError(
            "the optimizer adamw_8bit needs the package bitsandbytes; install it into "
            "envs/torch.yaml's environment, or set the stage's optimizer to adamw."
        )
    if name == "adamw_8bit" and pretrained.device() != "cuda":
        raise UserError("the optimizer adamw_8bit needs a GPU; set the stage's optimizer to adamw.")


def made(name: str, trained: list[torch.nn.Parameter], rate: float, decay: float) -> Any:
    """AdamW, or the same with states of 8 bits."""
    if name == "adamw_8bit":
        from bitsandbytes.optim import AdamW8bit

        return AdamW8bit(trained, lr=rate, weight_decay=decay)
    return torch.optim.AdamW(trained, lr=rate, weight_decay=decay)
