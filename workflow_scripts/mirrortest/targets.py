"""What the wildcards of rules may stand for: names of the config, and chains of its stages.

A target with another name, a mistyped stage say, is one that no rule makes, and Snakemake says so
in a sentence; without this it would fail somewhere in the middle of what the rule looks up.
"""

import re
from collections.abc import Iterable

from mirrortest.chains import BASE
from mirrortest.config import Config


def named(settings: Config) -> dict[str, str]:
    """For each wildcard that is a name wherever it occurs, the regular expression."""
    return {
        "author": _any(settings.authors),
        "chain": f"{BASE}|{_chain(settings, settings.stages)}",
        "corpus": _any(settings.corpora),
        "judge": _any(settings.judges),
        "model": _any(settings.models),
        "source": _any(settings.sources),
        "stage": _any(settings.stages),
    }


def trained(settings: Config, provider: str) -> dict[str, str]:
    """Of rules that train: models of this provider, and chains that end in a stage with data."""
    models = [name for name, model in settings.models.items() if model.provider == provider]
    own = [name for name, stage in settings.stages.items() if stage.adapter is None]
    return {"model": _any(models), "chain": _chain(settings, own)}


def adopted(settings: Config) -> dict[str, str]:
    """Of the rule that takes what was trained elsewhere: chains that end in such a stage."""
    lent = [name for name, stage in settings.stages.items() if stage.adapter is not None]
    return {"chain": _chain(settings, lent)}


def _chain(settings: Config, last: Iterable[str]) -> str:
    return rf"(?:(?:{_any(settings.stages)})\+)*(?:{_any(last)})"


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in names) or "(?!)"  # the latter matches nothing
