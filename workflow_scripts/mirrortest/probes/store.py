"""Activations in a file: numpy's npz, a member `<evaluation>/<position>/<layer>` for each array.

Such a file is read member by member, so that a job never holds more than a layer. Beside it lies an
index, jsonl: for each row of each evaluation, in the order of the vectors, what it is.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Vectors = dict[tuple[str, int], Array]
"""By position and layer: rows x width."""

POSITIONS = ("prompt", "answer")


def write(path: str | Path, found: dict[str, Vectors]) -> None:
    """Writes the vectors of each evaluation; the file appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{name}/{position}/{layer}": vectors
        for name, of in found.items()
        for (position, layer), vectors in of.items()
    }
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".npz")
    os.close(descriptor)
    try:
        np.savez(partial, allow_pickle=False, **arrays)
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink()
        raise


def layers(path: str | Path, evaluation: str) -> list[int]:
    """The layers that are there of an evaluation, in order."""
    with np.load(path) as file:
        named = [name.split("/") for name in file.files]
    return sorted({int(layer) for name, _, layer in named if name == evaluation})


def width(path: str | Path) -> int:
    """How many numbers a vector has."""
    with np.load(path) as file:
        return int(file[file.files[0]].shape[1])


def read(path: str | Path, evaluation: str, position: str, layer: int) -> Array:
    """One array: rows x width."""
    with np.load(path) as file:
        found: Array = file[f"{evaluation}/{position}/{layer}"]
    return found
