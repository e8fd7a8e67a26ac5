"""The one error that users are meant to read."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """One sentence that names the file, line or key at fault and the mend."""


def unknown(what: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is not in a registry, with the nearest name that is."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names) or 'none'}."
    return UserError(f"{what} {name!r} is not defined; {hint}")


def unlisted(what: str, name: str, listed: Iterable[str], place: str, mend: str) -> UserError:
    """The error for a name that a list lacks, whether it is defined or not."""
    near = get_close_matches(name, sorted(listed), n=1, cutoff=0.4)
    hint = f", or did you mean {near[0]!r}?" if near else "."
    return UserError(f"{what} {name!r} is not among {place}; {mend}{hint}")
