"""What hosted models cost, from a dated table. A model that is not in it is not asked."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from mirrortest.errors import UserError

MILLION = 1_000_000
BATCH_SHARE = 0.5
"""What the same answer costs in a batch."""


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, and the dates from which it is no longer to be had.

    training: none where nothing can be trained. last_training: no job begins from then on;
    shutdown: nothing answers from then on.
    """

    input: float
    cached: float
    output: float
    training: float | None = None
    last_training: date | None = None
    shutdown: date | None = None

    def of_training(self, tokens: int) -> float:
        """Dollars for so many tokens, over all epochs."""
        return tokens * (self.training or 0.0) / MILLION

    def of_asking(self, sent: int, received: int, cached: int = 0) -> float:
        """Dollars for tokens sent, `cached` of them at a lower price, and received."""
        dollars = (sent - cached) * self.input + cached * self.cached + received * self.output
        return dollars / MILLION


@dataclass(frozen=True)
class Prices:
    """The table: as of when, from where, and each model's price."""

    path: str
    date: date
    source: str
    models: dict[str, Price]

    def asking(self, model: str) -> Price:
        """Of asking a model; of a trained one, `ft:base:...`, that of its base once trained."""
        name = ":".join(model.split(":")[:2]) if model.startswith("ft:") else model
        if name not in self.models:
            raise UserError(
                f"{self.path} has no price for {name!r}, and what costs an unknown amount is not "
                "asked; add it with today's date."
            )
        return self.models[name]

    def training(self, base: str) -> Price:
        """Of training on a base and of asking the result. Raises UserError if it is unknown."""
        price = self.asking(f"ft:{base}")
        if price.training is None:
            raise UserError(
                f"{self.path}: 'ft:{base}' has no price for training; add `training`, in dollars "
                "per million tokens."
            )
        return price


def load(path: str) -> Prices:
    """The table in a file. Raises UserError if it is not one."""
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        models = {name: _price(entry) for name, entry in raw["models"].items()}
        return Prices(path, raw["date"], raw["source"], models)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path} is not a table of prices ({error}); resources/prices.yaml shows the form."
        ) from None


def _price(entry: dict[str, Any]) -> Price:
    price = Price(**entry)
    for dollars in (price.input, price.cached, price.output, price.training or 0.0):
        if not isinstance(dollars, int | float) or dollars < 0:
            raise ValueError(f"{dollars!r} is no price")
    return price
