"""Bodies of POST and PATCH: which properties may stand there, and what they may hold, before any rule is applied."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.business_central.entities import NO_DATE, EntitySet, Kind, Property
from sandbox.business_central.errors import ApiError, bad_request, too_long
from sandbox.business_central.rows import Values, milliseconds_of, whole
from sandbox.business_central.settings import Settings
from sandbox.business_central.texts import units, upper

_GUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE)
_LARGEST = Decimal("999999999999999")


def read_properties(content: Mapping[str, Any], entity: EntitySet, settings: Settings, *, is_new: bool) -> Values:
    """The sent properties in their order, as they are stored. Annotations (@odata...) are ignored.

    Raises ApiError (400) for unknown and read-only properties, null, wrong types, unknown options and too long texts.
    """
    found: Values = {}
    for name, value in content.items():
        if "@" in name:
            continue
        prop = entity.by_name.get(name)
        if prop is None:
            raise bad_request("Invalid Request Body")
        is_chosen_id = name == entity.key and is_new and settings.id_may_be_posted
        if not (prop.is_editable or is_chosen_id):
            raise bad_request(f"Control '{name}' is read-only.", "BadRequest_InvalidOperation")
        found[name] = _read(prop, value, settings)
    return found


def _read(prop: Property, value: Any, settings: Settings) -> Any:
    is_text = prop.kind in (Kind.TEXT, Kind.CODE)
    if value is None:
        if is_text and settings.null_clears_text:
            return ""
        raise bad_request(f"Field '{prop.name}' must not be blank or empty.", "BadRequest_RequiredParamNotProvided")
    if is_text:
        return _text(prop, value)
    if prop.kind is Kind.ENUM:
        return _option(prop, value)
    if prop.kind is Kind.GUID:
        return _guid(value)
    if prop.kind is Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise _wrong_type(prop, value)
        return int(value)
    return _moment(prop, value) if prop.kind in (Kind.DATE, Kind.DATETIME) else _number(prop, value)


def _number(prop: Property, value: Any) -> float:
    is_fraction = prop.kind is Kind.INTEGER and not isinstance(value, int)
    if isinstance(value, bool) or not isinstance(value, int | float) or is_fraction:
        raise _wrong_type(prop, value)
    if abs(Decimal(str(value))) > _LARGEST:
        message = f"Cannot convert the literal '{value}' to the expected type 'Edm.Decimal'."
        raise ApiError(400, "Application_EvaluateException", message)
    return whole(value)


def _text(prop: Property, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(prop, value)
    text = upper(value.strip()) if prop.kind is Kind.CODE else value
    if prop.name == "currencyCode":
        return text[: prop.length]  # a variable of the page takes it, and no currency has a cut code
    if units(text) > prop.length:
        raise too_long(text, prop.length)
    return text


def _option(prop: Property, value: Any) -> str:
    """An option by its name on the wire or on the screen: the blank one is _x0020_ or a space."""
    if isinstance(value, str):
        for option in prop.options:
            if value in (option, _caption(option)):
                return option
    captions = ",".join(map(_caption, prop.options))
    raise bad_request(f"'{value}' is not an option. The existing options are: {captions}", "Unknown")


def _caption(option: str) -> str:
    return option.replace("_x0020_", " ")


def _moment(prop: Property, value: Any) -> str | int:
    """A date as it is, a time in milliseconds; the blank ones are 0001-01-01 and its midnight."""
    try:
        if prop.kind is Kind.DATE:
            return date.fromisoformat(value).isoformat()
        return 0 if str(value).startswith(NO_DATE) else int(milliseconds_of(value))
    except (TypeError, ValueError) as error:
        raise _wrong_type(prop, value) from error


def _guid(value: Any) -> str:
    match = _GUID.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ApiError(400, "Application_InvalidGUID", f"The GUID format is incorrect. Value: {value}")
    return match[1].lower()


def _wrong_type(prop: Property, value: Any) -> ApiError:
    return bad_request(f"Cannot convert the literal '{value}' to the expected type '{prop.kind.edm}'.")
