"""Business Central customers as columns, as canonical values, and back as payloads.

Business Central enters the properties of a payload in their order, and one may change others: business_central_order.py.

The ship-to address that a setup chooses stands in the customer's record, row and payload under `shipTo.` and its own names: the
client puts it there, and takes it apart again. "Not shown" is told apart from blank: a property that rules read and a record does
not have sets the record apart, for it would look cleared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core import typed_values
from connector.core.business_central_order import NO_GUID, companions, in_order
from connector.core.comma_names import columns_turned, in_the_same_style
from connector.core.customer import Direction, FieldRule, FieldRules, scalar_of, text_of, texts_of
from connector.core.geography import Geography
from connector.core.mail_address import further_addresses
from connector.core.normalize import CANONICAL, by_unique, clean, code_key
from connector.core.properties import NO_SHIP_TO, SHIP_TO, base_name, known_property

__all__ = [
    "API_FIELDS",
    "SCHEMA",
    "api_fields",
    "canonical",
    "columns",
    "columns_read",
    "payload",
    "schema",
    "ship_to_known",
]

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
# a sign that no name in XML may have, as a member of an enum is written
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BLANKS = {"option": " ", "guid": NO_GUID, "date": "0001-01-01", "date-time": "0001-01-01T00:00:00Z"}
_NUMBERS = frozenset({"decimal", "integer", "boolean"})


def _more(rules: FieldRules | None) -> tuple[str, ...]:
    """The properties that the rules read and SCHEMA does not have."""
    names = [] if rules is None else [rule.business_central for rule in rules.rules]
    return tuple(name for name in dict.fromkeys(names) if name not in _TEXTS)


def schema(rules: FieldRules | None = None) -> pa.Schema:
    """SCHEMA and one text column for each further property that the rules read."""
    return pa.schema([*SCHEMA, *((pa.field(name, pa.large_string())) for name in _more(rules))])


def api_fields(rules: FieldRules) -> tuple[str, ...]:
    """What list requests must select so that `columns` has all that these rules read."""
    names = (*API_FIELDS, *(name for name in _more(rules) if not name.startswith(SHIP_TO)))
    return tuple(name for name in names if name not in rules.absent)


def columns(records: Sequence[Mapping[str, Any]], rules: FieldRules | None = None) -> pa.Table:
    """One page of the API as columns.

    Returns:
        One row per record that has an id, columns as in `schema(rules)`: `bc_id` (lower case), `etag`, the properties by
        their own names, all as text (`true`, `12.5`), and `malformed` ("" or why the record cannot be used).
    """
    wanted = schema(rules)
    readers = [(name, _reader(name, rules)) for name in (*_TEXTS, *_more(rules))]
    needed = _more(rules)
    plainly = _plain_columns(records, wanted, readers, needed)
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
        not_shown = [name for name in needed if not _is_shown(name, record)]
        reasons = [f"not a text: {', '.join(wrong)}"] if wrong else []
        reasons += [f"Business Central does not show {', '.join(not_shown)}"] if not_shown else []
        rows["malformed"].append("; ".join(reasons))
    return pa.table(rows, schema=wanted)


def ship_to_known(record: Mapping[str, Any], rules: FieldRules) -> bool:
    """Whether a record says all that the rules read of the ship-to address; an answer to a write may leave it out."""
    return all(_is_shown(rule.business_central, record) for rule in rules.rules if rule.in_ship_to)


def _is_shown(name: str, record: Mapping[str, Any]) -> bool:
    return name in record or (name.startswith(SHIP_TO) and record.get(NO_SHIP_TO) == "")


def _plain_columns(
    records: Sequence[Mapping[str, Any]],
    wanted: pa.Schema,
    readers: Sequence[tuple[str, Any]],
    needed: Sequence[str],
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
    if not all(_is_shown(name, record) for name in needed for record in records):
        return None
    for name, read in readers:
        values = [record.get(name) for record in records]
        found[name] = texts_of(values) if read is text_of else [read(value, name, wrong) for value in values]
    found["malformed"] = [""] * len(ids)
    if wrong or any(column is None for column in found.values()):
        return None
    return pa.table(found, schema=wanted)


def _reader(name: str, rules: FieldRules | None) -> Any:
    """How a property is read; one that nothing is known of may be anything but a list or an object."""
    kinds = {rule.kind for rule in rules.by_property.get(name, ())} if rules is not None else set()
    asked = rules is not None and any(rule.shown for rule in rules.by_property.get(name, ()))
    unknown = known_property(name) is None and name not in _TEXTS and not asked
    return scalar_of if unknown or kinds & _NUMBERS else text_of


def canonical(table: pa.Table, rules: FieldRules, geography: Geography) -> pa.Table:
    """Canonical values of Business Central customers.

    Args:
        table: columns as in `schema(rules)`.

    Returns:
        The same rows in the same order: `bc_id`, then one text column per field of the rules ("" = blank).
    """

    def iso(column: pa.ChunkedArray) -> pa.Array:
        return by_unique(column, lambda code: geography.iso_country(code_key(code)))

    countries = iso(table["country"])

    def country_in(name: str) -> pa.Array:
        return countries if name == "country" else iso(table[name])

    persons = pc.equal(table["type"].combine_chunks(), "Person")
    result: dict[str, pa.Array] = {"bc_id": table["bc_id"].combine_chunks()}
    for rule in rules.rules:
        column = table[rule.business_central]
        if rule.normalizer == "country":
            result[rule.field] = country_in(rule.business_central)
        elif rule.normalizer == "state":
            own = country_in(rules.country_property_of(rule)).to_pylist()
            states = geography.state_codes(own, by_unique(column, clean).to_pylist())
            result[rule.field] = pa.array(states, type=pa.large_string())
        elif rule.webstore == "name" and rule.business_central == "displayName":
            result[rule.field] = columns_turned(by_unique(column, clean), persons, countries, rules.cultures)
        else:
            told = by_unique(column, _meaning(rule))
            nothing = pc.equal(column, NO_GUID).combine_chunks() if rule.kind in {"guid", "code"} else None
            result[rule.field] = told if nothing is None else pc.if_else(nothing, pa.scalar("", told.type), told)
    return pa.table(result)


def columns_read(rules: FieldRules) -> tuple[str, ...]:
    """The columns of `schema(rules)` that `canonical` reads."""
    states = (rules.country_property_of(rule) for rule in rules.rules if rule.normalizer == "state")
    return tuple(dict.fromkeys(("bc_id", "type", "country", *(rule.business_central for rule in rules.rules), *states)))


def _meaning(rule: FieldRule) -> Any:
    """How the text of one property becomes a canonical value."""
    spell = CANONICAL[rule.normalizer]
    if rule.kind == "option":
        return lambda value: "" if value in _NO_OPTION else typed_values.option_of(clean(_plainly(value)), rule.options)
    return spell


def _plainly(member: str) -> str:
    """The member of an enum as people call it: `Any_x0020_Day` is Any Day."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), member)


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
        current: canonical values of the customer as it is, and the raw `email`, `type`, `displayName` and states under
            "raw.email" and so on; None for a create.
        company: for a create: whether the customer is a company.
    """
    by_name = rules.by_name
    wanted = dict(values)
    body: dict[str, Any] = {}
    if current is None:
        if "type" not in rules.absent:
            body["type"] = "Company" if company else "Person"
        wanted = {field: value for field, value in {**rules.defaults[Direction.PULL], **values}.items() if value}
    along = companions(by_name[field].business_central for field in wanted)
    if current is None:  # a blank that Business Central would fill by itself is blank on the other side
        along = frozenset(name for name in along if base_name(name) not in {"country", "postalCode"})
    there = current or {}
    if along:
        taken_along = {rule.field: there.get(rule.field, "") for rule in rules.rules if rule.business_central in along}
        wanted = taken_along | wanted

    def country_of(field: str) -> str:
        own = rules.country_of(field)
        return (wanted.get(own) or there.get(own, "")) if own else ""

    for field, value in wanted.items():
        rule = by_name[field]
        body[rule.business_central] = _property(rule, value, country_of(field), geography, there)
        if rule.normalizer == "state" and not _moves(rule, values, rules):
            # Vizcaya stays Vizcaya when the street changes
            body[rule.business_central] = there.get(f"raw.{rule.business_central}", body[rule.business_central])
    country = (wanted.get(rules.country) or there.get(rules.country, "")) if rules.country else ""
    if "displayName" in body and (current or {}).get("raw.type") == "Person":
        written = str((current or {})["raw.displayName"])
        body["displayName"] = in_the_same_style(body["displayName"], written, rules.cultures.of(country))
    return in_order(body)


def depends_on_its_value(rule: FieldRule) -> bool:
    """Whether what `payload` makes of a value, and whether Business Central keeps it, depends on that value and nothing else."""
    alone = rule.business_central not in {"email", "displayName"} and rule.normalizer not in {"state", "vat"}
    return alone and not companions([rule.business_central])


def _moves(state: FieldRule, values: Mapping[str, str], rules: FieldRules) -> bool:
    """Whether a state, or the country that it belongs to, is among the values that change."""
    its = {state.business_central, rules.country_property_of(state)}
    return any(rules.by_name[field].business_central in its for field in values)


def _property(rule: FieldRule, value: str, country: str, geography: Geography, current: Mapping[str, Any]) -> Any:
    """A canonical value as this property takes it."""
    kind = rule.kind
    if rule.normalizer == "country":
        return geography.company_country(value) or ""
    if rule.normalizer == "state":
        return geography.state_name(country, value)
    if rule.business_central == "email":
        return _with_other_addresses(value, current.get("raw.email", ""))
    if rule.normalizer == "vat":
        return _vat_number(value, country, geography)
    if not value and kind in _BLANKS:
        return _BLANKS[kind]
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
