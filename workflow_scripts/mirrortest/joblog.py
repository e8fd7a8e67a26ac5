"""What every script's guard does first: sends the job's words to its log file.

Reached by every script, so that an edit here reruns every job: keep it small and still.
"""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mirrortest.errors import UserError


@contextmanager
def job(log: str) -> Iterator[None]:
    """Logs to the file; a UserError ends the job with its one sentence and no traceback."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    warnings.simplefilter("default")
    try:
        yield
    except UserError as error:
        logging.error("%s", error)
        print(f"mirrortest: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
        logging.exception("the job failed")
        raise
