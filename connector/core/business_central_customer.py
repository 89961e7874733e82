"""Business Central customers as columns, as canonical values, and back as payloads.

Business Central enters the properties of a payload in their order, and one may change others: business_central_order.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core import typed_values
from connector.core.business_central_order import NO_GUID, companions, in_order
from connector.core.comma_names import columns_turned, in_the_same_style
from connector.core.customer import FieldRule, FieldRules, scalar_of, text_of, texts_of
from connector.core.geography import Geography
from connector.core.mail_address import further_addresses
from connector.core.normalize import CANONICAL, by_unique, clean, code_key

__all__ = ["API_FIELDS", "PROPERTIES", "SCHEMA", "Property", "api_fields", "canonical", "columns", "payload", "schema"]


@dataclass(frozen=True)
class Property:
    """A property of API v2.0's customer that the field map may name.

    Attributes:
        kind: `text`, `code` (Business Central upper-cases it), `decimal`, `boolean`, `option` or `guid`.
        length: characters (UTF-16 units) that Business Central keeps; 0 = the kind sets the limit.
        writable: False = it can be pushed, not pulled.
        options: of an option.
    """

    kind: str
    length: int = 0
    writable: bool = True
    options: tuple[str, ...] = ()


PROPERTIES: Mapping[str, Property] = {
    "number": Property("code", 20, writable=False),  # a new number would rename the customer
    "displayName": Property("text", 100),
    "type": Property("option", writable=False, options=("Company", "Person")),
    "addressLine1": Property("text", 100),
    "addressLine2": Property("text", 50),
    "city": Property("text", 30),
    "state": Property("text", 30),
    "country": Property("code", 10),
    "postalCode": Property("code", 20),
    "phoneNumber": Property("text", 30),
    "email": Property("text", 80),
    "website": Property("text", 255),
    "salespersonCode": Property("code", 20),
    "balanceDue": Property("decimal", writable=False),
    "creditLimit": Property("decimal"),
    "taxLiable": Property("boolean"),
    "taxAreaId": Property("guid"),
    "taxAreaDisplayName": Property("text", 100, writable=False),
    "taxRegistrationNumber": Property("code", 20),
    "currencyId": Property("guid"),
    "currencyCode": Property("code", 10),
    "paymentTermsId": Property("guid"),
    "shipmentMethodId": Property("guid"),
    "paymentMethodId": Property("guid"),
    "blocked": Property("option", options=("Ship", "Invoice", "All")),
}
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
_PREFIX = 2  # letters of a country at the beginning of a VAT number
# "not blocked" is an enum member without a name: documented as " ", seen in answers as the second
_NO_OPTION = frozenset({" ", "_x0020_"})


def _more(rules: FieldRules | None) -> tuple[str, ...]:
    """The properties that the rules read and SCHEMA does not have."""
    names = [] if rules is None else [rule.business_central for rule in rules.rules]
    return tuple(name for name in dict.fromkeys(names) if name not in _TEXTS)


def schema(rules: FieldRules | None = None) -> pa.Schema:
    """SCHEMA and one text column for each further property that the rules read."""
    return pa.schema([*SCHEMA, *((pa.field(name, pa.large_string())) for name in _more(rules))])


def api_fields(rules: FieldRules) -> tuple[str, ...]:
    """What list requests must select so that `columns` has all that these rules read."""
    return API_FIELDS + _more(rules)


def columns(records: Sequence[Mapping[str, Any]], rules: FieldRules | None = None) -> pa.Table:
    """One page of the API as columns.

    Returns:
        One row per record that has an id, columns as in `schema(rules)`: `bc_id` (lower case), `etag`, the properties by
        their own names, all as text (`true`, `12.5`), and `malformed` ("" or why the record cannot be used).
    """
    wanted = schema(rules)
    readers = [(name, _reader(name)) for name in (*_TEXTS, *_more(rules))]
    plainly = _plain_columns(records, wanted, readers)
    if plainly is not None:
        return plainly
    rows: dict[str, list[Any]] = {name: [] for name in wanted.names}
    for record in records:
        identifier = record.get("id")
        if not isinstance(identifier, str) or not text_of(identifier, "id", []):
            continue
        wrong: list[str] = []
        rows["bc_id"].append(identifier.lower())
        rows["etag"].append(text_of(record.get("@odata.etag"), "@odata.etag", wrong))
        for name, read in readers:
            rows[name].append(read(record.get(name), name, wrong))
        rows["malformed"].append(f"not a text: {', '.join(wrong)}" if wrong else "")
    return pa.table(rows, schema=wanted)


def _plain_columns(
    records: Sequence[Mapping[str, Any]], wanted: pa.Schema, readers: Sequence[tuple[str, Any]]
) -> pa.Table | None:
    """The same for a page of records that are all shaped as they should be, column by column; None for any other page."""
    ids: list[Any] = [record.get("id") for record in records]
    if not all(type(identifier) is str and identifier for identifier in ids):
        return None
    wrong: list[str] = []
    found: dict[str, Any] = {
        "bc_id": texts_of([identifier.lower() for identifier in ids]),
        "etag": texts_of([record.get("@odata.etag") for record in records]),
    }
    for name, read in readers:
        values = [record.get(name) for record in records]
        found[name] = texts_of(values) if read is text_of else [read(value, name, wrong) for value in values]
    found["malformed"] = [""] * len(ids)
    if wrong or any(column is None for column in found.values()):
        return None
    return pa.table(found, schema=wanted)


def _reader(name: str) -> Any:
    found = PROPERTIES.get(name)
    return scalar_of if found and found.kind in {"decimal", "boolean"} else text_of


def canonical(table: pa.Table, rules: FieldRules, geography: Geography) -> pa.Table:
    """Canonical values of Business Central customers.

    Args:
        table: columns as in `schema(rules)`.

    Returns:
        The same rows in the same order: `bc_id`, then one text column per field of the rules ("" = blank).
    """
    countries = by_unique(table["country"], lambda code: geography.iso_country(code_key(code)))
    persons = pc.equal(table["type"].combine_chunks(), "Person")
    result: dict[str, pa.Array] = {"bc_id": table["bc_id"].combine_chunks()}
    for rule in rules.rules:
        column = table[rule.business_central]
        if rule.normalizer == "country":
            result[rule.field] = countries
        elif rule.normalizer == "state":
            states = geography.state_codes(countries.to_pylist(), by_unique(column, clean).to_pylist())
            result[rule.field] = pa.array(states, type=pa.large_string())
        elif rule.webstore == "name" and rule.business_central == "displayName":
            result[rule.field] = columns_turned(by_unique(column, clean), persons, countries, rules.cultures)
        else:
            result[rule.field] = by_unique(column, _meaning(rule))
    return pa.table(result)


def _meaning(rule: FieldRule) -> Any:
    """How the text of one property becomes a canonical value."""
    kind = PROPERTIES[rule.business_central].kind
    spell = CANONICAL[rule.normalizer]
    if kind == "option":
        return lambda value: "" if value in _NO_OPTION else typed_values.option_of(clean(value), rule.options)
    if kind == "guid":
        return lambda value: "" if value == NO_GUID else spell(value)
    return spell


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
        values: canonical field → new value. A customer to be created gets the defaults of the rules besides, and of blanks
            only those that Business Central would fill.
        current: canonical values of the customer as it is, and the raw `email`, `state`, `type` and `displayName` under
            "raw.email" and so on; None for a create.
        company: for a create: whether the customer is a company.
    """
    by_name = rules.by_name
    wanted = dict(values)
    body: dict[str, Any] = {}
    if current is None:
        body["type"] = "Company" if company else "Person"
        wanted = {rule.field: rule.default for rule in rules.rules if rule.default and rule.pulls} | wanted
        wanted = {field: value for field, value in wanted.items() if value}
    along = companions(by_name[field].business_central for field in wanted)
    if current is None:  # a blank that Business Central would fill by itself is blank on the other side
        along -= {"country", "postalCode"}
    there = current or {}
    wanted = {rule.field: there.get(rule.field, "") for rule in rules.rules if rule.business_central in along} | wanted
    country = (wanted.get(rules.country) or (current or {}).get(rules.country, "")) if rules.country else ""
    for field, value in wanted.items():
        rule = by_name[field]
        body[rule.business_central] = _property(rule, value, country, geography, current or {})
    if "state" in body and "raw.state" in (current or {}) and not _moves(values, by_name):
        body["state"] = (current or {})["raw.state"]  # Vizcaya stays Vizcaya when the street changes
    if "displayName" in body and (current or {}).get("raw.type") == "Person":
        written = str((current or {})["raw.displayName"])
        body["displayName"] = in_the_same_style(body["displayName"], written, rules.cultures.of(country))
    return in_order(body)


def _moves(values: Mapping[str, str], by_name: Mapping[str, FieldRule]) -> bool:
    """Whether the state, or the country that it belongs to, is among the values that change."""
    return any(by_name[field].business_central in {"country", "state"} for field in values)


def _property(rule: FieldRule, value: str, country: str, geography: Geography, current: Mapping[str, Any]) -> Any:
    """A canonical value as this property takes it."""
    kind = PROPERTIES[rule.business_central].kind
    if rule.normalizer == "country":
        return geography.company_country(value) or ""
    if rule.normalizer == "state":
        return geography.state_name(country, value)
    if rule.business_central == "email":
        return _with_other_addresses(value, current.get("raw.email", ""))
    if rule.normalizer == "vat":
        return _vat_number(value, country, geography)
    if not value and kind in {"option", "guid"}:
        return " " if kind == "option" else NO_GUID
    return typed_values.to_json(kind, value)


def _vat_number(value: str, country: str, geography: Geography) -> str:
    """A VAT number begins with the company's code of its country: Greek ones with EL, though people write GR."""
    code = geography.company_country(country) or country
    written = len(country) == len(code) == _PREFIX and country != code and value[:_PREFIX].upper() == country
    return code + value[_PREFIX:] if written else value


def _with_other_addresses(email: str, current: str) -> str:
    """A Business Central e-mail field may hold several addresses; only the first is the customer's own, the rest stay."""
    rest = clean(further_addresses(current))
    return f"{email};{rest}" if rest and email else email or rest
