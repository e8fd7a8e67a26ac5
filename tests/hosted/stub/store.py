"""The stub's state: one SQLite file, which outlives the server and which tests read and write."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    number INTEGER PRIMARY KEY, kind TEXT, id TEXT UNIQUE, owner TEXT, body TEXT);
CREATE INDEX IF NOT EXISTS of_kind ON objects (kind, owner);
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY, at REAL, operation TEXT, method TEXT, path TEXT, key TEXT,
    body TEXT, in_flight INTEGER, in_flight_here INTEGER, fault TEXT, status INTEGER, ended REAL);
CREATE INDEX IF NOT EXISTS of_operation ON requests (operation);
CREATE TABLE IF NOT EXISTS charges (
    id TEXT PRIMARY KEY, kind TEXT, model TEXT, trained INTEGER, input INTEGER, cached INTEGER,
    output INTEGER, dollars REAL);
CREATE TABLE IF NOT EXISTS rules (number INTEGER PRIMARY KEY, kind TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
"""


class Store:
    """Objects of the API by kind and id, the log of requests, charges, scripted rules, facts."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(
            folder / "state.sqlite", timeout=60, isolation_level=None, check_same_thread=False
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(TABLES)

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing, for this and every other process; may be nested."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._leave("ROLLBACK")
                raise
            self._leave("COMMIT")

    def _leave(self, how: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._db.execute(how)

    def run(self, sql: str, *values: Any) -> int:
        """Executes one statement; the number of the row that it added."""
        with self._lock:
            return self._db.execute(sql, values).lastrowid or 0

    def rows(self, sql: str, *values: Any) -> list[Doc]:
        """The rows of a query."""
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values).fetchall()]

    # --- objects

    def put(self, kind: str, doc: Doc, owner: str = "") -> None:
        """Adds an object, or writes it anew in its old place."""
        self.run(
            "INSERT INTO objects (kind, id, owner, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            *(kind, doc["id"], owner, json.dumps(doc)),
        )

    def get(self, kind: str, identity: str) -> Doc | None:
        """The object of this id."""
        found = self.rows("SELECT body FROM objects WHERE kind = ? AND id = ?", kind, identity)
        return json.loads(found[0]["body"]) if found else None

    def all(self, kind: str, owner: str = "") -> list[Doc]:
        """The objects of a kind in the order of their making."""
        found = self.rows(
            "SELECT body FROM objects WHERE kind = ? AND owner = ? ORDER BY number", kind, owner
        )
        return [json.loads(row["body"]) for row in found]

    def drop(self, identity: str) -> None:
        """Deletes an object."""
        self.run("DELETE FROM objects WHERE id = ?", identity)

    # --- facts: settings and counts

    def fact(self, name: str, default: Any) -> Any:
        """A value by name."""
        found = self.rows("SELECT value FROM facts WHERE name = ?", name)
        return json.loads(found[0]["value"]) if found else default

    def state(self, name: str, value: Any) -> None:
        """Writes a value."""
        self.run("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, json.dumps(value))

    def count(self, name: str) -> int:
        """Adds one to a count; what it was before."""
        with self.transaction():
            before = int(self.fact(name, 0))
            self.state(name, before + 1)
        return before
