"""Texts as they are compared word for word."""

import string


def plain(text: str) -> str:
    """The text without case and without punctuation and white space at its ends."""
    return text.casefold().strip(string.punctuation + string.whitespace)
