"""Generated customers of both systems as an extraction gives them: twenty fields each, everybody mapped."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Direction, FieldRule, FieldRules
from connector.core.merge import FieldPolicy
from connector.core.terms import Flags, Terms
from connector.rules import load_rules

__all__ = ["CHANGED", "FIELDS", "TERMS", "both_sides", "changed", "mapping_of"]

CHANGED = 100  # one of so many on each side
_BOTH = frozenset(Direction)
# field → webstore path, Business Central property, normaliser, and the values: a pattern and how many are distinct
_KINDS: tuple[tuple[str, str, str, str, str, int], ...] = (
    ("name", "name", "displayName", "text", "Lee and # Sons AS", 0),
    ("email", "email", "email", "email", "person#@shop.example", 0),
    ("phone", "billing.phone", "phoneNumber", "phone", "+47 4#", 0),
    ("address_1", "billing.address_1", "addressLine1", "text", "Street #", 0),
    ("address_2", "billing.address_2", "addressLine2", "text", "", 1),
    ("city", "billing.city", "city", "text", "City #", 5_000),
    ("postcode", "billing.postcode", "postalCode", "postcode", "1#", 900),
    ("country", "billing.country", "country", "country", "NO", 1),
    ("state", "billing.state", "state", "state", "", 1),
    ("vat_number", "meta:vat", "taxRegistrationNumber", "code", "NO9#MVA", 0),
    ("website", "meta:website", "website", "text", "https://shop#.example/", 0),
    ("salesperson", "meta:salesperson", "salespersonCode", "code", "SP#", 40),
    ("currency", "meta:currency", "currencyCode", "code", "NOK", 1),
    ("tax_area", "meta:tax_area", "taxAreaDisplayName", "text", "Area #", 12),
    ("tax_area_id", "meta:tax_area_id", "taxAreaId", "text", "ta-#", 12),
    ("currency_id", "meta:currency_id", "currencyId", "text", "cu-#", 3),
    ("terms", "meta:terms", "paymentTermsId", "text", "pt-#", 8),
    ("shipment", "meta:shipment", "shipmentMethodId", "text", "sm-#", 8),
    ("payment", "meta:payment", "paymentMethodId", "text", "pm-#", 8),
    ("bc_number", "meta:bc_customer_number", "number", "code", "C#", 0),
)


def _rule(field: str, path: str, prop: str, kind: str) -> FieldRule:
    return FieldRule(field, path, prop, _BOTH, "", "", "", 250, kind)


_LOADED = load_rules()
FIELDS = FieldRules(tuple(_rule(*kind[:4]) for kind in _KINDS), "benchmark")
TERMS = Terms(
    FIELDS,
    Flags("Mapped Only", "All", FieldPolicy("ask", "ask", "keep", "withhold")),
    _LOADED.geography.with_company(["NO"]),
)
W_COLUMNS = tuple("billing.company" if kind[1] == "name" else kind[1] for kind in _KINDS)
C_COLUMNS = tuple(kind[2] for kind in _KINDS)


def both_sides(numbers: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """Both extracts of the customers with these numbers, in that order and in agreement."""
    size = len(numbers)
    values = [_texts(pattern, numbers % distinct if distinct else numbers) for *_, pattern, distinct in _KINDS]
    same = {"bc_id": guids(numbers), "etag": _texts('W/"#"', numbers), "type": _texts("Company", numbers)}
    company = dict(zip(C_COLUMNS, values, strict=True)) | same
    webstore = dict(zip(W_COLUMNS, values, strict=True)) | {
        "webstore_id": pa.array(numbers + 1), "role": _texts("customer", numbers), "username": _texts("user#", numbers),
    }  # fmt: skip
    return (
        _table(webstore_customer.schema(FIELDS), size, webstore),
        _table(business_central_customer.schema(FIELDS), size, company),
    )


def guids(numbers: np.ndarray) -> pa.Array:
    """Ids as Business Central gives them, one for each number."""
    mixed = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.uint64)
    texts = [
        f"{int(m) >> 32:08x}-{int(m) >> 16 & 0xFFFF:04x}-{int(m) & 0xFFFF:04x}-9a11-{n:012x}"
        for m, n in zip(mixed, numbers, strict=True)
    ]
    return pa.array(texts, pa.large_string())


def changed(table: pa.Table, column: str, rows: Iterable[int]) -> pa.Table:
    """The same customers, some of them with another value."""
    mask = np.zeros(table.num_rows, dtype=bool)
    mask[list(rows)] = True
    values = table[column].combine_chunks()
    other = pc.binary_join_element_wise(values, pa.scalar("B", pa.large_string()), pa.scalar(" ", pa.large_string()))
    return table.set_column(table.column_names.index(column), column, pc.if_else(pa.array(mask), other, values))


def mapping_of(numbers: np.ndarray) -> pa.Table:
    """The mapping table: everybody linked and ticked."""
    texts = pa.repeat(pa.scalar("", pa.large_string()), len(numbers))
    return pa.table(
        {
            "bc_id": guids(numbers), "bc_number": _texts("C#", numbers), "webstore_id": pa.array(numbers + 1),
            "webstore_customer": pa.repeat(pa.scalar(True), len(numbers)), "name": texts, "username": texts,
        }
    )  # fmt: skip


def _texts(pattern: str, numbers: np.ndarray) -> pa.Array:
    head, mark, tail = pattern.partition("#")
    if not mark:
        return pa.repeat(pa.scalar(pattern, pa.large_string()), len(numbers))
    parts = [
        pa.scalar(head, pa.large_string()),
        pa.array(numbers).cast(pa.large_string()),
        pa.scalar(tail, pa.large_string()),
    ]
    return pc.binary_join_element_wise(*parts, pa.scalar("", pa.large_string()))


def _table(schema: pa.Schema, size: int, columns: dict[str, pa.Array]) -> pa.Table:
    blank = pa.repeat(pa.scalar("", pa.large_string()), size)
    known = {**columns, "meta_known": pa.repeat(pa.scalar(True), size)}
    return pa.table({name: known.get(name, blank).cast(schema.field(name).type) for name in schema.names})
