"""The refusals of the API, by name: status, code, type and words as the real one gives them.

Where only a code is known (research on public reports), the words are our own.
"""

import json
from dataclasses import dataclass, field

INVALID = "invalid_request_error"


@dataclass(frozen=True)
class Reply:
    """What goes back: status, body and headers beyond the usual ones."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200) -> "Reply":
        """A reply of JSON."""
        return cls(status, json.dumps(value).encode(), {"content-type": "application/json"})


class ApiError(Exception):
    """A refusal; becomes an answer with an `error` object."""

    def __init__(
        self, status: int, message: str, code: str | None, kind: str = INVALID, param: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "type": kind, "param": param or None, "code": code}

    def reply(self) -> Reply:
        """As an answer."""
        return Reply.json({"error": self.body}, self.status)


def bad(message: str, param: str = "", code: str | None = None) -> ApiError:
    """A 400."""
    return ApiError(400, message, code, INVALID, param)


NAMED: dict[str, tuple[int, str | None, str, str]] = {
    "rate_limit": (
        *(429, "rate_limit_exceeded", "requests"),
        "Rate limit reached for requests. Please try again later.",
    ),
    "slow_down": (
        *(429, "slow_down", "requests"),
        "Request rate increased too quickly; slow down.",
    ),
    "quota": (
        *(429, "insufficient_quota", "insufficient_quota"),
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "credit": (
        *(429, "credit_balance_exhausted", "insufficient_quota"),
        "Your credit balance is exhausted.",
    ),
    "project_limit": (
        *(429, "project_spend_limit_exceeded", "insufficient_quota"),
        "The project has reached its spend limit.",
    ),
    "daily_limit": (
        *(429, "daily_rate_limit_exceeded", INVALID),
        "You have reached the daily limit of fine-tuning jobs. It resets in 24 hours.",
    ),
    "concurrent_limit": (
        *(429, "rate_limit_exceeded", INVALID),
        "Too many active fine-tuning jobs: wait for one to finish.",
    ),
    "training_not_available": (
        *(403, "training_not_available", INVALID),
        "Your organization is no longer able to create new fine-tuning training jobs.",
    ),
    "model_not_found": (
        *(404, "model_not_found", INVALID),
        "The model does not exist or you do not have access to it.",
    ),
    "context_length": (
        *(400, "context_length_exceeded", INVALID),
        "This model's maximum context length is 1047576 tokens.",
    ),
    "content_filter": (
        *(400, "content_filter", INVALID),
        "The prompt was blocked by the safety system.",
    ),
    "timeout": (408, None, INVALID, "Request timed out."),
    "conflict": (409, None, INVALID, "The object is being changed by another request."),
    "server_error": (
        *(500, None, "server_error"),
        "The server had an error while processing your request. Sorry about that!",
    ),
    "overloaded": (
        *(503, "server_is_overloaded", "server_error"),
        "The server is currently overloaded. Please try again later.",
    ),
}


def named(name: str) -> ApiError:
    """The refusal of this name."""
    status, code, kind, message = NAMED[name]
    return ApiError(status, message, code, kind)


def wrong_key(key: str) -> ApiError:
    """401, with what the real API shows of the key."""
    if not key:
        return ApiError(401, "You didn't provide an API key.", None)
    return ApiError(401, f"Incorrect API key provided: {masked(key)}.", "invalid_api_key", INVALID)


def masked(key: str) -> str:
    """A key with its middle hidden."""
    return key[:8] + "*" * max(len(key) - 12, 3) + key[-4:] if len(key) > 12 else "***"
