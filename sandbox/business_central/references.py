"""The company's own tables: currencies, terms, methods, areas, countries, salespeople, post codes, VAT formats.

A new company has those of data/business_central_company.json. Their codes are looked up in memory, their rows stand in
the database like all entities.
"""

import json
import uuid
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sandbox.business_central.database import Database, columns_of
from sandbox.business_central.entities import BLANKS, COMPANY_SETS, REFERENCE_SETS, ZERO_GUID
from sandbox.business_central.rows import Values, etag_of, milliseconds_of, rendered

_FOUNDED = int(milliseconds_of("2025-01-02T08:00:41.213Z"))


@cache
def company_data() -> dict[str, Any]:
    """The tables of a new company."""
    path = Path(__file__).parents[1] / "data" / "business_central_company.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def named_guid(seed: int, *parts: object) -> str:
    """The GUID that belongs to a seed and a name."""
    digest = blake2b(repr((seed, *parts)).encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))


@dataclass
class References:
    """Codes and ids of the company's tables."""

    database: Database
    seed: int
    local_currency: str = field(default_factory=lambda: str(company_data()["localCurrency"]))
    company_country: str = field(default_factory=lambda: str(company_data()["country"]))
    formats: dict[str, list[str]] = field(default_factory=lambda: dict(company_data()["vatFormats"]))
    """Country → formats of its VAT numbers: # is a digit, @ a letter or digit."""
    _rows: dict[str, dict[str, Values]] = field(default_factory=dict)
    _ids: dict[str, dict[str, str]] = field(default_factory=dict)

    def fill(self) -> None:
        """Put the tables of a new company into a database that has none, and learn those of one that has."""
        if self.database.row("SELECT 1 FROM countriesRegions") is None:
            with self.database.transaction():
                for entity in REFERENCE_SETS:
                    for record in company_data()[entity.name]:
                        self.put(entity.name, record)
                for row in company_data()["postCodes"]:
                    self.put_post_code(**row)
        if self.database.row("SELECT 1 FROM companyInformation") is None:
            with self.database.transaction():
                told = {"country": self.company_country, "currencyCode": self.local_currency}
                self.put("companyInformation", {"id": named_guid(self.seed, "companyInformation"), **told})
        self.learn()

    def learn(self) -> None:
        """Read anew which codes and ids the tables have."""
        self._rows.clear()
        self._ids.clear()
        for entity in REFERENCE_SETS:
            names = ", ".join(f'"{name}"' for name in entity.names)
            for values in self.database.rows(f"SELECT {names} FROM {entity.name}"):
                self._learn(entity.name, dict(zip(entity.names, values, strict=True)))

    def put(self, set_name: str, record: Values) -> str:
        """Add or replace a row of a table, as a person does who sets the company up; returns its id."""
        entity = COMPANY_SETS[set_name]
        blank: Values = {prop.name: BLANKS[prop.kind] for prop in entity.properties}
        if "taxType" in blank:
            blank["taxType"] = "VAT"
        known = {name: value for name, value in record.items() if name in entity.by_name}
        row = {**blank, "lastModifiedDateTime": _FOUNDED, **known}
        row["id"] = (
            record.get("id") or self.id_of(set_name, row["code"]) or named_guid(self.seed, set_name, row["code"])
        )
        etag = etag_of(row["id"], self.database.next_number("stamp"))
        stored = {**row, "etag": etag, "body": rendered(entity, row, etag)}
        self.database.change(f"DELETE FROM {entity.name} WHERE id = ?", (row["id"],))
        self.database.insert(entity, [[stored[name] for name in columns_of(entity)]])
        self._learn(set_name, row)
        return str(row["id"])

    def _learn(self, set_name: str, row: Values) -> None:
        self._rows.setdefault(set_name, {})[row["id"]] = row
        self._ids.setdefault(set_name, {})[str(row.get("code", ""))] = row["id"]

    def put_post_code(self, *, code: str, city: str, county: str, country: str) -> None:
        """Add a row to the table of post codes."""
        self.database.change("INSERT OR REPLACE INTO post_code VALUES (?, ?, ?, ?)", (code, city, county, country))

    def post_code(self, code: str, country: str) -> tuple[str, str, str] | None:
        """City, county and country of the first row with the code, of the customer's country if that has one."""
        row = self.database.row(
            "SELECT city, county, country FROM post_code WHERE code = ? ORDER BY country <> ?, city, country LIMIT 1",
            (code, country),
        )
        return None if row is None else (row[0], row[1], row[2])

    def id_of(self, set_name: str, code: str) -> str | None:
        """The id of a code; None when the table has no such code."""
        return self._ids.get(set_name, {}).get(code)

    def by_id(self, set_name: str, guid: str) -> Values | None:
        """The row of an id; None when the table has no such id."""
        return self._rows.get(set_name, {}).get(guid)

    def salesperson_name(self, code: str) -> str:
        """What a salesperson is called; "" for nobody."""
        row = self.by_id("salespeoplePurchasers", self.id_of("salespeoplePurchasers", code) or "") if code else None
        return str(row["displayName"])[:50] if row else ""

    def is_salesperson_blocked(self, code: str) -> bool:
        """Whether the salesperson may not be given to customers any more."""
        return any(row["code"] == code and row["blocked"] for row in company_data()["salespeoplePurchasers"])

    def direct_debit_terms(self, payment_method_id: str) -> str:
        """Id of the payment terms that a direct-debit payment method brings; zeros when it brings none."""
        method = self.by_id("paymentMethods", payment_method_id)
        for row in company_data()["paymentMethods"]:
            if method is not None and row["code"] == method["code"] and "directDebitPaymentTerms" in row:
                return self.id_of("paymentTerms", row["directDebitPaymentTerms"]) or ZERO_GUID
        return ZERO_GUID

    def vat_formats(self, country: str) -> list[str]:
        """The formats of a country's VAT numbers; empty when all are accepted."""
        return list(self.formats.get(country, ()))
