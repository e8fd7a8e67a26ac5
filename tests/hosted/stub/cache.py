"""Which part of a prompt was seen before, and costs less: beginnings of 1024 tokens and more."""

import hashlib

from hosted.stub import money
from hosted.stub.store import Doc
from hosted.stub.world import World

SHORTEST, STEP = 1024, 128


def cached(world: World, model: str, messages: list[Doc]) -> int:
    """The tokens of the longest beginning that the model has read; it has read it all then."""
    words = [w for m in messages for w in (m["role"], *money.tokens(m["content"]))]
    longest = 0
    for length in range(SHORTEST, len(words) + 1, STEP):
        key = hashlib.sha256(f"{model} {words[:length]}".encode()).hexdigest()
        longest = length if key in world.prompts else longest
        world.prompts.add(key)
    return longest
