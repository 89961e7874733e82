"""WooCommerce customers as columns, as canonical values, and back as payloads.

`columns` keeps what the API said, untouched; `canonical` says what it means. A record that is not shaped like a customer
keeps its row with the reason in `malformed`; it takes no part in the run and stops nobody else.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from connector.core.customer import FieldRules, text_of
from connector.core.geography import Geography
from connector.core.names import compose, split
from connector.core.normalize import by_unique, clean, clean_email, code_key, email_key

__all__ = ["API_FIELDS", "SCHEMA", "canonical", "columns", "payload"]

# `_fields` of list requests: half the bytes of whole records (measured on WooCommerce 10.5: 59 instead of 105 KB a page)
API_FIELDS = ("id", "email", "first_name", "last_name", "role", "username", "billing", "date_modified_gmt")

_TOP = ("email", "first_name", "last_name", "role", "username")
_BILLING = (
    "first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state", "email", "phone",
)  # fmt: skip
SCHEMA = pa.schema(
    [("webstore_id", pa.int64())]
    + [(name, pa.large_string()) for name in _TOP]
    + [(f"billing.{name}", pa.large_string()) for name in _BILLING]
    + [("modified", pa.large_string()), ("malformed", pa.large_string())]
)


def columns(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """One page of the API as columns.

    Returns:
        One row per record that has an integer id, columns as in SCHEMA: `webstore_id`, the top-level texts, `billing.*`,
        `modified` (UTC, "" when never saved through WooCommerce) and `malformed` ("" or why the record cannot be used).
    """
    rows: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for record in records:
        identifier = record.get("id")
        if not isinstance(identifier, int) or isinstance(identifier, bool):
            continue
        wrong: list[str] = []
        billing = record.get("billing")
        if not isinstance(billing, Mapping):
            wrong += ["billing"] if billing else []
            billing = {}
        rows["webstore_id"].append(identifier)
        for name in _TOP:
            rows[name].append(text_of(record.get(name), name, wrong))
        for name in _BILLING:
            rows[f"billing.{name}"].append(text_of(billing.get(name), f"billing.{name}", wrong))
        rows["modified"].append(text_of(record.get("date_modified_gmt"), "date_modified_gmt", wrong))
        rows["malformed"].append(f"not a text: {', '.join(wrong)}" if wrong else "")
    return pa.table(rows, schema=SCHEMA)


def canonical(table: pa.Table, rules: FieldRules, geography: Geography) -> pa.Table:
    """Canonical values of webstore customers.

    Args:
        table: columns as in SCHEMA.

    Returns:
        The same rows in the same order: `webstore_id`, then one text column per field of the rules ("" = blank).
    """
    countries = by_unique(table["billing.country"], code_key)
    result: dict[str, pa.Array] = {"webstore_id": table["webstore_id"].combine_chunks()}
    for rule in rules.rules:
        if rule.webstore == "name":
            result[rule.field] = _names(table)
        elif rule.normalizer == "country":
            result[rule.field] = countries
        elif rule.normalizer == "state":
            result[rule.field] = pa.array(
                geography.state_codes(countries.to_pylist(), by_unique(table[rule.webstore], clean).to_pylist()),
                type=pa.large_string(),
            )
        elif rule.normalizer == "email":
            result[rule.field] = by_unique(table[rule.webstore], clean_email)
        else:
            result[rule.field] = by_unique(table[rule.webstore], clean)
    return pa.table(result)


def _names(table: pa.Table) -> pa.Array:
    """billing.company, else the account's first and last name, else the billing ones."""
    company = by_unique(table["billing.company"], clean).to_pylist()
    parts = [
        by_unique(table["first_name"], account_text).to_pylist(),
        by_unique(table["last_name"], account_text).to_pylist(),
        by_unique(table["billing.first_name"], clean).to_pylist(),
        by_unique(table["billing.last_name"], clean).to_pylist(),
    ]
    names = [
        owner or f"{first} {last}".strip() or f"{billing_first} {billing_last}".strip()
        for owner, first, last, billing_first, billing_last in zip(company, *parts, strict=True)
    ]
    return pa.array(names, type=pa.large_string())


def account_text(value: str) -> str:
    """A first or last name of an account as a person wrote it: WordPress stores `&`, `<` and `>` as entities."""
    return clean(html.unescape(value) if "&" in value else value)


def payload(
    values: Mapping[str, str], rules: FieldRules, current: Mapping[str, Any] | None, *, company: bool
) -> dict[str, Any]:
    """The request body that sets canonical values; it holds nothing else, and never an id.

    Args:
        values: canonical field → new value.
        current: the customer's row as in SCHEMA, or None for a customer that is to be created.
        company: for a customer without any name yet: whether the name is a company's.
    """
    body: dict[str, Any] = {}
    billing: dict[str, str] = {}
    by_name = rules.by_name
    for field, value in values.items():
        path = by_name[field].webstore
        if path == "name":
            _put_name(body, billing, value, current or {}, company)
        elif path == "email":
            body["email"] = value
            # the billing address follows the account only while the two are one
            if current is None or email_key(current["billing.email"]) == email_key(current["email"]):
                billing["email"] = value
        elif path.startswith("billing."):
            billing[path.removeprefix("billing.")] = value
        else:
            body[path] = value
    if billing:
        body["billing"] = billing
    return body


def _put_name(
    body: dict[str, Any], billing: dict[str, str], name: str, current: Mapping[str, Any], company: bool
) -> None:
    """A name goes where the customer keeps its name now: company, account name, or billing name."""
    account = (account_text(current.get("first_name", "")), account_text(current.get("last_name", "")))
    invoice = (clean(current.get("billing.first_name", "")), clean(current.get("billing.last_name", "")))
    if clean(current.get("billing.company", "")) or (company and not any(account) and not any(invoice)):
        billing["company"] = name
        return
    known = account if any(account) else invoice
    if compose(*known) == name:
        return
    first, last = split(name, *known)
    if any(account) or not any(invoice):
        body["first_name"], body["last_name"] = first, last
    if invoice == account or not any(account):
        billing["first_name"], billing["last_name"] = first, last
