"""The state of one company, and what its people do to it on the screen, past the rules of the API."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson

from sandbox.business_central.custom_page import CustomPage
from sandbox.business_central.customer_table import BLANK_CUSTOMER, COLUMNS, FLAGS, CustomerTable
from sandbox.business_central.database import columns_of
from sandbox.business_central.entities import BLANKS, COMPANIES, CUSTOMERS, EXTENSION, SHIP_TO_ADDRESSES, Kind
from sandbox.business_central.references import named_guid
from sandbox.business_central.rows import Values, milliseconds_of, rendered
from sandbox.moments import Moment
from sandbox.people import SandboxInputError

_PROPERTIES = (*CUSTOMERS.properties, *EXTENSION)
_DATETIMES = frozenset(prop.name for prop in _PROPERTIES if prop.kind is Kind.DATETIME)
_CODES = frozenset(prop.name for prop in _PROPERTIES if prop.kind is Kind.CODE)
_TEXTS = frozenset(prop.name for prop in _PROPERTIES if BLANKS[prop.kind] != 0) | {"outstandingDocument"}
_SETTABLE = frozenset((*(prop.name for prop in _PROPERTIES), "outstandingDocument", *FLAGS))
_POSTED = frozenset({"balanceDue", "outstandingDocument", *FLAGS} - {"privacyBlocked"})
_LOADED_AT_ONCE = 2_000
_VERSION = "28.3.41200.41377"
_FOUNDED = "2025-01-02T08:00:41.213Z"


class Store(CustomerTable):
    """One company in a SQLite file or in memory. Safe to use from several threads.

    The same seed and the same actions give the same GUIDs and numbers; times are those of the clock. Records are in the
    API's shape; besides they may hold what the API does not show: openEntries, openFiscalYearEntries, projects,
    privacyBlocked (true or false) and outstandingDocument (such as "Order", blank for none).
    """

    def __init__(self, path: str, *, seed: int, company: str) -> None:
        super().__init__(path, seed=seed)
        self.balance_changes_etag = True
        self.custom_page: CustomPage | None = None
        self.user_id = named_guid(seed, "user")
        self.company_id = self._found(company)

    def _found(self, name: str) -> str:
        row = self.database.row("SELECT id FROM companies")
        if row is not None:
            return str(row[0])
        moment = int(milliseconds_of(_FOUNDED))
        values: Values = {
            "id": named_guid(self.seed, "company", name),
            "systemVersion": _VERSION,
            "timestamp": 47433,
            "name": name[:30],
            "displayName": name,
            "businessProfileId": "",
            "systemCreatedAt": moment,
            "systemCreatedBy": self.user_id,
            "systemModifiedAt": moment,
            "systemModifiedBy": self.user_id,
        }
        stored = {**values, "etag": "", "body": rendered(COMPANIES, values, "")}
        self.database.insert(COMPANIES, [[stored[column] for column in columns_of(COMPANIES)]])
        return str(values["id"])

    def rename_company(self, name: str) -> None:
        """A person gives the company another name; its id stays."""
        columns = columns_of(COMPANIES)
        row = self.database.row(f"SELECT {', '.join(columns)} FROM companies")
        values: Values = {**dict(zip(columns, row or (), strict=True)), "name": name[:30], "displayName": name}
        stored = {**values, "body": rendered(COMPANIES, values, "")}
        with self.database.transaction():
            self.database.change("DELETE FROM companies")
            self.database.insert(COMPANIES, [[stored[column] for column in columns]])

    def close(self) -> None:
        """Close the database; closing twice is allowed."""
        self.database.close()

    def clear(self) -> None:
        """Forget all customers, subscriptions and running numbers. The company's tables and the tokens stay."""
        with self.database.transaction():
            for table in ("customers", "gone_customers", "shipToAddresses", "subscriptions", "notification", "attempt"):
                self.database.change(f"DELETE FROM {table}")
            self.database.change("DELETE FROM counter WHERE name NOT IN ('token', 'stamp')")
        self.numbers.mend()

    def snapshot(self) -> Moment:
        """The company's database as it is, for `restore`."""
        return self.database.snapshot()

    def restore(self, moment: Moment) -> None:
        """Go back to a moment, as with a restored database or a sandbox that is copied from a backup. Nobody is told.

        Values, ETags and `lastModifiedDateTime` are those of then, numbers of the series that were given since are
        given again; ids are not, since they are drawn by chance. Tokens stay valid and the clock goes on.
        """
        with self.database.transaction():
            self.database.restore(moment)
            self.references.learn()
            self.company_id = str((self.database.row("SELECT id FROM companies") or ("",))[0])

    def expire_tokens(self) -> None:
        """Let all tokens expire at once; new ones are valid."""
        self.database.change("UPDATE token SET expires = 0")

    def load(self, records: Sequence[Values]) -> int:
        """Add customers as they are; returns their number. Nobody is notified.

        Ids, numbers and times are given to records without them. Raises SandboxInputError for a number or id in use,
        unknown properties and values of a wrong type; then none is added.
        """
        with self.database.transaction(), _said_plainly():
            moment, stamp = self.clock.next_moment(), self.database.number("stamp")
            guids = self.database.number("customer")
            self.numbers.follow(record.get("number", "") for record in records)
            ordered = sorted(records, key=_by_number)
            for start in range(0, len(ordered), _LOADED_AT_ONCE):
                rows = []
                for record in ordered[start : start + _LOADED_AT_ONCE]:
                    values = _entered({**BLANK_CUSTOMER, "lastModifiedDateTime": moment}, record)
                    stamp += 1
                    guids += 1
                    values["id"] = str(record.get("id") or named_guid(self.seed, "customer", guids)).lower()
                    values["number"] = values["number"] or self.numbers.next()
                    self.complete(values, stamp)
                    rows.append([values[column] for column in COLUMNS])
                self.database.insert(CUSTOMERS, rows)
            self.database.set_number("stamp", stamp)
            self.database.set_number("customer", guids)
        return len(records)

    def people_create(self, record: Values, /) -> str:
        """A person adds a customer; returns its id. Raises SandboxInputError like `load`."""
        values = _entered(self.blank_customer(), record)
        with _said_plainly():
            return str(self.insert(values, moment=values["lastModifiedDateTime"] or None)["id"])

    def people_update(self, customer_id: str, changes: Values, /) -> None:
        """A person edits a customer, without the checks and side effects of the API. KeyError when it is absent.

        A change of nothing but the balance and the ledger's flags is no edit: somebody posted a document. It moves no
        time and notifies nobody, but by default it changes the ETag.
        """
        with self.database.transaction(), _said_plainly():
            values = self.customer(customer_id)
            if values is None:
                raise KeyError(customer_id)
            if "currencyId" in changes and "currencyCode" not in changes:
                values["currencyCode"] = ""
            elif "currencyCode" in changes:
                values["currencyId"] = BLANKS[Kind.GUID]
            _entered(values, {name: value for name, value in changes.items() if name != "id"})
            if changes and changes.keys() <= _POSTED:
                is_tagged = self.balance_changes_etag
                self.overwrite(values, self.database.next_number("stamp") if is_tagged else values["stamp"])
            else:
                chosen = values["lastModifiedDateTime"] if "lastModifiedDateTime" in changes else None
                self.save(values, moment=chosen)

    def people_replace(self, customer_id: str, record: Values, /, *, keep_old: bool = False) -> tuple[str, str | None]:
        """The number of a customer becomes another customer's, who has an id of its own; gives that id.

        With `keep_old` the one before gets the next number of the series, and its id is given, too; otherwise it is
        gone. KeyError when it is absent, SandboxInputError like `load`.
        """
        with self.database.transaction():
            old = self.customer(customer_id)
            if old is None:
                raise KeyError(customer_id)
            number = old["number"]
            if keep_old:
                self.save({**old, "number": self.numbers.next()})
            else:
                self.delete(customer_id)
            return self.people_create({**record, "number": number}), customer_id if keep_old else None

    def people_ship_to(self, customer_id: str, code: str, changes: Values | None, /) -> None:
        """A person adds or edits a ship-to address of a customer; None takes it away. The customer itself is not touched, and
        nobody is told. KeyError when the customer is absent, SandboxInputError for unknown properties."""
        if self.customer(customer_id) is None:
            raise KeyError(customer_id)
        unknown = set(changes or {}) - set(SHIP_TO_ADDRESSES.names) | (
            {"id", "customerId", "code"} & set(changes or {})
        )
        if unknown:
            raise SandboxInputError(f"of a ship-to address {', '.join(sorted(unknown))} cannot be set")
        with self.database.transaction():
            there = self.ship_to_addresses.of_customer(customer_id, code.upper())
            if changes is None:
                self.ship_to_addresses.delete([row["id"] for row in there])
                return
            row = there[0] if there else self.ship_to_addresses.blank(customer_id, code.upper())
            self.ship_to_addresses.write({**row, **changes})

    def people_delete(self, customer_id: str, /) -> None:
        """A person deletes a customer, whatever speaks against it; one that is gone stays gone."""
        self.delete(customer_id)

    def people_get(self, customer_id: str, /) -> Values:
        """The customer as the API shows it, with its ETag. KeyError when it is absent."""
        values = self.customer(customer_id)
        if values is None:
            raise KeyError(customer_id)
        content: Values = orjson.loads(values["body"])
        return content


def _entered(values: Values, record: Values) -> Values:
    """The values with those of the record instead, unchecked but for their type; codes exist in upper case only."""
    for name, value in record.items():
        if name not in _SETTABLE:
            if name.startswith("@odata."):
                continue
            raise SandboxInputError(f"a customer of Business Central has no property {name!r}")
        if name in _DATETIMES:
            values[name] = _milliseconds(name, value)
        elif name in _CODES and isinstance(value, str):
            values[name] = value.strip().upper()
        elif isinstance(value, str) == (name in _TEXTS):
            values[name] = int(value) if isinstance(value, bool) else value
        else:
            raise SandboxInputError(f"{name} of a customer of Business Central cannot be {value!r}")
    return values


def _milliseconds(name: str, value: object) -> int:
    try:
        return int(milliseconds_of(str(value)))
    except ValueError as error:
        raise SandboxInputError(f"{name} of a customer of Business Central cannot be {value!r}") from error


def _by_number(record: Values) -> str:
    return str(record.get("number", ""))


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        column = re.sub(r".*customers\.", "", str(error))
        raise SandboxInputError(f"there is another customer of Business Central with the same {column}") from error
