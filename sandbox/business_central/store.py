"""The state of one company: its customers and tables, tokens, subscriptions, the clock; and what people do to it.

Rows of customers are dicts of stored values (see entities.py) with the hidden columns:
openEntries, openFiscalYearEntries, projects (0 or 1), outstandingDocument (a document type or ""): what keeps a customer
from being deleted; privacyBlocked (0 or 1). People may set them like properties; the API never shows them.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import orjson

from sandbox.business_central.database import Database, columns_of
from sandbox.business_central.entities import BLANKS, COMPANIES, CUSTOMERS, NOT_BLOCKED, Kind
from sandbox.business_central.number_series import NumberSeries
from sandbox.business_central.references import References, named_guid
from sandbox.business_central.rows import Values, etag_of, milliseconds_of, rendered
from sandbox.people import SandboxInputError

_COLUMNS = columns_of(CUSTOMERS)
_STORED = ", ".join(f'"{name}"' for name in _COLUMNS)
_ASSIGNED = ", ".join(f'"{name}" = ?' for name in _COLUMNS)
_DATETIMES = frozenset(prop.name for prop in CUSTOMERS.properties if prop.kind is Kind.DATETIME)
_FLAGS = frozenset({"openEntries", "openFiscalYearEntries", "projects", "privacyBlocked"})
_SETTABLE = frozenset((*CUSTOMERS.names, "outstandingDocument", *_FLAGS))
_BALANCE = frozenset({"balanceDue", "outstandingDocument", *_FLAGS} - {"privacyBlocked"})
_BLANK_CUSTOMER: Values = {
    **{prop.name: BLANKS[prop.kind] for prop in CUSTOMERS.properties},
    **dict.fromkeys(_FLAGS, 0),
    "outstandingDocument": "",
    "type": "Company",
    "blocked": NOT_BLOCKED,
}
_LOADED_AT_ONCE = 2_000
OnChange = Callable[[str, str, int], None]


class Store:
    """One company in a SQLite file or in memory. Safe to use from several threads.

    The same seed and the same actions give the same GUIDs and numbers; times are those of the clock.
    """

    def __init__(self, path: str, *, seed: int, company: str) -> None:
        self.database = Database(path)
        self.seed = seed
        self.references = References(self.database, seed)
        self.references.fill()
        self.numbers = NumberSeries(self.database)
        self.balance_changes_etag = True
        self.clock_offsets_ms: Sequence[int] = (0,)
        self.on_change: list[OnChange] = []
        self._writes = count()
        self._advanced = 0.0
        self._found_company(company)

    def _found_company(self, name: str) -> None:
        row = self.database.row("SELECT id FROM companies")
        self.company_id = row[0] if row else named_guid(self.seed, "company", name)
        self.user_id = named_guid(self.seed, "user")
        if row is None:
            founded = int(milliseconds_of("2025-01-02T08:00:41.213Z"))
            values = {
                "id": self.company_id,
                "systemVersion": "28.3.41200.41377",
                "timestamp": 47433,
                "name": name[:30],
                "displayName": name,
                "businessProfileId": "",
                "systemCreatedAt": founded,
                "systemCreatedBy": self.user_id,
                "systemModifiedAt": founded,
                "systemModifiedBy": self.user_id,
            }
            stored = {**values, "etag": "", "body": rendered(COMPANIES, values, "")}
            self.database.insert(COMPANIES, [[stored[column] for column in columns_of(COMPANIES)]])

    def close(self) -> None:
        """Close the database; closing twice is allowed."""
        self.database.close()

    def clear(self) -> None:
        """Forget all customers, subscriptions and running numbers. The company's tables and the tokens stay."""
        with self.database.transaction():
            for table in ("customers", "gone_customers", "subscriptions", "notification", "attempt"):
                self.database.change(f"DELETE FROM {table}")
            self.database.change("DELETE FROM counter WHERE name NOT IN ('token', 'stamp')")

    # The clock

    def now(self) -> float:
        """Seconds since 1970 by the company's clock."""
        return time.time() + self._advanced

    def advance(self, seconds: float) -> None:
        """Let time pass: tokens and subscriptions grow old, notifications become due."""
        self._advanced += seconds

    def next_moment(self) -> int:
        """The time stamp of a write in milliseconds, by the clock of the application server whose turn it is."""
        offsets = self.clock_offsets_ms
        return int(self.now() * 1000) + offsets[next(self._writes) % len(offsets)]

    def next_guid(self, kind: str) -> str:
        """A new GUID, determined by the seed and how many there were before."""
        return named_guid(self.seed, kind, self.database.next_number(kind))

    def expire_tokens(self) -> None:
        """Let all tokens expire at once; new ones are valid."""
        self.database.change("UPDATE token SET expires = 0")

    # Customers

    def customer(self, customer_id: str) -> Values | None:
        """The stored row of a customer, None when there is none."""
        row = self.database.row(f"SELECT {_STORED} FROM customers WHERE id = ?", (customer_id.lower(),))
        return None if row is None else dict(zip(_COLUMNS, row, strict=True))

    def blank_customer(self) -> Values:
        """The row of a customer that nobody has filled in yet."""
        return dict(_BLANK_CUSTOMER)

    def is_number_used(self, number: str) -> bool:
        """Whether a customer has the number."""
        return self.database.row("SELECT 1 FROM customers WHERE number = ?", (number,)) is not None

    def insert(self, values: Values) -> Values:
        """Insert a customer; id and number are given to one that has none. Raises sqlite3.IntegrityError."""
        with self.database.transaction():
            values["id"] = (values.get("id") or "").lower() if values.get("id") != BLANKS[Kind.GUID] else ""
            values["id"] = values["id"] or self.next_guid("customer")
            values["number"] = values["number"] or self.numbers.next()
            values["lastModifiedDateTime"] = self.next_moment()
            self._complete(values)
            self.database.insert(CUSTOMERS, [[values[column] for column in _COLUMNS]])
            self._tell("created", values)
        return values

    def save(self, values: Values, *, is_modification: bool = True) -> Values:
        """Write a customer's row back under a new ETag; a modification also moves its time and notifies."""
        with self.database.transaction():
            if is_modification:
                values["lastModifiedDateTime"] = self.next_moment()
            self._complete(values)
            parameters = [values[column] for column in _COLUMNS]
            self.database.change(f"UPDATE customers SET {_ASSIGNED} WHERE id = ?", (*parameters, values["id"]))
            if is_modification:
                self._tell("updated", values)
        return values

    def delete(self, customer_id: str) -> None:
        """Delete a customer; where it stood in lists is remembered."""
        with self.database.transaction():
            values = self.customer(customer_id)
            if values is not None:
                self.database.change("DELETE FROM gone_customers WHERE id = ?", (values["id"],))
                self.database.insert(CUSTOMERS, [[values[column] for column in _COLUMNS]], "gone_customers")
                self.database.change("DELETE FROM customers WHERE id = ?", (values["id"],))
                values["lastModifiedDateTime"] = self.next_moment()
                self._tell("deleted", values)

    def _tell(self, change: str, values: Values) -> None:
        for listener in self.on_change:
            listener(change, values["id"], values["lastModifiedDateTime"])

    def _complete(self, values: Values, stamp: int | None = None) -> None:
        """Fill in what follows from other values, and the row's tag and text."""
        references = self.references
        local, zero = references.local_currency, BLANKS[Kind.GUID]
        code = values["currencyCode"]
        if code not in ("", local):
            values["currencyId"] = references.id_of("currencies", code) or values["currencyId"]
        elif values["currencyId"] != zero:
            currency = references.by_id("currencies", values["currencyId"])
            values["currencyCode"] = currency["code"] if currency else local
        else:
            values["currencyCode"] = local
        area = None if values["taxAreaId"] == zero else references.by_id("taxAreas", values["taxAreaId"])
        values["taxAreaDisplayName"] = area["displayName"] if area else ""
        values["emailLower"] = values["email"].lower()
        values["stamp"] = self.database.next_number("stamp") if stamp is None else stamp
        values["etag"] = etag_of(values["id"], values["stamp"])
        values["body"] = rendered(CUSTOMERS, values, values["etag"])

    # What people do on the screen, past the rules of the API

    def load(self, records: Sequence[Values]) -> int:
        """Add customers as they are, in the API's shape; returns their number. Nobody is notified.

        Ids, numbers and times are given to records without them. Raises SandboxInputError for a number or id in use
        and for unknown properties.
        """
        with self.database.transaction(), _said_plainly():
            moment, stamp = self.next_moment(), self.database.number("stamp")
            guids = self.database.number("customer")
            self.numbers.follow(record.get("number", "") for record in records)
            ordered = sorted(records, key=_by_number)
            for start in range(0, len(ordered), _LOADED_AT_ONCE):
                rows = []
                for record in ordered[start : start + _LOADED_AT_ONCE]:
                    values = self._raw({**_BLANK_CUSTOMER, "lastModifiedDateTime": moment}, record)
                    stamp += 1
                    guids += 1
                    values["id"] = str(record.get("id") or named_guid(self.seed, "customer", guids)).lower()
                    values["number"] = values["number"] or self.numbers.next()
                    self._complete(values, stamp)
                    rows.append([values[column] for column in _COLUMNS])
                self.database.insert(CUSTOMERS, rows)
            self.database.set_number("stamp", stamp)
            self.database.set_number("customer", guids)
        return len(records)

    def people_create(self, record: Values, /) -> str:
        """A person adds a customer; returns its id. Raises SandboxInputError like `load`."""
        values = self._raw(self.blank_customer(), record)
        with _said_plainly():
            return str(self.insert(values)["id"])

    def people_update(self, customer_id: str, changes: Values, /) -> None:
        """A person edits a customer; balance and ledger flags are no edits: they move no time. KeyError when absent."""
        with self.database.transaction():
            values = self.customer(customer_id)
            if values is None:
                raise KeyError(customer_id)
            if "currencyId" in changes and "currencyCode" not in changes:
                values["currencyCode"] = ""
            is_posting = bool(changes) and changes.keys() <= _BALANCE
            stamp = values["stamp"]
            values = self._raw(values, {name: value for name, value in changes.items() if name != "id"})
            with _said_plainly():
                if is_posting and not self.balance_changes_etag:
                    self._complete(values, stamp)
                    parameters = [values[column] for column in _COLUMNS]
                    self.database.change(f"UPDATE customers SET {_ASSIGNED} WHERE id = ?", (*parameters, values["id"]))
                else:
                    self.save(values, is_modification=not is_posting)

    def people_delete(self, customer_id: str, /) -> None:
        """A person deletes a customer, whatever speaks against it; one that is gone stays gone."""
        self.delete(customer_id)

    def people_get(self, customer_id: str, /) -> Values:
        """The customer as the API shows it, with its ETag. KeyError when absent."""
        values = self.customer(customer_id)
        if values is None:
            raise KeyError(customer_id)
        content: Values = orjson.loads(values["body"])
        return content

    def customer_ids(self) -> list[str]:
        """Ids of all customers, in the order of their numbers."""
        return [row[0] for row in self.database.rows("SELECT id FROM customers ORDER BY number")]

    @staticmethod
    def _raw(values: Values, record: Values) -> Values:
        for name, value in record.items():
            if name in _SETTABLE:
                if name in _DATETIMES and isinstance(value, str):
                    values[name] = int(milliseconds_of(value))
                else:
                    values[name] = int(value) if isinstance(value, bool) else value
            elif not name.startswith("@odata."):
                raise SandboxInputError(f"a customer of Business Central has no property {name!r}")
        return values


def _by_number(record: Values) -> str:
    return str(record.get("number", ""))


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        column = re.sub(r".*customers\.", "", str(error))
        raise SandboxInputError(f"there is another customer of Business Central with the same {column}") from error
