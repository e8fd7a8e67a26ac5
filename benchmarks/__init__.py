"""Mirrortest beside what else one would use: the same work on the same machine in the same run."""
