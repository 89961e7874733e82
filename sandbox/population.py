"""The customers that a sandbox starts with, on both sides; filled in at the start and again at every reset."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.business_central.store import Store as BusinessCentralStore
from sandbox.people import (
    RECORDED_WEBSTORE_CUSTOMERS,
    SandboxInputError,
    generated_webstore_customers,
    load_business_central_customers,
    load_webstore_customers,
    overlapping_business_central_customers,
)
from sandbox.woocommerce.people import PeopledStore

Customers = int | Path | None
# records are made in memory before they are stored
_MOST = 5_000_000


@dataclass(frozen=True)
class Population:
    """A number generates so many customers by the seed, a path is a file of JSON lines.

    None gives the recorded customers to the webstore, and to the company customers that partly are the webstore's.
    Records are made anew each time instead of being kept: 100,000 of them are some hundred megabytes.
    """

    webstore: Customers
    business_central: Customers
    seed: int
    empty: bool = False

    def __post_init__(self) -> None:
        for source in (self.webstore, self.business_central):
            if isinstance(source, int) and source < 0:
                raise SandboxInputError(f"a number of customers cannot be below zero: {source}")
            if isinstance(source, int) and source > _MOST:
                raise SandboxInputError(f"a sandbox holds {_MOST:,} customers at most on either side")

    def fill(self, webstore: PeopledStore, business_central: BusinessCentralStore) -> None:
        """Replace the customers of both stores by the initial ones."""
        records = [] if self.empty else self._webstore_records()
        self._put(webstore, records)
        self._put(business_central, [] if self.empty else self._business_central_records(records))

    def refill_webstore(self, store: PeopledStore, *, empty: bool) -> int:
        """Replace the webstore's customers by the initial ones, or by none; returns their number."""
        return self._put(store, [] if empty or self.empty else self._webstore_records())

    def refill_business_central(self, store: BusinessCentralStore, *, empty: bool) -> int:
        """Replace the company's customers by the initial ones, or by none; returns their number."""
        is_empty = empty or self.empty
        return self._put(store, [] if is_empty else self._business_central_records(self._webstore_records()))

    @staticmethod
    def _put(store: PeopledStore | BusinessCentralStore, records: list[dict[str, Any]]) -> int:
        store.clear()
        return store.load(records) if records else 0

    def _webstore_records(self) -> list[dict[str, Any]]:
        if isinstance(self.webstore, int):
            return generated_webstore_customers(self.webstore, self.seed)
        return load_webstore_customers(self.webstore or RECORDED_WEBSTORE_CUSTOMERS)

    def _business_central_records(self, webstore_records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if isinstance(self.business_central, Path):
            return load_business_central_customers(self.business_central)
        return overlapping_business_central_customers(webstore_records, self.business_central, self.seed)
