"""What was chosen, by the log-probabilities of the options."""


def chosen(options: dict[str, float | None]) -> str | None:
    """The likelier option, the first of equals; none if one is not known."""
    known = {name: nats for name, nats in options.items() if nats is not None}
    if len(known) < len(options):
        return None
    return max(known, key=known.__getitem__)
