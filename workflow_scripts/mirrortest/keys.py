"""The types that keys of the configuration have."""

from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=True)
NAME = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$"
Name = Annotated[str, Field(pattern=NAME)]
Positive: TypeAlias = Annotated[int, Field(gt=0)]

SystemPolicy = Annotated[
    Name,
    Field(
        description="System prompt: `recipe` (the recipe's or data set's own, if it has one), "
        "`identity` (the model's identity prompt), `none` (no system prompt, not even the chat "
        "template's default; what it writes in every chat stays), or one of `system_prompts`."
    ),
]
SYSTEM_POLICIES = ("recipe", "identity", "none")
