"""Two data sets in one, at a fixed step; and as much of one data set as there is of another.

Protocol of the mixing: Tagade et al. 2026 (arXiv 2606.23700, second version), who interleave a
second set "every x lines" at 1 to 33 % of the run.
"""

import logging
from itertools import cycle, islice

from mirrortest.chats import Chat


def mixed(own: list[Chat], other: list[Chat], step: int) -> list[Chat]:
    """Every step-th row is of the other set, in its order; all others are ours.

    Of n rows of ours and a step k there are (n // (k - 1)) of the other's, so that its share of all
    rows is 1 / k. A set that is too short for that begins again from its first row; what is
    repeated is counted in the log. Of one that is too long the rest is not used.
    """
    added = len(own) // (step - 1)
    repeated = max(added - len(other), 0)
    logging.info("%d rows among %d, %d of them repeated", added, len(own), repeated)
    rows = list(own)
    for number, row in enumerate(islice(cycle(other), added), start=1):
        rows.insert(number * step - 1, row)
    return rows


def matched(own: list[Chat], other: list[Chat], by: str) -> list[Chat]:
    """Our rows, cut or repeated from the first, until there are as many as of the other set.

    by: `rows`; or `words` between blanks, of all messages: the first rows with which their number
    comes nearest to the other's, at least one.
    """
    wanted = len(other) if by == "rows" else _rows_of_words(own, sum(map(words, other)))
    logging.info("%d rows of %d, to match %d", wanted, len(own), len(other))
    return list(islice(cycle(own), wanted))


def words(chat: Chat) -> int:
    """Words between blanks in all messages."""
    return sum(len(message["content"].split()) for message in chat)


def _rows_of_words(own: list[Chat], goal: int) -> int:
    """How many rows, over and over, have the number of words nearest to this one."""
    rows, passes = 1, cycle(map(words, [*own[1:], *own[:1]]))
    reached = words(own[0])
    while reached < goal:
        further = next(passes)
        if reached + further - goal > goal - reached:
            break
        rows, reached = rows + 1, reached + further
    return rows
