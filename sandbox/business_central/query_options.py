"""Query options of a request for an entity set, read and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from sandbox.business_central.entities import EntitySet, Property
from sandbox.business_central.errors import ApiError, bad_request, unknown_property
from sandbox.business_central.filter_sql import Condition, compiled
from sandbox.business_central.filters import parsed
from sandbox.business_central.settings import Settings

_KNOWN = frozenset("$filter $select $orderby $top $skip $count $expand $skiptoken $schemaversion $format".split())
_PAGE_PREFERENCE = re.compile(r"odata\.maxpagesize\s*=\s*\"?(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """What a request asks of an entity set.

    `select` is None for all properties; `order` has (property, descending) pairs, none for the set's own order; `raw`
    are the options as sent, by name.
    """

    raw: Mapping[str, str]
    condition: Condition | None = None
    select: tuple[Property, ...] | None = None
    order: tuple[tuple[Property, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    wants_count: bool = False
    expand: str = ""
    skiptoken: str | None = None


def options_of(query_string: str, settings: Settings) -> dict[str, str]:
    """The options by name; of repeated ones the last. Raises ApiError (400) for an unknown one that begins with $."""
    options = {}
    for sent, value in parse_qsl(query_string, keep_blank_values=True):
        name = sent.lower() if sent.startswith("$") and not settings.options_know_letter_case else sent
        if name.startswith("$") and name not in _KNOWN:
            raise bad_request(f"The query parameter '{sent}' is not supported.")
        options[name] = value
    return options


def read_query(options: Mapping[str, str], entity: EntitySet, settings: Settings) -> Query:
    """The checked options. Raises ApiError (400) for anything that makes no sense for the entity set."""
    condition = None
    if options.get("$filter", "").strip():
        is_newer = settings.honours_schema_version and options.get("$schemaversion") == "2.1"
        condition = compiled(parsed(options["$filter"]), entity, settings, is_newer_schema=is_newer)
    return Query(
        raw=options,
        condition=condition,
        # what stands in the table as JSON is the row of the set whose table it is
        select=_select(options.get("$select", ""), entity) or (entity.properties if entity.table else None),
        order=_order(options.get("$orderby", ""), entity),
        top=_whole_number(options, "$top"),
        skip=_whole_number(options, "$skip") or 0,
        wants_count=_truth(options.get("$count", "false")),
        expand=options.get("$expand", ""),
        skiptoken=options.get("$skiptoken"),
    )


def page_size(prefer: str, settings: Settings) -> int:
    """Rows of a page by the header Prefer. Raises ApiError (413) for more than the maximum."""
    found = _PAGE_PREFERENCE.search(prefer)
    wanted = int(found[1]) if found else 0
    wanted = wanted or settings.maximum_page  # a page of no rows is no preference
    if wanted > settings.maximum_page and settings.page_above_maximum == "refuse":
        message = f"The requested page of {wanted} entities exceeds the maximum of {settings.maximum_page}."
        raise ApiError(413, "BadRequest", message)
    return min(wanted, settings.maximum_page)


def next_link(address: str, options: Mapping[str, str], token: str, rows_left: int | None) -> str:
    """The address of the next page: the same options, but $skip, which is done, and $top, of which a part is done."""
    kept = {name: value for name, value in options.items() if name not in ("$skiptoken", "$skip", "$top", "aid")}
    if rows_left is not None:
        kept["$top"] = str(rows_left)
    parts = [f"{quote(name, safe='$')}={quote(value, safe='$(),:@/')}" for name, value in kept.items()]
    return f"{address}?" + "&".join(("aid=FIN", *parts, f"$skiptoken={token}"))


def _select(text: str, entity: EntitySet) -> tuple[Property, ...] | None:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or "*" in names:
        return None
    for name in names:
        if name not in entity.by_name:
            raise unknown_property(name, entity.singular)
    return tuple(prop for prop in entity.properties if prop.name in names)


def _order(text: str, entity: EntitySet) -> tuple[tuple[Property, bool], ...]:
    order = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name, _, direction = part.partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise bad_request(f"Syntax error at position {len(name)} in '{text}'.")
        if name not in entity.by_name:
            raise unknown_property(name, entity.singular)
        order.append((entity.by_name[name], direction.strip() == "desc"))
    return tuple(order)


def _whole_number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}", text):
        raise bad_request(f"Invalid value '{text}' for {name} query option found. It must be a non-negative integer.")
    return int(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise bad_request(f"Invalid value '{text}' for $count query option found. Valid values are 'true', 'false'.")
    return text == "true"
