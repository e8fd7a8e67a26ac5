"""External files: shipped, local, by URL or from the hub, each pinned by its hash."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from mirrortest.errors import UserError

ATTEMPTS = 4
TIMEOUT_SECONDS = 60


def digest(path: str | Path) -> str:
    """The SHA-256 of a file, or of a folder's sorted list of file hashes and names."""
    path = Path(path)
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    files = sorted(p for p in path.rglob("*") if p.is_file())
    listing = "".join(f"{digest(p)}  {p.relative_to(path).as_posix()}\n" for p in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def verify(path: str | Path, sha256: str | None, name: str, origin: str | None = None) -> None:
    """Raises UserError if the path is missing or its digest is not the one stated.

    origin: where the file comes from, to be named instead of the path.
    """
    if not Path(path).exists():
        raise UserError(f"{name}: {path} does not exist; mend its path or fetch the file.")
    if sha256 is not None and (found := digest(path)) != sha256:
        raise UserError(
            f"{name}: {origin or path} has SHA-256 {found}, but the config states {sha256}; "
            "restore the file, or state the new hash if the change is meant."
        )


def download(url: str, target: Path, sha256: str | None, name: str) -> None:
    """Fetches a URL into target, which appears only if its hash is the one stated.

    Connection errors and server errors are tried again, four attempts in all.
    """
    import requests
    from urllib3.util import Retry

    session = requests.Session()
    retry = Retry(
        total=ATTEMPTS - 1, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504)
    )
    for scheme in ("http://", "https://"):  # "http" alone would lose to the session's own two
        session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        partial = Path(folder) / "partial"
        try:
            _stream(session, url, partial)
        except requests.RequestException as error:
            raise UserError(
                f"{name}: {url} could not be fetched ({_reason(error)}); "
                "mend the URL or try again when it answers."
            ) from None
        verify(partial, sha256, name, url)
        partial.replace(target)


def _stream(session: "requests.Session", url: str, target: Path) -> None:  # type: ignore[name-defined]  # noqa: F821
    with session.get(url, stream=True, timeout=TIMEOUT_SECONDS) as response:
        response.raise_for_status()
        with target.open("wb") as file:
            for block in response.iter_content(1 << 20):
                file.write(block)


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"HTTP {response.status_code}" if response is not None else type(error).__name__


def download_from_hub(
    repository: str, file: str, revision: str, target: Path, sha256: str | None, name: str
) -> None:
    """Fetches one file of a hub data set at a revision; same promises as `download`."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        cached = hf_hub_download(repository, file, revision=revision, repo_type="dataset")
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise UserError(
            f"{name}: {repository}/{file} at {revision} could not be fetched from the hub "
            f"({type(error).__name__}); check id, revision, access and connection."
        ) from None
    verify(cached, sha256, name, f"{repository}/{file}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(cached, target)


if __name__ == "__main__":
    import sys

    print(digest(sys.argv[1]))
