"""The table of customers: its rows, what follows from their values, and who is told of changes.

A row is a dict of stored values (see entities.py) with the hidden columns:
openEntries, openFiscalYearEntries, projects (0 or 1), outstandingDocument (a document type or ""): what keeps a customer
from being deleted; privacyBlocked (0 or 1); emailLower; stamp, which counts the writes of all tables.
"""

from collections.abc import Callable

from sandbox.business_central.clock import Clock
from sandbox.business_central.database import Database, columns_of
from sandbox.business_central.entities import BLANKS, CUSTOMERS, EXTENSION, NOT_BLOCKED, ZERO_GUID
from sandbox.business_central.number_series import NumberSeries
from sandbox.business_central.references import References, named_guid
from sandbox.business_central.rows import Values, etag_of, rendered
from sandbox.business_central.ship_to_table import ShipToTable

COLUMNS = columns_of(CUSTOMERS)
FLAGS = frozenset({"openEntries", "openFiscalYearEntries", "projects", "privacyBlocked"})
BLANK_CUSTOMER: Values = {
    **{prop.name: BLANKS[prop.kind] for prop in (*CUSTOMERS.properties, *EXTENSION)},
    **dict.fromkeys(FLAGS, 0),
    "outstandingDocument": "",
    "type": "Company",
    "blocked": NOT_BLOCKED,
    "deliveryDay": NOT_BLOCKED,
}
_STORED = ", ".join(f'"{name}"' for name in COLUMNS)
_ASSIGNED = ", ".join(f'"{name}" = ?' for name in COLUMNS)
OnChange = Callable[[str, str, int], None]
"""Called inside the transaction of a change: "created", "updated" or "deleted", the customer's id, when (in ms)."""


class CustomerTable:
    """Customers in the database, with the company's tables, number series and clock that they need."""

    def __init__(self, path: str, *, seed: int) -> None:
        self.database = Database(path)
        self.seed = seed
        self.clock = Clock()
        self.references = References(self.database, seed)
        self.references.fill()
        self.numbers = NumberSeries(self.database)
        self.ship_to_addresses = ShipToTable(self.database, self.clock, self.next_guid)
        self.on_change: list[OnChange] = []

    def next_guid(self, kind: str) -> str:
        """A new GUID, determined by the seed and how many there were before."""
        return named_guid(self.seed, kind, self.database.next_number(kind))

    def customer(self, customer_id: str) -> Values | None:
        """The stored row of a customer, None when there is none."""
        row = self.database.row(f"SELECT {_STORED} FROM customers WHERE id = ?", (customer_id.lower(),))
        return None if row is None else dict(zip(COLUMNS, row, strict=True))

    def customer_ids(self) -> list[str]:
        """Ids of all customers, in the order of their numbers."""
        return [row[0] for row in self.database.rows("SELECT id FROM customers ORDER BY number")]

    def blank_customer(self) -> Values:
        """The row of a customer that nobody has filled in yet."""
        return dict(BLANK_CUSTOMER)

    def is_number_used(self, number: str) -> bool:
        """Whether a customer has the number."""
        return self.database.row("SELECT 1 FROM customers WHERE number = ?", (number,)) is not None

    def insert(self, values: Values, *, moment: int | None = None) -> Values:
        """Insert a customer; id and number are given to one that has none. Raises sqlite3.IntegrityError.

        `moment` is when it happened in milliseconds, by default now.
        """
        with self.database.transaction():
            is_chosen = values["id"] not in ("", ZERO_GUID)
            values["id"] = values["id"].lower() if is_chosen else self.next_guid("customer")
            values["number"] = values["number"] or self.numbers.next()
            values["lastModifiedDateTime"] = self.clock.next_moment() if moment is None else moment
            self.complete(values, self.database.next_number("stamp"))
            self.database.insert(CUSTOMERS, [[values[column] for column in COLUMNS]])
            self._tell("created", values)
        return values

    def save(self, values: Values, *, moment: int | None = None) -> Values:
        """Write a customer's row back: new time, new ETag, and whoever listens is told. Raises sqlite3.IntegrityError."""
        with self.database.transaction():
            values["lastModifiedDateTime"] = self.clock.next_moment() if moment is None else moment
            self.overwrite(values, self.database.next_number("stamp"))
            self._tell("updated", values)
        return values

    def overwrite(self, values: Values, stamp: int) -> None:
        """Write a customer's row back as it is; nobody is told. Raises sqlite3.IntegrityError."""
        self.complete(values, stamp)
        parameters = [values[column] for column in COLUMNS]
        self.database.change(f"UPDATE customers SET {_ASSIGNED} WHERE id = ?", (*parameters, values["id"]))

    def delete(self, customer_id: str) -> None:
        """Delete a customer, if it is there; where it stood in lists is remembered."""
        with self.database.transaction():
            values = self.customer(customer_id)
            if values is None:
                return
            self.database.change("DELETE FROM gone_customers WHERE id = ?", (values["id"],))
            self.database.insert(CUSTOMERS, [[values[column] for column in COLUMNS]], "gone_customers")
            self.database.change("DELETE FROM customers WHERE id = ?", (values["id"],))
            self.database.change("DELETE FROM shipToAddresses WHERE customerId = ?", (values["id"],))
            values["lastModifiedDateTime"] = self.clock.next_moment()
            self._tell("deleted", values)

    def _tell(self, change: str, values: Values) -> None:
        for listener in self.on_change:
            listener(change, values["id"], values["lastModifiedDateTime"])

    def complete(self, values: Values, stamp: int) -> None:
        """Fill in what follows from other values, and the row's ETag and JSON."""
        references = self.references
        if values["currencyCode"] not in ("", references.local_currency):
            values["currencyId"] = references.id_of("currencies", values["currencyCode"]) or values["currencyId"]
        else:
            row = references.by_id("currencies", values["currencyId"])
            values["currencyCode"] = row["code"] if row else references.local_currency
        area = references.by_id("taxAreas", values["taxAreaId"])
        values["taxAreaDisplayName"] = area["displayName"] if area else ""
        values["emailLower"] = values["email"].lower()
        values["salespersonName"] = references.salesperson_name(values["salespersonCode"])
        values["stamp"] = stamp
        values["etag"] = etag_of(values["id"], stamp)
        values["body"] = rendered(CUSTOMERS, values, values["etag"])
