"""WooCommerce customers as columns, as canonical values, and back as payloads.

`columns` keeps what the API said, untouched; `canonical` says what it means. A record that is not shaped like a customer
keeps its row with the reason in `malformed`; it takes no part in the run and stops nobody else.

Shipping addresses and metadata are read only where a rule needs them. The API shows `meta_data` to administrators' keys
alone, so "not shown" is told apart from "no such key": `meta_known` says whether it was shown, and a null in a `meta:KEY`
column that the customer has no such key. A key shows it of all accounts or of none: of whom alone it is missing, or nothing that
can be read, a plugin has done that, and only that account is set apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core import plain_text
from connector.core.comma_names import columns_turned, turned
from connector.core.customer import Direction, FieldRule, FieldRules, scalar_of, text_of, texts_of
from connector.core.geography import Geography
from connector.core.names import EAST_ASIAN, Culture, compose, split
from connector.core.normalize import CANONICAL, by_unique, clean, clean_code, code_key, email_key, text_key, unescape
from connector.core.typed_values import option_of

__all__ = [
    "API_FIELDS",
    "PATHS",
    "SCHEMA",
    "account_text",
    "api_fields",
    "canonical",
    "columns",
    "columns_read",
    "meta_known",
    "meta_shown",
    "name_as_in",
    "names",
    "payload",
    "schema",
]

# `_fields` of list requests: half the bytes of whole records (measured on WooCommerce 10.5: 59 instead of 105 KB a page)
API_FIELDS = (
    "id",
    "email",
    "first_name",
    "last_name",
    "role",
    "username",
    "billing",
    "date_created_gmt",
    "date_modified_gmt",
)

_TOP = ("email", "first_name", "last_name", "role", "username")
_BILLING = (
    "first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state", "email", "phone",
)  # fmt: skip
_SHIPPING = tuple(name for name in _BILLING if name != "email")
# how a customer is called, and in which country
_NAME = (
    "first_name", "last_name", "billing.company", "billing.first_name", "billing.last_name", "billing.country",
)  # fmt: skip
_NOT_SHOWN = "the webstore does not show meta_data of this account, though it does of others: a plugin may hide it"
# what the field map may name in its column `webstore`, besides meta:KEY
PATHS = (
    "name",
    "email",
    "vat",
    *(f"billing.{name}" for name in _BILLING),
    *(f"shipping.{name}" for name in _SHIPPING),
)
SCHEMA = pa.schema(
    [("webstore_id", pa.int64())]
    + [(name, pa.large_string()) for name in _TOP]
    + [(f"billing.{name}", pa.large_string()) for name in _BILLING]
    + [("created", pa.large_string()), ("modified", pa.large_string()), ("malformed", pa.large_string())]
)


def schema(rules: FieldRules | None = None) -> pa.Schema:
    """SCHEMA and what the rules need beyond it: `shipping.*`, and `meta_known` with one `meta:KEY` for each key."""
    more: list[tuple[str, pa.DataType]] = []
    if rules is not None and _needs_shipping(rules):
        more += [(f"shipping.{name}", pa.large_string()) for name in _SHIPPING]
    if rules is not None and rules.meta_keys:
        more += [("meta_known", pa.bool_()), *((f"meta:{key}", pa.large_string()) for key in rules.meta_keys)]
    return pa.schema([*SCHEMA, *pa.schema(more)])


def api_fields(rules: FieldRules) -> tuple[str, ...]:
    """What list requests must ask for so that `columns` has all that these rules read."""
    shipping = ("shipping",) if _needs_shipping(rules) else ()
    return API_FIELDS + shipping + (("meta_data",) if rules.meta_keys else ())


def _needs_shipping(rules: FieldRules) -> bool:
    return any(rule.webstore.startswith("shipping.") for rule in rules.rules)


def columns(records: Sequence[Mapping[str, Any]], rules: FieldRules | None = None) -> pa.Table:
    """One page of the API as columns.

    Returns:
        One row per record that has an integer id, columns as in `schema(rules)`: `webstore_id`, the top-level texts,
        `billing.*`, `created` and `modified` (UTC; the latter "" when never saved through WooCommerce) and `malformed` (""
        or why the record cannot be used).
    """
    wanted = schema(rules)
    keys = rules.meta_keys if rules is not None else ()
    parts = [("billing", _BILLING)] + ([("shipping", _SHIPPING)] if "shipping.city" in wanted.names else [])
    plainly = _plain_columns(records, wanted, parts, keys)
    if plainly is not None:
        return plainly
    rows: dict[str, list[Any]] = {name: [] for name in wanted.names}
    for record in records:
        identifier = record.get("id")
        if not isinstance(identifier, int) or isinstance(identifier, bool):
            continue
        wrong: list[str] = []
        rows["webstore_id"].append(identifier)
        for name in _TOP:
            rows[name].append(text_of(record.get(name), name, wrong))
        for part, names in parts:
            address = record.get(part)
            if not isinstance(address, Mapping):
                wrong += [part] if address else []
                address = {}
            for name in names:
                rows[f"{part}.{name}"].append(text_of(address.get(name), f"{part}.{name}", wrong))
        if keys:
            items = _items_of(record, wrong)
            values = _metadata_of(items, keys, wrong)
            rows["meta_known"].append(items is not None)
            for key in keys:
                rows[f"meta:{key}"].append(values.get(f"meta:{key}"))
        rows["created"].append(text_of(record.get("date_created_gmt"), "date_created_gmt", wrong))
        rows["modified"].append(text_of(record.get("date_modified_gmt"), "date_modified_gmt", wrong))
        rows["malformed"].append(f"not a text: {', '.join(wrong)}" if wrong else "")
    if keys and any(rows["meta_known"]):
        rows["malformed"] = [
            wrong or ("" if known else _NOT_SHOWN)
            for wrong, known in zip(rows["malformed"], rows["meta_known"], strict=True)
        ]
    return pa.table(rows, schema=wanted)


def _plain_columns(
    records: Sequence[Mapping[str, Any]],
    wanted: pa.Schema,
    parts: Sequence[tuple[str, Sequence[str]]],
    keys: Sequence[str],
) -> pa.Table | None:
    """The same for a page of records that are all shaped as they should be, column by column; None for any other page."""
    ids = [record.get("id") for record in records]
    found: dict[str, Any] = {"webstore_id": ids}
    if not all(type(identifier) is int for identifier in ids):
        return None
    for name in _TOP:
        found[name] = texts_of([record.get(name) for record in records])
    for part, names in parts:
        addresses: list[Any] = [record.get(part) for record in records]
        if not all(type(address) is dict for address in addresses):
            return None
        for name in names:
            found[f"{part}.{name}"] = texts_of([address.get(name) for address in addresses])
    found["created"] = texts_of([record.get("date_created_gmt") for record in records])
    found["modified"] = texts_of([record.get("date_modified_gmt") for record in records])
    found["malformed"] = [""] * len(ids)
    if any(column is None for column in found.values()):
        return None
    wrong: list[str] = []
    if keys:
        shown = [_items_of(record, wrong) for record in records]
        found["meta_known"] = [items is not None for items in shown]
        if len(set(found["meta_known"])) > 1:
            return None
        metadata: dict[str, list[str | None]] = {f"meta:{key}": [None] * len(ids) for key in keys}
        for row, items in enumerate(shown):
            if items:  # most customers have none
                for path, value in _metadata_of(items, keys, wrong).items():
                    metadata[path][row] = value
        found |= metadata
    return None if wrong else pa.table(found, schema=wanted)


def _items_of(record: Mapping[str, Any], wrong: list[str]) -> list[Any] | None:
    """The rows of an account's metadata; None where it is not shown. PHP writes a list with a hole as an object whose keys are
    the positions."""
    items = record.get("meta_data")
    if isinstance(items, Mapping) and all(str(key).isdecimal() for key in items):
        return list(items.values())
    if items is not None and not isinstance(items, list):
        wrong.append("meta_data")
    return items if isinstance(items, list) else None


def _metadata_of(items: list[Any] | None, keys: Sequence[str], wrong: list[str]) -> dict[str, str]:
    """Column → value, of the keys that are there."""
    if items is None:
        return {}
    # of several rows of one key WordPress reads the first
    there = [item for item in reversed(items) if isinstance(item, Mapping) and item.get("key") in keys]
    values = {item["key"]: item.get("value") for item in there}
    return {f"meta:{key}": scalar_of(values[key], f"meta:{key}", wrong) for key in keys if values.get(key) is not None}


def meta_known(table: pa.Table) -> bool:
    """Whether the API showed `meta_data` of everybody in the table; True for tables of rules that need none."""
    return "meta_known" not in table.column_names or bool(pc.all(table["meta_known"], min_count=0).as_py())


def meta_shown(table: pa.Table) -> bool:
    """The same, but for those who are set apart: whether the key is one that sees `meta_data`."""
    if meta_known(table):
        return True
    return meta_known(table.filter(pc.equal(table["malformed"], "")))


def canonical(table: pa.Table, rules: FieldRules, geography: Geography) -> pa.Table:
    """Canonical values of webstore customers.

    Args:
        table: columns as in `schema(rules)`.

    Returns:
        The same rows in the same order: `webstore_id`, then one text column per field of the rules ("" = blank).

    Raises:
        ValueError: a rule reads metadata that the API did not show. It would look like cleared values; follow
            `rules.without_metadata()` instead.
    """
    if rules.meta_keys and ("meta_known" not in table.column_names or not meta_known(table)):
        raise ValueError("these rules read metadata, which the webstore did not show")
    result: dict[str, pa.Array] = {"webstore_id": table["webstore_id"].combine_chunks()}
    for rule in rules.rules:
        result[rule.field] = _field(table, rule, rules, geography)
    return pa.table(result)


def columns_read(rules: FieldRules) -> tuple[str, ...]:
    """The columns of `schema(rules)` that `canonical` reads."""
    found = ["webstore_id", *(["meta_known"] if rules.meta_keys else [])]
    for rule in rules.rules:
        if rule.webstore == "name":
            found += _NAME
        elif rule.webstore == "vat":
            found += [f"meta:{key}" for key in rules.vat_keys]
        else:
            found.append(rule.webstore)
        if rule.normalizer == "state":
            found.append(_country_beside(rule))
    return tuple(dict.fromkeys(found))


def _country_beside(rule: FieldRule) -> str:
    return rule.webstore.replace("state", "country")


def _field(table: pa.Table, rule: FieldRule, rules: FieldRules, geography: Geography) -> pa.Array:
    if rule.webstore == "name":
        return names(table, rules)
    if rule.webstore == "vat":
        return _first_set([by_unique(table[f"meta:{key}"], clean_code) for key in rules.vat_keys], table.num_rows)
    column = table[rule.webstore]
    if rule.normalizer == "state":
        countries = by_unique(table[_country_beside(rule)], code_key).to_pylist()
        states = by_unique(column, clean).to_pylist()
        return pa.array(geography.state_codes(countries, states), type=pa.large_string())
    return pc.fill_null(by_unique(column, _meaning(rule)), "")


def _meaning(rule: FieldRule) -> Callable[[str], str]:
    """How a text of the webstore becomes a canonical value."""
    if rule.normalizer == "country":
        return code_key
    if rule.normalizer == "option":
        return lambda value: option_of(clean(value), rule.options)
    if rule.normalizer == "boolean":  # WooCommerce stores false as an empty text; no such key is no statement at all
        return lambda value: CANONICAL["boolean"](value) or "false"
    return CANONICAL[rule.normalizer]


def _first_set(values: Sequence[pa.Array], rows: int) -> pa.Array:
    """Per row the first text that is not blank."""
    result = pa.array([""] * rows, type=pa.large_string())
    for column in reversed(values):
        filled = pc.fill_null(column, "")
        result = pc.if_else(pc.not_equal(filled, ""), filled, result)
    return result


def names(table: pa.Table, rules: FieldRules) -> pa.Array:
    """How customers are called: billing.company, else the account's first and last name, else the billing ones.

    Args:
        table: columns as in SCHEMA; of these at least the names, `billing.company` and `billing.country`.
    """
    countries = by_unique(table["billing.country"], code_key)

    def account(rows: pa.Table, there: pa.Array) -> pa.Array:
        given, family = (
            by_unique(rows[part], account_text, plain_text.ACCOUNT_TEXT) for part in ("first_name", "last_name")
        )
        return _composed(given, family, there, rules)

    def invoice(rows: pa.Table, there: pa.Array) -> pa.Array:
        given, family = (by_unique(rows[f"billing.{part}"], clean) for part in ("first_name", "last_name"))
        return _composed(given, family, there, rules)

    found = pc.fill_null(by_unique(table["billing.company"], clean), "")
    for instead in (account, invoice):
        blank = pc.equal(found, "")
        if pc.any(blank, min_count=0).as_py():
            some = instead(table.filter(blank), countries.filter(blank))
            found = pc.replace_with_mask(found, blank, pc.fill_null(some, ""))
    return found


def _composed(given: pa.Array, family: pa.Array, countries: pa.Array, rules: FieldRules) -> pa.Array:
    """names.compose, on columns."""
    always = _where(countries, rules, lambda culture: culture.family_first)
    by_script = _where(countries, rules, lambda culture: culture.by_script)
    east_asian = pc.or_(pc.match_substring_regex(given, EAST_ASIAN), pc.match_substring_regex(family, EAST_ASIAN))
    family_first = pc.or_(always, pc.and_(by_script, east_asian))
    lead, trail = pc.if_else(family_first, family, given), pc.if_else(family_first, given, family)
    composed = pc.utf8_trim(pc.binary_join_element_wise(lead, trail, pa.scalar(" ", pa.large_string())), " ")
    return columns_turned(composed, pc.is_valid(composed), countries, rules.cultures)


def _where(countries: pa.Array, rules: FieldRules, holds: Callable[[Culture], bool]) -> pa.Array:
    """Per row whether something holds of the culture of its country."""
    encoded = countries.dictionary_encode()
    values = [holds(rules.cultures.of(country)) for country in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(values, type=pa.bool_()), encoded.indices)


def account_text(value: str) -> str:
    """A first or last name of an account as a person wrote it: WordPress stores `&`, `<` and `>` as entities, and takes
    `0` for nothing with the next save."""
    text = clean(unescape(value))
    return "" if text == "0" else text


def name_as_in(current: Mapping[str, Any], rules: FieldRules, country: str) -> str:
    """The canonical name that a customer (a row as in SCHEMA) would have in a country: the order of names may differ."""
    culture = rules.cultures.of(country)
    account = compose(account_text(current["first_name"]), account_text(current["last_name"]), culture)
    invoice = compose(current["billing.first_name"], current["billing.last_name"], culture)
    return clean(current["billing.company"]) or turned(account or invoice, culture)


def payload(
    values: Mapping[str, str],
    rules: FieldRules,
    current: Mapping[str, Any] | None,
    *,
    company: bool,
    parts: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """The request body that sets canonical values; it holds nothing else, and never an id.

    Args:
        values: canonical field → new value. A customer to be created gets the defaults of the rules besides.
        current: the customer's row as in `schema(rules)`, or None for a customer that is to be created.
        company: for a customer without any name yet: whether the name is a company's.
        parts: first and last name, where the other side tells them apart.
    """
    body: dict[str, Any] = {}
    addresses: dict[str, dict[str, str]] = {"billing": {}, "shipping": {}}
    metadata: dict[str, str] = {}
    if current is None:
        values = {**rules.defaults[Direction.PUSH], **values}
    for field, value in values.items():
        rule = rules.by_name[field]
        part, _, name = rule.webstore.partition(".")
        if rule.webstore == "name":
            culture = rules.cultures.of(_country_of_invoice(values, rules, current))
            _put_name(body, addresses["billing"], value, current or {}, company, culture, parts)
        elif rule.webstore == "email":
            body["email"] = value
            # the billing address follows the account only while the two are one
            if current is None or email_key(current["billing.email"]) == email_key(current["email"]):
                addresses["billing"].setdefault("email", value)
        elif rule.webstore == "vat":
            metadata |= _vat(value, rules.vat_keys, current or {})
        elif rule.meta_key:
            metadata[rule.meta_key] = (
                {"true": "1", "false": ""}.get(value, value) if rule.normalizer == "boolean" else value
            )
        else:
            addresses[part][name] = value
    body |= {name: part for name, part in addresses.items() if part}
    if metadata:
        body["meta_data"] = [{"key": key, "value": value} for key, value in metadata.items()]
    return body


def depends_on_its_value(rule: FieldRule) -> bool:
    """Whether what `payload` makes of a value, and whether the webstore keeps it, depends on that value and nothing else."""
    return rule.webstore not in {"name", "email", "vat"} and rule.normalizer != "state"


def _country_of_invoice(values: Mapping[str, str], rules: FieldRules, current: Mapping[str, Any] | None) -> str:
    """The billing country that the customer will have: it decides the order of the names."""
    if rules.country in values and rules.by_name[rules.country].webstore == "billing.country":
        return values[rules.country]
    return code_key(current["billing.country"]) if current else ""


def _vat(value: str, keys: Sequence[str], current: Mapping[str, Any]) -> dict[str, str]:
    """A VAT number goes back to the key that holds it now, a new one to the first; clearing it clears every key, since
    the next one that is set would count otherwise."""
    filled = [key for key in keys if clean_code(current.get(f"meta:{key}") or "")]
    if not value:
        return dict.fromkeys(filled or keys[:1], "")
    return dict.fromkeys((filled or list(keys))[:1], value)


def _put_name(
    body: dict[str, Any],
    billing: dict[str, str],
    name: str,
    current: Mapping[str, Any],
    company: bool,
    culture: Culture,
    parts: tuple[str, str] | None,
) -> None:
    """A name goes where the customer keeps its name now: company, account name, or billing name."""
    account = (account_text(current.get("first_name", "")), account_text(current.get("last_name", "")))
    invoice = (clean(current.get("billing.first_name", "")), clean(current.get("billing.last_name", "")))
    if clean(current.get("billing.company", "")) or (company and not any(account) and not any(invoice)):
        billing["company"] = name
        return
    known = account if any(account) else invoice
    told = parts is not None and text_key(compose(*parts, culture)) == text_key(name)
    first, last = parts if parts and told else split(name, *known, culture)
    if any(account) or not any(invoice):
        body["first_name"], body["last_name"] = first, last
    if invoice == account or not any(account):
        billing["first_name"], billing["last_name"] = first, last
