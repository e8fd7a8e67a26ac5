"""What hosted models have cost, by arm and in all, and until when they can be asked."""

from dataclasses import dataclass
from pathlib import Path

from mirrortest import paths
from mirrortest.hosted import usage
from mirrortest.hosted.prices import Prices
from mirrortest.hosted.spending import Spending
from mirrortest.hosted.usage import Usage
from mirrortest.manifest import Hosted, Manifest
from mirrortest.reporting import words
from mirrortest.reporting.pages import Table, lean, table
from mirrortest.reporting.runs import arm_of

COLUMNS = [
    *("model", "chain", "seed", "trained tokens", "training, $", "answers", "tokens sent"),
    *("tokens received", "asking, $", "asked as"),
]


@dataclass(frozen=True)
class Bill:
    """One arm and seed: its last stage, and all that it was asked.

    trained: dollars; none where the provider has not said what it billed. asked: dollars.
    """

    arm: Manifest
    hosted: Hosted
    trained: float | None
    used: Usage
    asked: float


def bills(models: list[Manifest], used: list[str], prices: Prices) -> list[Bill]:
    """One per arm that is paid for; used: what `archive` says of those that were asked."""
    return [
        _bill(found, found.hosted, set(used), prices)
        for found in models
        if found.hosted is not None
    ]


def _bill(found: Manifest, hosted: Hosted, used: set[str], prices: Prices) -> Bill:
    path = paths.used(arm_of(found))
    spent = usage.read(path) if path in used else Usage()
    asked = spent.dollars(prices.asking(hosted.model)) if hosted.model else 0.0
    return Bill(found, hosted, _training(hosted, prices), spent, asked)


def _training(hosted: Hosted, prices: Prices) -> float | None:
    if hosted.job is None:
        return 0.0
    if hosted.trained_tokens is None:
        return None
    return prices.training(hosted.base).of_training(hosted.trained_tokens)


def listed(found: list[Bill]) -> Table:
    """One row per arm and seed."""
    return lean(table(COLUMNS, [_row(each) for each in found], 3))


def _row(bill: Bill) -> list[object]:
    tokens = bill.hosted.trained_tokens
    trained = words.UNKNOWN if tokens is None else f"{tokens:,}"
    both = (bill.used.single, bill.used.batched)
    asked = [sum(each.sent for each in both), sum(each.received for each in both)]
    return [
        *(bill.arm.model, bill.arm.chain, bill.arm.seed, trained, _dollars(bill.trained)),
        *(f"{count:,}" for count in (bill.used.answers, *asked)),
        *(_dollars(bill.asked), bill.hosted.model or words.UNKNOWN),
    ]


def _dollars(dollars: float | None) -> str:
    return words.UNKNOWN if dollars is None else f"{dollars:,.4f}"


def sentences(found: list[Bill], prices: Prices, ledger: Path, budget: float | None) -> list[str]:
    """The sums, what the ledger of the folder says, and until when there is anything to ask."""
    trained = sum(bill.trained or 0.0 for bill in found)
    asked = sum(bill.asked for bill in found)
    said = [
        f"In all ${trained + asked:,.2f}: ${trained:,.2f} for training and ${asked:,.2f} for "
        f"{sum(bill.used.answers for bill in found):,} answers, at the prices of {prices.date} "
        f"({prices.source}).",
    ]
    if ledger.is_file():
        said.append(_kept(Spending(ledger, 0.0), budget))
    bases = dict.fromkeys(bill.hosted.base for bill in found)
    return said + [_until(base, prices) for base in bases]


def _kept(spending: Spending, budget: float | None) -> str:
    """Also what was paid for and was no answer, and what other experiments have spent."""
    cap = "" if budget is None else f" of a budget of ${budget:,.2f}"
    return (
        f"The ledger of this folder, over all its experiments and with calls that brought no "
        f"answer: ${spending.spent():,.2f} spent and ${spending.reserved():,.2f} reserved{cap}."
    )


def _until(base: str, prices: Prices) -> str:
    price = prices.training(base) if f"ft:{base}" in prices.models else prices.asking(base)
    if price.shutdown is None:
        return f"Until when {base} answers is not known."
    return (
        f"{base} and all that is trained on it answer until {price.shutdown} (as announced, "
        f"{prices.date}); after that the archive does: results/archive/."
    )
