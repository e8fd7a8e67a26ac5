"""Versions of the software at work, for the record; nothing is decided by them."""

import platform
from importlib.metadata import PackageNotFoundError, version

OF_MODELS = ("torch", "transformers", "peft")
"""What a model's weights and answers may depend on."""
OF_NUMBERS = ("numpy", "pandas", "scipy", "statsmodels", "snakemake")
"""What made tables, figures and the report."""


def installed(*packages: str) -> dict[str, str]:
    """The version of each package, those left out that are not installed."""
    found = {package: _version(package) for package in packages}
    return {package: number for package, number in found.items() if number is not None}


def python() -> str:
    """Python's own."""
    return platform.python_version()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
