"""The table of ship-to addresses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.business_central.clock import Clock
from sandbox.business_central.database import Database, columns_of
from sandbox.business_central.entities import BLANKS, SHIP_TO_ADDRESSES
from sandbox.business_central.rows import Values, etag_of, rendered

_COLUMNS = columns_of(SHIP_TO_ADDRESSES)
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)


@dataclass(frozen=True)
class ShipToTable:
    """The rows."""

    database: Database
    clock: Clock
    next_guid: Callable[[str], str]

    def of_customer(self, customer_id: str, code: str = "") -> list[Values]:
        """The addresses of a customer in the order of their codes, or the one with a code."""
        rows = self.database.rows(
            f"SELECT {_NAMES} FROM shipToAddresses WHERE customerId = ? AND (? = '' OR code = ?) ORDER BY code",
            (customer_id.lower(), code, code),
        )
        return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]

    def blank(self, customer_id: str, code: str) -> Values:
        """An address that nobody has filled in yet."""
        values: Values = {prop.name: BLANKS[prop.kind] for prop in SHIP_TO_ADDRESSES.properties}
        return {**values, "id": self.next_guid("ship-to"), "customerId": customer_id.lower(), "code": code}

    def write(self, values: Values) -> Values:
        """Insert a row or write it back: new time, new ETag."""
        row = {name: values[name] for name in SHIP_TO_ADDRESSES.names}
        row["lastModifiedDateTime"] = self.clock.next_moment()
        row["etag"] = etag_of(row["id"], self.database.next_number("stamp"))
        row["body"] = rendered(SHIP_TO_ADDRESSES, row, row["etag"])
        with self.database.transaction():
            self.delete([row["id"]])
            self.database.insert(SHIP_TO_ADDRESSES, [[row[name] for name in _COLUMNS]])
        return row

    def delete(self, ids: Sequence[str]) -> None:
        """Delete some rows."""
        for identifier in ids:
            self.database.change("DELETE FROM shipToAddresses WHERE id = ?", (identifier,))
