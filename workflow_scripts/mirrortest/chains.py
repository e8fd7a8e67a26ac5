"""Chains and arms: which stages, on which model, in which order."""

from dataclasses import dataclass

BASE = "base"


def stages_of(chain: str) -> tuple[str, ...]:
    """The stages of a chain in the order of training; none for `base`."""
    return () if chain == BASE else tuple(chain.split("+"))


def parent_of(chain: str) -> str:
    """The chain that the last stage was trained on: `base` for a chain of one stage."""
    return "+".join(stages_of(chain)[:-1]) or BASE


@dataclass(frozen=True, order=True)
class Arm:
    """One trained replicate: a model, a chain and a seed. The base has the seed 0 only."""

    model: str
    chain: str
    seed: int

    @property
    def parent(self) -> "Arm":
        """The arm that this one's last stage starts from, with the same seed."""
        return arm(self.model, parent_of(self.chain), self.seed)

    def __str__(self) -> str:
        return f"{self.model}/{self.chain}/{self.seed}"


def arm(model: str, chain: str, seed: int) -> Arm:
    """The arm; the base is trained by nobody here, so its seed is always 0."""
    return Arm(model, chain, 0 if chain == BASE else seed)
