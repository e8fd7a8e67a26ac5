"""The optimizers that a stage may be trained with."""

import sys
from types import ModuleType

import pytest
import torch

from mirrortest import optimizers
from mirrortest.errors import UserError


def test_the_default_is_torchs_adamw() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    found = optimizers.made("adamw", [weight], 0.1, 0.2)
    assert type(found) is torch.optim.AdamW
    assert (found.defaults["lr"], found.defaults["weight_decay"]) == (0.1, 0.2)
    optimizers.check("adamw")


def test_eight_bits_without_the_package_give_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizers, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs the package bitsandbytes; install it"):
        optimizers.check("adamw_8bit")


def test_eight_bits_without_a_gpu_give_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizers, "find_spec", lambda name: object())
    monkeypatch.setattr(optimizers.pretrained, "device", lambda: "cpu")
    with pytest.raises(UserError, match="needs a GPU; set the stage's optimizer to adamw"):
        optimizers.check("adamw_8bit")


def test_eight_bits_are_bitsandbytes_own(monkeypatch: pytest.MonkeyPatch) -> None:
    package, module = ModuleType("bitsandbytes"), ModuleType("bitsandbytes.optim")
    module.AdamW8bit = lambda trained, **settings: (trained, settings)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bitsandbytes", package)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", module)
    assert optimizers.made("adamw_8bit", [], 0.1, 0.2) == ([], {"lr": 0.1, "weight_decay": 0.2})


@pytest.mark.gpu
def test_eight_bits_train() -> None:
    pytest.importorskip("bitsandbytes")
    weight = torch.nn.Parameter(torch.ones(64, 128, device="cuda"))
    found = optimizers.made("adamw_8bit", [weight], 0.1, 0.0)
    for _ in range(20):
        (weight**2).sum().backward()
        found.step()
        found.zero_grad()
    assert weight.abs().max() < 0.5
