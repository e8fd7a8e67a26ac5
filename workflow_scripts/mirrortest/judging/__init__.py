"""Judging: what is said of free-form answers, by rules or by models; apart from asking them."""
