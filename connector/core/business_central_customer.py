"""Business Central customers as columns, as canonical values, and back as payloads.

The order of the properties in a payload matters: Business Central validates them in that order, a changed country clears
city, postal code and state, and a known postal code overwrites city and state. So the four always travel together, in the
order country, postalCode, city, state, and what the sender means stands last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from connector.core.customer import FieldRules, text_of
from connector.core.geography import Geography
from connector.core.normalize import by_unique, clean, clean_email

__all__ = ["API_FIELDS", "SCHEMA", "canonical", "columns", "payload"]

_TEXTS = (
    "number", "displayName", "type", "addressLine1", "addressLine2", "city", "state", "country", "postalCode",
    "phoneNumber", "email", "taxRegistrationNumber", "blocked", "lastModifiedDateTime",
)  # fmt: skip
API_FIELDS = ("id", *_TEXTS)
SCHEMA = pa.schema(
    [("bc_id", pa.large_string()), ("etag", pa.large_string())]
    + [(name, pa.large_string()) for name in _TEXTS]
    + [("malformed", pa.large_string())]
)
_ADDRESS_ORDER = ("country", "postalCode", "city", "state")


def columns(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """One page of the API as columns.

    Returns:
        One row per record that has an id, columns as in SCHEMA: `bc_id` (lower case), `etag`, the properties by their own
        names and `malformed` ("" or why the record cannot be used).
    """
    rows: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for record in records:
        identifier = record.get("id")
        if not isinstance(identifier, str) or not identifier:
            continue
        wrong: list[str] = []
        rows["bc_id"].append(identifier.lower())
        rows["etag"].append(text_of(record.get("@odata.etag"), "@odata.etag", wrong))
        for name in _TEXTS:
            rows[name].append(text_of(record.get(name), name, wrong))
        rows["malformed"].append(f"not a text: {', '.join(wrong)}" if wrong else "")
    return pa.table(rows, schema=SCHEMA)


def canonical(table: pa.Table, rules: FieldRules, geography: Geography) -> pa.Table:
    """Canonical values of Business Central customers.

    Args:
        table: columns as in SCHEMA.

    Returns:
        The same rows in the same order: `bc_id`, then one text column per field of the rules ("" = blank).
    """
    countries = by_unique(table["country"], lambda code: geography.iso_country(clean(code)))
    result: dict[str, pa.Array] = {"bc_id": table["bc_id"].combine_chunks()}
    for rule in rules.rules:
        column = table[rule.business_central]
        if rule.normalizer == "country":
            result[rule.field] = countries
        elif rule.normalizer == "state":
            result[rule.field] = pa.array(
                geography.state_codes(countries.to_pylist(), by_unique(column, clean).to_pylist()),
                type=pa.large_string(),
            )
        elif rule.normalizer == "email":
            result[rule.field] = by_unique(column, clean_email)
        else:
            result[rule.field] = by_unique(column, clean)
    return pa.table(result)


def payload(
    values: Mapping[str, str],
    rules: FieldRules,
    geography: Geography,
    current: Mapping[str, Any] | None,
    *,
    company: bool = False,
) -> dict[str, Any]:
    """The request body that sets canonical values, in the order in which Business Central must validate them.

    Args:
        values: canonical field → new value.
        current: canonical values and the raw `email` under "raw.email" of the customer as it is, or None for a create.
        company: for a create: whether the customer is a company.
    """
    by_name = rules.by_name
    wanted = dict(values)
    address = {rule.field for rule in rules.rules if rule.business_central in _ADDRESS_ORDER}
    if current is not None and any(by_name[field].business_central in {"country", "postalCode"} for field in values):
        wanted = {field: current[field] for field in address} | wanted
    country = next(
        (
            (wanted.get(rule.field) or (current or {}).get(rule.field, ""))
            for rule in rules.rules
            if rule.normalizer == "country"
        ),
        "",
    )
    body: dict[str, Any] = {}
    if current is None:
        body["type"] = "Company" if company else "Person"
    for field, value in wanted.items():
        rule = by_name[field]
        if rule.normalizer == "country":
            body[rule.business_central] = geography.company_country(value) or ""
        elif rule.normalizer == "state":
            body[rule.business_central] = geography.state_name(country, value)
        elif rule.normalizer == "email":
            body[rule.business_central] = _with_other_addresses(value, (current or {}).get("raw.email", ""))
        else:
            body[rule.business_central] = value
    if current is None:
        body = {name: value for name, value in body.items() if value != ""}
    last = {name: body.pop(name) for name in _ADDRESS_ORDER if name in body}
    return body | last


def _with_other_addresses(email: str, current: str) -> str:
    """A Business Central e-mail field may hold several addresses; only the first is the customer's own, the rest stay."""
    first = clean_email(current)
    rest = clean(current)[len(first) :].lstrip("; ,") if clean(current).startswith(first) else ""
    return f"{email};{rest}" if rest and email else email or rest
