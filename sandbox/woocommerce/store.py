"""The shop's state in SQLite: accounts, webhooks, counters. Used by the server's thread and by the caller's at once.

Records are kept as the JSON text that goes over the wire, so a page is put together without being built again. Lists by
id read a sorted list in memory: a page costs the same wherever it lies.
"""

import json
import random
import sqlite3
import threading
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import orjson

from sandbox import moments
from sandbox.moments import Moment
from sandbox.woocommerce import accounts, collation
from sandbox.woocommerce.accounts import Account, MetaRow, Record, encoded
from sandbox.woocommerce.arguments import ROLES
from sandbox.woocommerce.deliveries import Deliveries

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, login TEXT NOT NULL, login_key TEXT NOT NULL, email TEXT NOT NULL, email_key TEXT NOT NULL,
    nicename TEXT NOT NULL, display_name TEXT NOT NULL, name_key TEXT NOT NULL, registered TEXT NOT NULL,
    roles TEXT NOT NULL, haystack TEXT NOT NULL, hidden TEXT, record TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS members (
    role TEXT NOT NULL, name_key TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (role, name_key, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhooks (id INTEGER PRIMARY KEY, webhook TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS options (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_INDEXES = {
    "users_login": "users (login_key)",
    "users_email": "users (email_key)",
    "users_registered": "users (registered, id, roles)",
}
_PORTION = 5_000
_COLUMNS = "id, login, email, nicename, display_name, registered, roles, hidden, record, name_key"
_FIRST_ID = 3
ANY_ROLE = "all"
_TABLES = ("users", "members", "webhooks", "options", "counters")


class Store:
    """One shop. `path` is a file or ":memory:"; the same seed draws the same random parts of usernames.

    `address` is where the shop listens; site.py tells the rest of what a shop says of itself.
    """

    def __init__(self, path: str, *, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self._seed = seed
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)
        self._make_indexes()
        self._database.create_function("collation_key", 1, collation.sort_key, deterministic=True)
        self._depth = 0
        self._ahead = timedelta()
        self.address = ""
        self.outbox: list[tuple[str, str]] = []
        self.deliveries = Deliveries(self)
        self._reset_memory()

    def _reset_memory(self) -> None:
        self.dice = random.Random(f"webstore {self._seed}")
        self._learn()

    def _learn(self) -> None:
        """Read anew what is kept in memory of the tables; what waits to be delivered is dropped."""
        self._ids: dict[str, list[int]] = {ANY_ROLE: []}
        for role, identifier in self._database.execute("SELECT role, id FROM members ORDER BY id"):
            self._ids.setdefault(role, []).append(identifier)
        self._counters = dict(self._database.execute("SELECT name, value FROM counters"))
        self.outbox.clear()
        self.deliveries.forget()

    def close(self) -> None:
        """End the deliveries and close the database; closing twice is allowed."""
        self.deliveries.stop()
        with self.lock:
            self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing else is read or written meanwhile. Nested ones belong to the outermost; an exception undoes nothing,
        as PHP has no transaction around a request either."""
        with self.lock:
            if not self._depth:
                self._database.execute("BEGIN")
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._database.execute("COMMIT")

    # --- time -------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The shop's clock, GMT."""
        return accounts.now_utc() + self._ahead

    def advance_clock(self, seconds: float) -> None:
        """Set the shop's clock ahead, or back: dates have a resolution of one second, tests need not wait for it."""
        with self.lock:
            self._ahead += timedelta(seconds=seconds)

    # --- all accounts ---------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget everything: accounts, webhooks, numbers given so far."""
        with self.transaction():
            for table in _TABLES:
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
            self._reset_memory()

    def snapshot(self) -> Moment:
        """The shop's database as it is, for `restore`."""
        with self.lock:
            return moments.copied(self._database, _TABLES)

    def restore(self, moment: Moment) -> None:
        """Go back to a moment, as with a dump of the database. No subscriber is told.

        Ids that were given since are given again, to whoever comes next; the clock goes on.
        """
        with self.transaction():
            moments.put_back(self._database, moment)
            self._learn()

    def load(self, records: Iterable[Record]) -> int:
        """Add complete records in the shape of the API; returns their number. Raises ValueError for an id that exists."""
        given = list(records)
        with self.transaction():
            taken = {record["id"] for record in given}.intersection(self._ids[ANY_ROLE])
            if taken or len({record["id"] for record in given}) < len(given):
                raise ValueError(f"ids that occur twice or exist already: {sorted(taken)[:10]}")
            if len(given) > _PORTION:
                # Made at once they cost half of what they cost row by row.
                for index in _INDEXES:
                    self._database.execute(f"DROP INDEX {index}")
            for start in range(0, len(given), _PORTION):
                self._insert([accounts.loaded(record) for record in given[start : start + _PORTION]])
            self._make_indexes()
            last_meta = max((row["id"] for record in given for row in record.get("meta_data", ())), default=0)
            self._raise_counter("meta", last_meta)
        return len(given)

    def _insert(self, new: list[Account]) -> None:
        rows, members = [], []
        for one in new:
            name_key = one.saved_name_key = collation.sort_key(one.display_name)
            one.saved_text = encoded(one.record)
            rows.append(_row(one, name_key))
            members += [(role, name_key, one.id) for role in (ANY_ROLE, *one.roles)]
        members.sort()
        self._database.executemany(f"INSERT INTO users VALUES ({', '.join('?' * 13)})", rows)  # noqa: S608 - only marks
        self._database.executemany("INSERT INTO members VALUES (?, ?, ?)", members)
        if len(new) == 1:
            for role in (ANY_ROLE, *new[0].roles):
                insort(self._ids.setdefault(role, []), new[0].id)
        else:
            for role, _, identifier in members:
                self._ids.setdefault(role, []).append(identifier)
            for ids in self._ids.values():
                ids.sort()
        self._raise_counter("user", max((one.id for one in new), default=0))

    def _make_indexes(self) -> None:
        for index, columns in _INDEXES.items():
            self._database.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {columns}")

    def customer_ids(self, role: str = ANY_ROLE) -> list[int]:
        """Ids of all users, or of those with a role, ascending; a copy."""
        with self.lock:
            return list(self._ids.get(role, ()))

    def own_roles(self) -> tuple[str, ...]:
        """Roles that accounts have and WordPress and WooCommerce do not bring along."""
        return tuple(sorted(self._ids.keys() - {ANY_ROLE, *ROLES}))

    def count(self, role: str) -> int:
        """How many users have the role; "all" counts every user."""
        with self.lock:
            return len(self._ids.get(role, ()))

    def ids_by_id(self, role: str, offset: int, limit: int, *, descending: bool) -> list[int]:
        """A page of ids in their order."""
        with self.lock:
            ids = self._ids.get(role, [])
            if not descending:
                return ids[offset : offset + limit]
            end = max(len(ids) - offset, 0)
            return ids[max(end - limit, 0) : end][::-1]

    def select(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query on the tables; `collation_key` is a function there."""
        with self.lock:
            return self._database.execute(query, tuple(values)).fetchall()

    def record_texts(self, ids: list[int]) -> list[tuple[int, str]]:
        """(id, JSON text without `_links`) of the accounts, in the order of `ids`; unknown ids are left out."""
        marks = ",".join("?" * len(ids))
        found = dict(self.select(f"SELECT id, record FROM users WHERE id IN ({marks})", ids))  # noqa: S608 - only marks
        return [(identifier, found[identifier]) for identifier in ids if identifier in found]

    # --- one account --------------------------------------------------------------------------------------------

    def account(self, identifier: int) -> Account | None:
        """The account with everything that is known of it."""
        # A number beyond 64 bits cannot even be asked for.
        rows = self.select(f"SELECT {_COLUMNS} FROM users WHERE id = ?", [identifier])  # noqa: S608 - our own columns
        return _account(rows[0]) if rows else None

    def id_of_email(self, email: str) -> int | None:
        """The (first) account with the address; case does not count."""
        return self._id_where("email_key", collation.folded(email.strip())) if email.strip() else None

    def id_of_login(self, login: str) -> int | None:
        """The account with the username; case does not count."""
        return self._id_where("login_key", collation.folded(login)) if login else None

    def _id_where(self, column: str, key: str) -> int | None:
        rows = self.select(f"SELECT id FROM users WHERE {column} = ? ORDER BY id LIMIT 1", [key])  # noqa: S608 - see callers
        return rows[0][0] if rows else None

    def add(self, new: Account) -> None:
        """Insert an account whose id was drawn by `next_number("user")`."""
        with self.transaction():
            self._insert([new])

    def save(self, changed: Account) -> None:
        """Write an account back. Its id, login and roles cannot change."""
        with self.transaction():
            name_key = collation.sort_key(changed.display_name)
            for role in (ANY_ROLE, *changed.roles) if name_key != changed.saved_name_key else ():
                self._database.execute(
                    "UPDATE members SET name_key = ? WHERE role = ? AND name_key = ? AND id = ?",
                    (name_key, role, changed.saved_name_key, changed.id),
                )
            changed.saved_name_key, changed.saved_text = name_key, encoded(changed.record)
            self._database.execute(
                "UPDATE users SET email = ?, email_key = ?, display_name = ?, name_key = ?, haystack = ?, hidden = ?,"
                " record = ? WHERE id = ?",
                (
                    *(changed.email, collation.folded(changed.email), changed.display_name, name_key),
                    *(changed.haystack(), _hidden(changed.hidden), changed.saved_text, changed.id),
                ),
            )

    def remove(self, gone: Account) -> None:
        """Delete an account; its id is not given again."""
        with self.transaction():
            for role in (ANY_ROLE, *gone.roles):
                ids = self._ids[role]
                del ids[bisect_left(ids, gone.id)]
                self._database.execute(
                    "DELETE FROM members WHERE role = ? AND name_key = ? AND id = ?",
                    (role, gone.saved_name_key, gone.id),
                )
            self._database.execute("DELETE FROM users WHERE id = ?", (gone.id,))

    # --- numbers ------------------------------------------------------------------------------------------------

    def next_number(self, name: str) -> int:
        """The next id of a "user", a "meta" row or a "webhook"."""
        with self.lock:
            first = _FIRST_ID if name == "user" else 1
            self._raise_counter(name, max(self._counters.get(name, 0) + 1, first))
            return int(self._counters[name])

    def _raise_counter(self, name: str, value: int) -> None:
        if value > self._counters.get(name, 0):
            self._counters[name] = value
            self._database.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, value))

    def set_option(self, name: str, value: str) -> None:
        """Keep a setting of the shop; `select` reads it."""
        with self.transaction():
            self._database.execute("INSERT OR REPLACE INTO options VALUES (?, ?)", (name, value))

    # --- webhooks -----------------------------------------------------------------------------------------------

    def webhooks(self) -> list[dict[str, Any]]:
        """All webhooks in the order of their ids."""
        return [orjson.loads(text) for (text,) in self.select("SELECT webhook FROM webhooks ORDER BY id")]

    def put_webhook(self, webhook: dict[str, Any]) -> None:
        """Insert or replace a webhook by its id."""
        with self.transaction():
            values = (webhook["id"], json.dumps(webhook))
            self._database.execute("INSERT OR REPLACE INTO webhooks VALUES (?, ?)", values)

    def remove_webhook(self, identifier: int) -> None:
        """Delete a webhook; its id is not given again."""
        with self.transaction():
            self._database.execute("DELETE FROM webhooks WHERE id = ?", (identifier,))

    def note(self, event: str, customer_id: int) -> None:
        """Tell the webhooks that a customer was "created", "updated" or "deleted"."""
        self.deliveries.note(event, customer_id)


def _row(one: Account, name_key: str) -> tuple[Any, ...]:
    return (
        *(one.id, one.login, collation.folded(one.login), one.email, collation.folded(one.email), one.nicename),
        *(one.display_name, name_key, one.registered, json.dumps(one.roles), one.haystack(), _hidden(one.hidden)),
        one.saved_text,
    )


def _hidden(rows: list[MetaRow]) -> str | None:
    return json.dumps(rows) if rows else None


def _account(row: tuple[Any, ...]) -> Account:
    identifier, login, email, nicename, display_name, registered, roles, hidden, record, name_key = row
    return Account(
        id=identifier,
        login=login,
        email=email,
        nicename=nicename,
        display_name=display_name,
        registered=registered,
        roles=orjson.loads(roles),
        hidden=orjson.loads(hidden) if hidden else [],
        record=orjson.loads(record),
        saved_name_key=name_key,
        saved_text=record,
    )
