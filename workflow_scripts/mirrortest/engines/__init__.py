"""Backends of the protocol in `mirrortest.engine`, one per file."""
