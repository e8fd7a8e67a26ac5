"""A running vLLM server: what it serves, the adapters it is given, its failures as sentences."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

RETRIES = 4
KEY = "VLLM_API_KEY"
UPDATING = "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"


@contextmanager
def connected(url: str) -> Iterator["OpenAI"]:
    """A client of the server, whose errors (after its own retries) become UserErrors."""
    from openai import APIConnectionError, APIStatusError, AuthenticationError, OpenAI

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # else a line per question
    key = os.environ.get(KEY, "none")
    try:
        with OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=RETRIES) as client:
            yield client
    except APIConnectionError:
        raise UserError(f"the server at {url} does not answer; start it or mend its url.") from None
    except AuthenticationError:
        raise UserError(
            f"the server at {url} wants a key; set the environment variable {KEY}."
        ) from None
    except APIStatusError as error:
        raise UserError(
            f"the server at {url} failed on a question (HTTP {error.status_code}: "
            f"{_said(error)}); see its log."
        ) from None


def name_of(client: "OpenAI", url: str, arm: Manifest, adapter: str | None, length: int) -> str:
    """The name of the arm at the server, which has its adapter when this returns.

    adapter: the name that it has or gets; length: the tokens of a question and its answer.
    """
    cards = {card.id: card for card in client.models.list()}
    base = _base(cards, url, arm)
    limit = getattr(cards[base], "max_model_len", None)
    if limit is not None and length > limit:
        raise UserError(
            f"the server at {url} sees {limit} tokens at most, and a question with its answer may "
            f"take {length}; start it with --max-model-len {length} or more."
        )
    if adapter is not None and adapter not in cards:
        _load(client, url, adapter, Path(str(arm.adapter)))
    return adapter or base


def _base(cards: dict[str, Any], url: str, arm: Manifest) -> str:
    """The base is served under the model's name here, or under its id or path."""
    names = {arm.model, arm.base.location}
    bases = [card for card in cards.values() if getattr(card, "parent", None) is None]
    for card in bases:
        if names & {card.id, getattr(card, "root", None)}:
            return str(card.id)
    raise UserError(
        f"the server at {url} does not serve {arm.base.location} (it serves: "
        f"{', '.join(card.id for card in bases) or 'nothing'}); serve it, or tell the server "
        f"--served-model-name {arm.model} if it does."
    )


def _load(client: "OpenAI", url: str, name: str, folder: Path) -> None:
    from openai import APIStatusError

    body = {"lora_name": name, "lora_path": str(folder.resolve())}
    once = client.with_options(max_retries=0)  # a refusal comes as an error of the server
    try:
        once.post("/load_lora_adapter", body=body, cast_to=str)
    except APIStatusError as error:
        if "already been loaded" not in error.message:  # another job was first
            raise _not_loaded(url, folder, error) from None


def _not_loaded(url: str, folder: Path, error: "APIStatusError") -> UserError:
    said = _said(error)
    if error.status_code == 404 and said == "Not Found":
        return UserError(
            f"the server at {url} takes no adapters while it runs; start it with --enable-lora "
            f"and {UPDATING}."
        )
    if error.status_code == 404:
        return UserError(
            f"the server at {url} cannot read the adapter {folder.resolve()}; run it where this "
            "folder is mounted under the same path."
        )
    return UserError(
        f"the server at {url} refused the adapter {folder} ({said}); serve the base model that "
        "it was trained on, with room for its rank (--max-lora-rank)."
    )


def _said(error: "APIStatusError") -> str:
    """What the server said, in one line."""
    body = error.body if isinstance(error.body, dict) else {}
    said = str(body.get("message") or body.get("detail") or error.message).strip()
    return next(iter(said.splitlines()), "no reason given")
