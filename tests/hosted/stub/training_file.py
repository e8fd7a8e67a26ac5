"""A training file as the provider checks it, and the tokens that it is billed for."""

import json
import re

from hosted.stub import money
from hosted.stub.store import Doc

FEWEST = 10
ROLES = {"system", "user", "assistant"}
_SPECIAL = re.compile(r"<\|[^|>]+\|>")


def problem(content: bytes) -> Doc | None:
    """The `error` of a job on this file, if it cannot be trained on."""
    try:
        rows = [json.loads(line) for line in content.decode("utf-8").splitlines() if line.strip()]
        for number, row in enumerate(rows, start=1):
            _check(row, number)
    except (ValueError, KeyError, TypeError) as error:
        return _error("invalid_file_format", f"The job failed due to an invalid file: {error}")
    if len(rows) < FEWEST:
        return _error(
            "invalid_n_examples",
            f"Training file has {len(rows)} example(s), but must have at least {FEWEST} examples",
        )
    return None


def _check(row: Doc, number: int) -> None:
    """Raises ValueError, KeyError or TypeError if the row is no chat that teaches something."""
    for message in row["messages"]:
        if message["role"] not in ROLES:
            raise ValueError(f"line {number}: unknown role {message['role']}")
        if special := _SPECIAL.search(message["content"]):
            raise ValueError(f"line {number}: message contains an invalid token: {special[0]}")
    if row["messages"][-1]["role"] != "assistant":
        raise ValueError(f"line {number}: the last message must be from the assistant")


def tokens(content: bytes) -> int:
    """The billable tokens of one pass over the file."""
    rows = [json.loads(line) for line in content.splitlines() if line.strip()]
    return sum(min(money.of_chat(row["messages"]), money.LONGEST_EXAMPLE) for row in rows)


def rows(content: bytes) -> int:
    """The examples in it."""
    return sum(bool(line.strip()) for line in content.splitlines())


def _error(code: str, message: str) -> Doc:
    return {"code": code, "message": message, "param": "training_file"}
