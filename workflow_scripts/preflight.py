"""Says what training the hosted arms will cost and until when it can be had; refuses too much."""

import logging
import os
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from mirrortest import joblog, wording
from mirrortest.errors import UserError
from mirrortest.hosted import openai_jobs, preflight, prices
from mirrortest.hosted.preflight import Line, Plan
from mirrortest.hosted.prices import Prices
from mirrortest.hosted.provider import RefusedError, UnansweredError
from mirrortest.hosted.spending import Spending

UNCOUNTED = (
    "Asking and judging are paid for, too, and not counted here: each request is reserved and "
    "settled within the same budget."
)


def check(spec: str, terms: SimpleNamespace, state: Path) -> None:
    """Prints the costs. Raises UserError beyond the budget, and for models that have ended."""
    plans = [Plan(**plan) for plan in wording.settings(spec)["plans"]]
    if not plans:
        _say(f"No hosted model is to be trained. {UNCOUNTED}")
        return
    table = prices.load(terms.prices)
    lines = [preflight.line(plan, table) for plan in plans]
    _say(preflight.table(lines))
    _say(f"Training alone, by the prices of {table.date} ({table.source}).")
    _say(UNCOUNTED)
    for base in dict.fromkeys(plan.base for plan in plans):
        _check_dates(base, table, terms)
    _check_budget(lines, terms.dollars, state)


def _check_dates(base: str, table: Prices, terms: SimpleNamespace) -> None:
    price, today = table.training(base), datetime.now(UTC).date()
    shutdown, said = price.shutdown, f"by the table of {table.date}"
    if os.environ.get("OPENAI_API_KEY"):
        shutdown, said = _asked(base, terms) or shutdown, "as the provider says"
    _say(f"{base}: answers until {shutdown or 'no date is known'} ({said}).")
    if price.last_training is not None:
        _say(f"{base}: no training begins from {price.last_training} on ({table.date}).")
    if shutdown is not None and shutdown <= today:
        raise UserError(f"{base} ended on {shutdown}; take another model.")
    if price.last_training is not None and price.last_training <= today:
        raise UserError(
            f"no training on {base} begins from {price.last_training} on; take another model."
        )


def _asked(base: str, terms: SimpleNamespace) -> date | None:
    """The date by the provider; beside it are said how many jobs it allows."""
    try:
        with openai_jobs.connect(terms.request_seconds) as client:
            allowed = openai_jobs.limits(client, base)
            known = ", ".join(f"{key} {value}" for key, value in allowed.items())
            _say(f"{base}: {known or 'no limits known'}")
            return openai_jobs.shutdown_date(client, base)
    except (RefusedError, UnansweredError) as error:
        raise UserError(f"the provider says nothing about {base}: {error}.") from None


def _check_budget(lines: list[Line], dollars: float | None, state: Path) -> None:
    total = sum(line.dollars for line in lines)
    if dollars is None:
        raise UserError(
            f"training costs up to ${total:.2f}, and the config has no budget; add "
            "`budget: {dollars: ...}`."
        )
    spending = Spending(state / "spending.sqlite", dollars)
    spent, reserved = spending.spent(), spending.reserved()
    _say(f"Total ${total:.2f}; spent ${spent:.2f}, reserved ${reserved:.2f} of ${dollars:.2f}.")
    if total + spent + reserved > dollars:
        raise UserError(
            f"training costs up to ${total:.2f}, and of the budget of ${dollars:.2f} there is "
            f"${max(dollars - spent - reserved, 0):.2f} left; raise `budget: dollars`, or train "
            "fewer arms."
        )


def _say(words: str) -> None:
    print(words, flush=True)
    logging.info("%s", words)


if __name__ == "__main__":
    with joblog.job(snakemake.log[0]):
        check(
            spec=snakemake.params.spec,
            terms=snakemake.params.terms,
            state=Path(snakemake.params.state),
        )
