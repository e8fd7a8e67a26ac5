"""Downloads: tried again where that helps, and told in one sentence where it does not."""

from pathlib import Path

import requests
from urllib3.util import Retry

from mirrortest.errors import UserError

ATTEMPTS = 4
TIMEOUT_SECONDS = 60
REFUSED = (401, 403)


def download(url: str, out: Path, name: str, token: str | None = None, page: str = "") -> None:
    """Writes what the address gives.

    Connection errors and server errors are tried again, four attempts in all. page: where access is
    asked for. Raises UserError; what was written until then is for the caller to remove.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with _session().get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
            response.raise_for_status()
            with out.open("wb") as file:
                file.writelines(response.iter_content(1 << 20))
    except requests.RequestException as error:
        raise UserError(f"{name}: {url} {_sentence(error, page)}") from None


def exists(url: str) -> bool:
    """Whether the address has a file. A server that does not answer has none."""
    try:
        answer = _session().head(url, timeout=TIMEOUT_SECONDS)
    except requests.RequestException:
        return False
    return bool(answer.ok)


def _session() -> requests.Session:
    session = requests.Session()
    retry = Retry(
        total=ATTEMPTS - 1, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504)
    )
    for scheme in ("http://", "https://"):  # "http" alone would lose to the session's own two
        session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))
    return session


def _sentence(error: requests.RequestException, page: str) -> str:
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        return (
            f"could not be reached ({type(error).__name__}), and no copy is at hand; go online "
            "once, or name a mirror that has it."
        )
    code = None if error.response is None else error.response.status_code
    if code in REFUSED and page:
        return (
            f"refuses access (HTTP {code}); ask for it at {page} and put a token that has it into "
            "the environment variable HF_TOKEN."
        )
    if code in REFUSED:
        return f"refuses access (HTTP {code}); take another address, or name a mirror."
    reason = f"HTTP {code}" if code else type(error).__name__
    return f"could not be fetched ({reason}); mend the URL or try again when it answers."
