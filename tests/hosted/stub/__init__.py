"""A stand-in for the OpenAI API, as a process of its own, with a counter for the money spent.

See README.md: how to start it, how to script a fault, what it does as the real one and what not.
"""
