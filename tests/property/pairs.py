"""Linked pairs in both systems, their bases, and a synchronisation of them: plan, requests, new bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pandas as pd

from connector.core import business_central_customer, webstore_customer
from connector.core.comparison import compare
from connector.core.customer import Direction, Side
from connector.core.extracts import Extract, Known, extract_of
from connector.core.merge import FieldPolicy
from connector.core.normalize import NORMALIZERS, fingerprint
from connector.core.plan import Plan
from connector.core.terms import Flags, Terms
from connector.rules import Rules
from tests.property.servers import Company, Shop

BASE_COLUMNS = ["bc_id", "webstore_id", "webstore", "business_central", "webstore_hash", "business_central_hash"]
Values = dict[str, str]


class Pairs:
    """Customers that are linked one to one, in order: webstore id 0, 1, 2 … and Business Central id "0", "1", "2" …"""

    def __init__(self, shops: Sequence[Shop], companies: Sequence[Company], rules: Rules, policy: FieldPolicy) -> None:
        self.shops, self.companies = list(shops), list(companies)
        self.rules, self.policy = rules, policy
        flags = Flags("Mapped Only", "All", policy)
        self.terms = Terms(rules.fields, flags, rules.geography)
        self.bases: list[tuple[Values, Values]] = [({}, {}) for _ in shops]
        # what the records of a side said when they were read last: while they stay, they are not read again
        self._read: dict[Side, tuple[bytes, Extract]] = {}

    def synchronize(self) -> Plan:
        """Plan, send every write, move the bases as the product does."""
        plan = self.plan()
        for agreement in plan.agreements:
            self._agree(agreement.webstore_id, agreement.webstore, agreement.business_central)
        for write in plan.writes:
            row = int(write.webstore_id or 0)
            if write.direction is Direction.PUSH:
                self.shops[row].put(write.payload)
            else:
                self.companies[row].patch(write.payload)
        w, c = self.values(Side.WEBSTORE), self.values(Side.BUSINESS_CENTRAL)
        for write in plan.writes:
            row, pushed = int(write.webstore_id or 0), write.direction is Direction.PUSH
            stored = {name: (w if pushed else c)[row][name] for name in write.source}
            self._agree(row, *((stored, write.source) if pushed else (write.source, stored)))
        return plan

    def plan(self) -> Plan:
        """What a run would do."""
        stored = pd.DataFrame([self._base_row(row) for row, b in enumerate(self.bases) if b[0]], columns=BASE_COLUMNS)
        rows = range(len(self.shops))
        mapping = pd.DataFrame(
            {
                "bc_id": pd.array([str(row) for row in rows], dtype="string"),
                "bc_number": pd.array([f"C{row}" for row in rows], dtype="string"),
                "webstore_id": pd.array(list(rows), dtype="Int64"),
                "webstore_customer": pd.array([True for _ in rows], dtype="bool"),
            }
        )
        known = Known(
            mapping=mapping, base_hashes=stored, read_bases=lambda ids: stored[stored["bc_id"].isin(list(ids))]
        )
        return compare(self.extract(Side.WEBSTORE), self.extract(Side.BUSINESS_CENTRAL), known, self.terms)

    def values(self, side: Side) -> list[Values]:
        """Canonical values of one side's customers."""
        names = self.terms.rules.names
        return [{name: row[name] for name in names} for row in self.extract(side).canonical.to_pylist()]

    def keys(self, values: Mapping[str, str]) -> Values:
        """Comparison keys."""
        return {name: NORMALIZERS[self.terms.rules.normalizers[name]](value) for name, value in values.items()}

    def records(self) -> list[Any]:
        """Everything that both servers hold, as it stands."""
        return orjson.loads(orjson.dumps([[shop.record for shop in self.shops], [c.record for c in self.companies]]))

    def extract(self, side: Side) -> Extract:
        """One side, read."""
        records = [one.record for one in (self.shops if side is Side.WEBSTORE else self.companies)]
        columns = (webstore_customer if side is Side.WEBSTORE else business_central_customer).columns
        said = orjson.dumps(records)
        if side not in self._read or self._read[side][0] != said:
            self._read[side] = said, extract_of(side, columns(records, self.terms.rules), self.terms)
        return self._read[side][1]

    def _agree(self, row: int, webstore: Mapping[str, str], business_central: Mapping[str, str]) -> None:
        self.bases[row] = ({**self.bases[row][0], **webstore}, {**self.bases[row][1], **business_central})

    def _base_row(self, row: int) -> tuple[Any, ...]:
        kinds = self.terms.rules.normalizers
        hashes = [
            fingerprint(NORMALIZERS[kind](side[name]) if name in side else None for name, kind in kinds.items())
            for side in self.bases[row]
        ]
        return (str(row), row, *(orjson.dumps(side).decode() for side in self.bases[row]), *hashes)
