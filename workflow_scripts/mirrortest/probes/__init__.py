"""Linear probes: what of an arm's harm and self-assessment can be read off its residual stream.

Protocol: Weckauff, Zhang and Andriushchenko 2026 (arXiv 2604.28082); docs/evaluations/probes.md.
"""
