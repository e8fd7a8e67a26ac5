"""The library behind Mirrortest's rules: small modules named after ideas."""
