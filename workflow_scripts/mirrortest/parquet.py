"""Parquet files that appear whole or not at all."""

import os
import tempfile
from pathlib import Path

import pandas as pd


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Writes the table without its index."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    partial = Path(name)
    try:
        table.to_parquet(partial, index=False)
        partial.chmod(0o644)
        partial.replace(path)
    except BaseException:
        partial.unlink()
        raise
