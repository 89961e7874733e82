"""The lines of the list of all customers, found in the database: whom a filter or a search means, in order, and what they say.

A line is named by its key: the Business Central id, or `woo:17` for an account that is linked to nobody. Keys are found first, by
indexes alone; only the lines of a page are read whole.
"""

# ruff: noqa: S608 - the statements are put together of this module's own constants; values are bound

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.core.folding import folded
from connector.store.customer_marks import (
    ACCOUNT,
    CARD,
    MARKS,
    NO_ACCOUNT,
    NO_CARD,
    OLD_ENOUGH,
    ROW,
    TROUBLES,
    UNLINKED,
    Gates,
    keys_of,
)
from connector.store.frames import chunks

__all__ = ["CustomerLines", "Extra", "Place", "line_key"]

T = TypeVar("T")
_MANY = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands: its key, and by what it is sorted; `account` = it is an account that is linked to nobody."""

    account: bool
    key: str
    number: str
    name: str

    def by(self, sort: str) -> tuple[Any, ...]:
        """What is compared: by number the cards come first, then the accounts."""
        return (self.account, self.number, self.key) if sort == "number" else (self.name, self.key)


@dataclass(frozen=True, slots=True)
class Extra:
    """A row of the mapping table whose card the directory does not have.

    Attributes:
        text: what the row itself says, folded.
        gone: the row is older than the directory, so the card is not there any more.
    """

    place: Place
    webstore_id: int | None
    ticked: bool
    text: str
    gone: bool


def line_key(account: bool, key: str) -> str:
    """How a line is named in addresses and forms."""
    return f"woo:{key}" if account else key


class CustomerLines:
    """The list of one webstore inside one transaction.

    Args:
        gates: what the setup makes of differences.
        version: of the mapping table when the directory was read; -1 = there is no directory.
        known: what was found of the same state before, by name; what is found is added.
    """

    def __init__(
        self,
        connection: Connection,
        webstore_code: str,
        gates: Gates,
        version: int,
        known: dict[str, Any] | None = None,
    ) -> None:
        self._known = {} if known is None else known
        self._connection = connection
        self._gates = gates
        self._values = {"code": webstore_code, "version": version}
        self._position = "strpos" if connection.dialect.name == "postgresql" else "instr"

    def _once(self, name: str, find: Callable[[], T]) -> T:
        if name not in self._known:
            self._known[name] = find()
        found: T = self._known[name]
        return found

    # whom a mark means

    def marked(self, mark: str, words: Sequence[str] = (), limit: int | None = None) -> list[Place]:
        """The lines with a mark that have every word in one of their texts, in no order; with words only those whose card, or
        account, the directory has."""
        if mark == "gone":
            return self._gone(words)
        values = _numbered(words)
        found = []
        for account in (False, True):
            keys = keys_of(mark, account, self._gates)
            if not keys:
                continue
            if account:
                source = f"({keys}) k JOIN directory w ON w.key = k.key AND {ACCOUNT}"
                text, shown = "w.search", "w.key, w.number, w.name_order"
            else:
                source = (
                    f"({keys}) k LEFT JOIN directory d ON d.key = k.key AND {CARD}"
                    f" LEFT JOIN mapping_row m ON m.bc_id = k.key AND {ROW}"
                )
                shown = "k.key, coalesce(d.number, m.bc_number), coalesce(d.name_order, lower(m.name))"
                text = "d.search || ' ' || coalesce(w.search, '')"
                if words:
                    source += f" LEFT JOIN directory w ON w.key = CAST(m.webstore_id AS TEXT) AND {ACCOUNT}"
                # of cards that the directory does not have the caller looks at the texts himself: see `extras`
                there = "d.key IS NOT NULL" if words else "(d.key IS NOT NULL OR m.bc_id IS NOT NULL)"
                source += f" WHERE {there}"
            has = "".join(f" AND {self._position}({text}, :word{n}) > 0" for n in range(len(words)))
            if account and has:
                has = f" WHERE {has.removeprefix(' AND ')}"
            most = "" if limit is None else f" LIMIT {int(limit)}"
            rows = self._execute(f"SELECT {shown} FROM {source}{has}{most}", values)
            found += [Place(account, *row) for row in rows]
        return found

    def count_marked(self, mark: str) -> int:
        """How many lines have a mark."""
        return self._once(f"count {mark}", lambda: self._count_marked(mark))

    def _count_marked(self, mark: str) -> int:
        if mark == "gone":
            return len(self._gone(()))
        total = 0
        for account in (False, True):
            keys = keys_of(mark, account, self._gates)
            if keys and account:
                total += self._number(
                    f"SELECT count(*) FROM ({keys}) k JOIN directory w ON w.key = k.key AND {ACCOUNT}"
                )
            elif keys:
                there = (
                    f"EXISTS (SELECT 1 FROM directory d WHERE d.key = k.key AND {CARD})"
                    f" OR EXISTS (SELECT 1 FROM mapping_row m WHERE m.bc_id = k.key AND {ROW})"
                )
                total += self._number(f"SELECT count(*) FROM ({keys}) k WHERE {there}")
        return total

    def marks_of(self, places: Sequence[tuple[bool, str]]) -> dict[tuple[bool, str], list[str]]:
        """The marks of some lines, the most urgent first."""
        found: dict[tuple[bool, str], list[str]] = {place: [] for place in places}
        for account in (False, True):
            mine = [key for is_account, key in places if is_account is account]
            # of many lines it is faster to read who has a mark at all
            told = self._all_marks(account) if len(mine) > _MANY else self._few_marks(account, mine)
            for mark in MARKS:
                for key in told.get(mark, ()):
                    if (account, key) in found:
                        found[account, key].append(mark)
        return found

    def _all_marks(self, account: bool) -> dict[str, set[str]]:
        arms = {mark: keys for mark in MARKS if (keys := keys_of(mark, account, self._gates))}
        return {mark: {row[0] for row in self._execute(keys)} for mark, keys in arms.items()}

    def _few_marks(self, account: bool, mine: Sequence[str]) -> dict[str, set[str]]:
        told: dict[str, set[str]] = {}
        for chunk in chunks(mine, 400):
            arms = [
                f"SELECT '{mark}', key FROM ({keys}) t{n}"
                for n, mark in enumerate(MARKS)
                if (keys := keys_of(mark, account, self._gates, ":keys"))
            ]
            for mark, key in self._expanding(" UNION ALL ".join(arms), chunk):
                told.setdefault(mark, set()).add(key)
        return told

    def troubled(self) -> set[str]:
        """Business Central ids of the linked customers that are not in step."""
        return self._once("troubled", self._troubled)

    def _troubled(self) -> set[str]:
        arms = [
            keys for mark in TROUBLES if mark != "gone" and (keys := keys_of(mark, account=False, gates=self._gates))
        ]
        linked = f"SELECT m.bc_id FROM mapping_row m WHERE m.bc_id = t.key AND {ROW} AND m.webstore_id IS NOT NULL"
        found = self._execute(f"SELECT t.key FROM ({' UNION '.join(arms)}) t WHERE EXISTS ({linked})")
        gone = {key for key, old in self._lost() if old}
        gone |= {extra.place.key for extra in self.extras() if extra.gone and extra.webstore_id is not None}
        return {row[0] for row in found} | gone

    def _lost(self) -> list[tuple[str, bool]]:
        """The linked rows whose account the directory does not have, and whether they are older than it."""
        query = f"SELECT m.bc_id, {OLD_ENOUGH} FROM mapping_row m WHERE {ROW} AND m.webstore_id IS NOT NULL AND {NO_ACCOUNT}"
        return self._once("lost", lambda: [(row[0], bool(row[1])) for row in self._execute(query)])

    def _gone(self, words: Sequence[str]) -> list[Place]:
        """The lines of which a side has gone; with words as in `marked`."""
        extras = {extra.place.key: extra for extra in self.extras()}
        found = [] if words else [extra.place for extra in extras.values() if extra.gone]
        cards = self.customers("business_central", [key for key, old in self._lost() if old and key not in extras])
        found += [
            Place(False, key, card["number"], card["name_order"])
            for key, card in cards.items()
            if all(word in card["search"] for word in words)
        ]
        return found

    # everybody, in order

    def extras(self) -> list[Extra]:
        """Mapping rows whose card the directory does not have, in no order."""
        return self._once("extras", self._extras)

    def _extras(self) -> list[Extra]:
        columns = f"m.bc_id, m.bc_number, m.name, m.username, m.webstore_id, m.webstore_customer, {OLD_ENOUGH}"
        query = f"SELECT {columns} FROM mapping_row m WHERE {ROW} AND {NO_CARD}"
        return [
            Extra(
                Place(False, row[0], row[1], folded(row[2])),
                row[4],
                bool(row[5]),
                folded(" ".join(row[:4])),
                bool(row[6]),
            )
            for row in self._execute(query)
        ]

    def window(
        self,
        only: str,
        accounts: bool | None,
        sort: str,
        descending: bool,
        offset: int,
        limit: int,
        words: Sequence[str] = (),
    ) -> list[Place]:
        """Some lines of the directory in order.

        Args:
            only: "all", "linked", "in step", "only in Business Central" or "only in the webstore".
            accounts: True = only accounts that are linked to nobody, False = only cards, None = both, mixed.
            words: each must stand in the texts of the card, or of the account that is linked to nobody.
        """
        column = {"number": "number", "name": "name_order"}[sort]
        arms = []
        if accounts is not True and only != "only in the webstore":
            has = "".join(f" AND {self._has('d', n)}" for n in range(len(words)))
            arms.append(
                f"SELECT d.{column} AS ordered, d.key AS key, 0 AS account, d.number, d.name_order FROM directory d"
                f" WHERE {CARD}{self._condition(only)}{has}"
            )
        if accounts is not False and only in {"all", "only in the webstore"}:
            has = "".join(f" AND {self._has('w', n)}" for n in range(len(words)))
            arms.append(
                f"SELECT w.{column} AS ordered, w.key AS key, 1 AS account, w.number, w.name_order FROM directory w"
                f" WHERE {ACCOUNT} AND {UNLINKED}{has}"
            )
        if not arms:
            return []
        order = "ORDER BY ordered DESC, key DESC" if descending else "ORDER BY ordered, key"
        values = {"limit": limit, "offset": offset} | _numbered(words)
        rows = self._execute(f"{' UNION ALL '.join(arms)} {order} LIMIT :limit OFFSET :offset", values)
        return [Place(bool(row[2]), row[1], row[3], row[4]) for row in rows]

    def count_cards(self) -> int:
        """How many cards the directory has."""
        return self._once("count_cards", self._count_cards)

    def _count_cards(self) -> int:
        return self._number(f"SELECT count(*) FROM directory d WHERE {CARD}")

    def count_accounts(self) -> int:
        """How many accounts of the directory are linked to nobody."""
        return self._once("count_accounts", self._count_accounts)

    def _count_accounts(self) -> int:
        # the other way round, each account would be looked up in the mapping table
        everybody = self._number(f"SELECT count(*) FROM directory w WHERE {ACCOUNT}")
        return everybody - self.count_linked() + len(self._lost())

    def count_linked(self) -> int:
        """How many rows of the mapping table are linked."""
        return self._once("count_linked", self._count_linked)

    def _count_linked(self) -> int:
        return self._number(f"SELECT count(*) FROM mapping_row m WHERE {ROW} AND m.webstore_id IS NOT NULL")

    def _condition(self, only: str) -> str:
        mine = f"SELECT 1 FROM mapping_row m WHERE m.bc_id = d.key AND {ROW}"
        if only == "linked":
            return f" AND EXISTS ({mine} AND m.webstore_id IS NOT NULL)"
        if only == "only in Business Central":
            return f" AND NOT EXISTS ({mine} AND (m.webstore_id IS NOT NULL OR m.webstore_customer))"
        if only == "in step":
            there = f"NOT ({OLD_ENOUGH} AND {NO_ACCOUNT})"
            arms = [keys_of(mark, account=False, gates=self._gates) for mark in TROUBLES if mark != "gone"]
            troubled = " UNION ".join(arm for arm in arms if arm)
            return f" AND EXISTS ({mine} AND m.webstore_id IS NOT NULL AND {there}) AND d.key NOT IN ({troubled})"
        return ""

    def _has(self, table: str, word: int) -> str:
        return f"{self._position}({table}.search, :word{word}) > 0"

    # looking for somebody

    def hits(self, words: Sequence[str], limit: int) -> list[tuple[bool, str]] | None:
        """Customers of either side with all words in their own texts: (is an account, key), in no order; None = more than
        `limit`, which is remembered: words that many have are looked for again and again."""
        name = f"more than {limit}: {' '.join(words)}"
        if name in self._known:
            return None
        has = "".join(f" AND {self._has('x', n)}" for n in range(len(words)))
        query = f"SELECT x.system = 'webstore', x.key FROM directory x WHERE {self._unsorted('x')}{has} LIMIT {int(limit) + 1}"
        rows = self._execute(query, _numbered(words))
        if len(rows) > limit:
            self._known[name] = True
            return None
        return [(bool(row[0]), row[1]) for row in rows]

    def _unsorted(self, table: str) -> str:
        # the plus keeps SQLite from walking an index, and reading each row somewhere else
        return f"{'' if self._connection.dialect.name == 'postgresql' else '+'}{table}.webstore_code = :code"

    def linked_to(self, webstore_ids: Iterable[str]) -> dict[str, str]:
        """Webstore ID → Business Central id, of those who are linked."""
        query = f"SELECT m.webstore_id, m.bc_id FROM mapping_row m WHERE {ROW} AND m.webstore_id IN :keys"
        return {
            str(row[0]): row[1] for chunk in chunks(map(int, webstore_ids)) for row in self._expanding(query, chunk)
        }

    # what stands in a line

    def mapping_rows(self, bc_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """The current rows of the mapping table by Business Central id."""
        columns = "m.bc_id, m.bc_number, m.webstore_id, m.webstore_customer, m.name, m.username"
        query = f"SELECT {columns} FROM mapping_row m WHERE {ROW} AND m.bc_id IN :keys"
        return {row["bc_id"]: row for row in self._rows(query, bc_ids)}

    def customers(self, system: str, keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Rows of the directory by key."""
        columns = "x.key, x.number, x.name, x.place, x.email, x.username, x.name_order, x.search"
        query = f"SELECT {columns} FROM directory x WHERE x.webstore_code = :code AND x.system = '{system}' AND x.key IN :keys"
        return {row["key"]: row for row in self._rows(query, keys)}

    def agreed(self, bc_ids: Iterable[str]) -> dict[tuple[str, int], datetime | None]:
        """When both sides last agreed on something, by pair."""
        query = (
            "SELECT b.bc_id, b.webstore_id, b.updated_at FROM base b WHERE b.webstore_code = :code AND b.bc_id IN :keys"
        )
        return {(row["bc_id"], row["webstore_id"]): _time(row["updated_at"]) for row in self._rows(query, bc_ids)}

    def holds(self, keys: Iterable[str]) -> list[Mapping[str, Any]]:
        """What failed of some customers; keys as in connector.core.customer_key."""
        columns = (
            "h.key, h.direction, h.failed_attempts, h.on_hold, h.last_error, h.last_failed_at, h.last_synchronized_at"
        )
        query = f"SELECT {columns} FROM hold h WHERE h.webstore_code = :code AND h.key IN :keys"
        times = ("last_failed_at", "last_synchronized_at")
        return [{**row, **{name: _time(row[name]) for name in times}} for row in self._rows(query, keys)]

    def _execute(self, query: str, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        return self._connection.execute(sa.text(query), self._values | dict(values or {})).all()

    def _number(self, query: str) -> int:
        return int(self._connection.scalar(sa.text(query), self._values) or 0)

    def _expanding(self, query: str, keys: Collection[Any]) -> Sequence[Any]:
        statement = sa.text(query).bindparams(sa.bindparam("keys", expanding=True))
        return self._connection.execute(statement, self._values | {"keys": list(keys)}).all()

    def _rows(self, query: str, keys: Iterable[str]) -> Iterable[Mapping[str, Any]]:
        statement = sa.text(query).bindparams(sa.bindparam("keys", expanding=True))
        for chunk in chunks(keys):
            found = self._connection.execute(statement, self._values | {"keys": list(chunk)})
            names = list(found.keys())
            yield from (dict(zip(names, row, strict=True)) for row in found.all())


def _numbered(words: Sequence[str]) -> dict[str, Any]:
    return {f"word{number}": word for number, word in enumerate(words)}


def _time(value: Any) -> datetime | None:
    """A time as SQLite (text) or PostgreSQL gives it."""
    return (
        None if value is None else (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)
    )
