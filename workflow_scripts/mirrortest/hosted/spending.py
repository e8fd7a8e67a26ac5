"""What was spent at a provider and what may still be: reserved before a call, settled after it.

One SQLite file that all jobs of all experiments share. What a killed process had under way stays
reserved: it may have been paid for.
"""

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mirrortest.errors import UserError

PARTS = 1_000_000_000
"""Money is kept in billionths of a dollar: whole numbers add up exactly, in any order."""

PATH = Path("state/hosted/spending.sqlite")
"""One for all experiments in a folder: the budget is theirs together."""

WAIT_SECONDS = 120.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, what TEXT NOT NULL, reserved INTEGER NOT NULL, settled INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS total (reserved INTEGER NOT NULL, settled INTEGER NOT NULL);
INSERT INTO total SELECT 0, 0 WHERE NOT EXISTS (SELECT * FROM total);
CREATE TRIGGER IF NOT EXISTS inserted AFTER INSERT ON calls BEGIN
    UPDATE total SET reserved = reserved + iif(new.settled IS NULL, new.reserved, 0),
                     settled = settled + ifnull(new.settled, 0); END;
CREATE TRIGGER IF NOT EXISTS updated AFTER UPDATE ON calls BEGIN
    UPDATE total SET reserved = reserved + iif(new.settled IS NULL, new.reserved, 0)
                                         - iif(old.settled IS NULL, old.reserved, 0),
                     settled = settled + ifnull(new.settled, 0) - ifnull(old.settled, 0); END;
"""
"""The totals are kept, because a sum over half a million calls would be made at every call."""

RESERVE = """INSERT INTO calls VALUES (?, ?, ?, NULL)
    ON CONFLICT DO UPDATE SET what = excluded.what, reserved = excluded.reserved, settled = NULL"""

SETTLE = """INSERT INTO calls VALUES (?, '', 0, ?)
    ON CONFLICT DO UPDATE SET settled = excluded.settled WHERE settled IS NOT excluded.settled"""


@dataclass(frozen=True)
class Reservation:
    """What a call may cost at most (dollars); what: its name in the refusal."""

    key: str
    dollars: float
    what: str


class Spending:
    """The ledger at `path`, and the cap (dollars) on what is spent and reserved together."""

    def __init__(self, path: Path, cap: float) -> None:
        self._path = path
        self._cap = cap
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._transaction() as database:
            for statement in _statements(SCHEMA):
                database.execute(statement)

    def reserve(self, key: str, dollars: float, what: str) -> None:
        """Sets aside what a call may cost at most, once per key.

        What was paid for is not reserved again; what was settled at nothing is. Raises UserError
        if it could lead beyond the cap.
        """
        (refusal,) = self.record([Reservation(key, dollars, what)], {})
        if refusal is not None:
            raise refusal

    def settle(self, key: str, dollars: float) -> None:
        """What the call has cost in truth, in place of what was reserved; nothing if it failed."""
        self.record([], {key: dollars})

    def record(
        self, reservations: Sequence[Reservation], settled: dict[str, float]
    ) -> list[UserError | None]:
        """Both for many calls in one transaction; which of the reservations are refused, and why.

        A transaction waits for the disk (10 to 50 ms), so that a busy client must group its calls.
        """
        with self._transaction() as database:
            for key, dollars in settled.items():
                database.execute(SETTLE, [key, round(dollars * PARTS)])
            return [self._reserved(database, each) for each in reservations]

    def _reserved(self, database: sqlite3.Connection, asked: Reservation) -> UserError | None:
        query = "SELECT settled FROM calls WHERE key = ?"
        known = database.execute(query, [asked.key]).fetchone()
        if known is not None and known[0] != 0:
            return None
        parts = math.ceil(asked.dollars * PARTS)
        (committed,) = database.execute("SELECT reserved + settled FROM total").fetchone()
        if committed + parts > self._cap * PARTS:
            return UserError(
                f"{asked.what} may cost up to ${asked.dollars:.4f}, and of the budget of "
                f"${self._cap:.2f} there is ${max(self._cap - committed / PARTS, 0):.4f} left; "
                "raise `budget: dollars`, or ask for less."
            )
        database.execute(RESERVE, [asked.key, asked.what, parts])
        return None

    def spent(self) -> float:
        """Dollars that are settled."""
        return self._total("settled")

    def reserved(self) -> float:
        """Dollars set aside for calls under way, or whose outcome nobody knows."""
        return self._total("reserved")

    def _total(self, column: str) -> float:
        with self._transaction() as database:
            (parts,) = database.execute(f"SELECT {column} FROM total").fetchone()
        return float(parts / PARTS)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Alone with the ledger: what was read still holds when it is written."""
        with closing(sqlite3.connect(self._path, WAIT_SECONDS, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            with database:
                yield database


def _statements(script: str) -> Iterator[str]:
    """`executescript` would end the transaction that this must be part of."""
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""
