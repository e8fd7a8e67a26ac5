"""Packages that only some engines need, and that are therefore not always installed."""

from importlib.util import find_spec

from mirrortest.errors import UserError


def installed(package: str) -> bool:
    """Whether a package can be imported; a mere folder of its name (no `__init__`) is none."""
    spec = find_spec(package)
    return spec is not None and spec.origin is not None


def require(package: str, engine: str, files: str) -> None:
    """Raises UserError if an engine's package is missing; files: the requirements that have it."""
    if not installed(package):
        raise UserError(
            f"the engine `{engine}` needs the package {package}, which is not installed here; "
            f"install {files}, or ask by the engine `transformers`."
        )
