"""Which parameters each route knows. What a route does not know is ignored, whatever its type."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sandbox.woocommerce import php, usernames
from sandbox.woocommerce.parameters import Argument, Arguments
from sandbox.woocommerce.schema import Schema, converted, id_list
from sandbox.woocommerce.texts import clean_line

TEXT: Schema = {"type": "string"}
_EMAIL: Schema = {"type": "string", "format": "email"}
_INTEGER: Schema = {"type": "integer"}
_ANYTHING: Schema = {"type": ["null", "object", "string", "number", "boolean", "integer", "array"]}
ROLES = ("administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager")
STATUSES = ("active", "paused", "disabled")
SHIPPING_FIELDS = (
    *("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state", "phone"),
)
BILLING_FIELDS = (*SHIPPING_FIELDS[:-1], "email", "phone")

ITEM_ID = {"id": Argument(_INTEGER, is_checked=False)}


def _one_line(value: Any) -> str:
    return "" if php.is_array(value) else clean_line(php.to_text(value))


def _login(value: Any) -> str:
    return usernames.sanitized(php.to_text(value))


def _by_schema(schema: Schema, **more: Any) -> Argument:
    """A field of a resource: checked, then converted, both by its schema."""
    return Argument(schema, clean=partial(converted, schema=schema), **more)


def _choice(*allowed: str, default: str) -> Argument:
    return Argument({"type": "string", "enum": allowed}, default=default)


_META: Schema = {
    "type": "array",
    "items": {"type": "object", "properties": {"id": _INTEGER, "key": TEXT, "value": _ANYTHING}},
}
_BILLING: Schema = {"type": "object", "properties": dict.fromkeys(BILLING_FIELDS, TEXT) | {"email": _EMAIL}}
_SHIPPING: Schema = {"type": "object", "properties": dict.fromkeys(SHIPPING_FIELDS, TEXT)}
_CONTEXT = {"context": _choice("view", "edit", default="view")}
_PAGES = {
    "page": Argument({"type": "integer", "minimum": 1}, default=1, clean=php.absint),
    "per_page": Argument({"type": "integer", "minimum": 1, "maximum": 100}, default=10, clean=php.absint),
    "search": Argument(TEXT, clean=_one_line),
}
_SELECTION = {
    "exclude": Argument({"type": "array"}, default=[], is_checked=False, clean=id_list),
    "include": Argument({"type": "array"}, default=[], is_checked=False, clean=id_list),
    "offset": Argument(_INTEGER, clean=php.absint),
}
_DELETION = {"force": Argument({"type": "boolean"}, default=False, is_checked=False)}

GET_ITEM: Arguments = {**ITEM_ID, **_CONTEXT}

LIST_CUSTOMERS: Arguments = {
    **_CONTEXT,
    **_PAGES,
    **_SELECTION,
    "order": _choice("asc", "desc", default="asc"),
    "orderby": _choice("id", "include", "name", "registered_date", default="name"),
    "email": Argument(_EMAIL),
    "role": _choice("all", *ROLES, default="customer"),
}


def with_own_roles(arguments: Arguments, own: Sequence[str]) -> Arguments:
    """The same for a shop whose plugins have brought roles along, as those for wholesale do."""
    return (
        {**arguments, "role": _choice("all", *ROLES, *own, default="customer")}
        if own and "role" in arguments
        else arguments
    )


EDIT_CUSTOMER: Arguments = {
    "email": _by_schema(_EMAIL),
    "first_name": Argument(TEXT, clean=_one_line),
    "last_name": Argument(TEXT, clean=_one_line),
    "username": Argument(TEXT, clean=_login),
    "password": _by_schema(TEXT),
    "billing": _by_schema(_BILLING),
    "shipping": _by_schema(_SHIPPING),
    "meta_data": _by_schema(_META),
}
UPDATE_CUSTOMER: Arguments = {**ITEM_ID, **EDIT_CUSTOMER}
# At creation WooCommerce replaces these three by rules of its own: no format, and null is a wrong type.
CREATE_CUSTOMER: Arguments = {
    **EDIT_CUSTOMER,
    "email": Argument(TEXT, is_required=True, is_checked=False),
    "username": Argument(TEXT, is_checked=False),
    "password": Argument(TEXT, is_checked=False),
}
DELETE_CUSTOMER: Arguments = {**ITEM_ID, **_DELETION, "reassign": Argument(_INTEGER, default=0, is_checked=False)}

LIST_WEBHOOKS: Arguments = {
    **_CONTEXT,
    **_PAGES,
    **_SELECTION,
    "after": Argument({"type": "string", "format": "date-time"}),
    "before": Argument({"type": "string", "format": "date-time"}),
    "order": _choice("asc", "desc", default="desc"),
    "orderby": _choice("date", "id", "title", default="date"),
    "status": _choice("all", *STATUSES, default="all"),
}
EDIT_WEBHOOK: Arguments = {
    "name": _by_schema(TEXT),
    "status": _by_schema({"type": "string", "enum": STATUSES}),
    "topic": _by_schema(TEXT),
    "secret": _by_schema(TEXT),
}
UPDATE_WEBHOOK: Arguments = {**ITEM_ID, **EDIT_WEBHOOK}
CREATE_WEBHOOK: Arguments = {
    **EDIT_WEBHOOK,
    "topic": Argument(TEXT, is_required=True, is_checked=False),
    "delivery_url": Argument(TEXT, is_required=True, is_checked=False),
}
DELETE_WEBHOOK: Arguments = {**ITEM_ID, **_DELETION}
INDEX: Arguments = {"context": _choice("view", default="view")}
LIST_COUNTRIES: Arguments = _CONTEXT
GET_COUNTRY: Arguments = _CONTEXT
