"""Values checked and converted by a schema, in the way and with the words of WordPress (`rest_validate_value_from_schema`).

A schema is a dict with `type` (a name, or a list of names), and for some types `format`, `enum`, `minimum`, `maximum`,
`items`, `properties`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.woocommerce import php
from sandbox.woocommerce.email_addresses import is_email
from sandbox.woocommerce.texts import clean_line

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """Why a value is refused; `code` and `data` only stand in the details of the answer."""

    code: str
    message: str
    data: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The detail of one parameter."""
        return {"code": self.code, "message": self.message, "data": self.data}


def problem(value: Any, schema: Schema, name: str) -> Problem | None:
    """What is wrong with the value of the parameter `name`; None when nothing is."""
    kind = schema["type"]
    if isinstance(kind, list):
        kind = _best_type(value, kind)
    if kind is None or not _IS_OF_TYPE[kind](value):
        wanted = kind if kind is not None else "|".join(schema["type"])
        return Problem("rest_invalid_type", f"{name} is not of type {wanted}.", {"param": name})
    if kind == "object":
        return _problem_inside(value, schema, name)
    if kind == "array":
        return _problem_of_items(value, schema, name)
    return _out_of_bounds(value, schema, name) or _not_in_enum(value, schema, name) or _bad_format(value, schema)


def _best_type(value: Any, kinds: list[str]) -> str | None:
    if value == "" and "string" in kinds:
        return "string"
    return next((kind for kind in kinds if _IS_OF_TYPE[kind](value)), None)


def _is_boolean(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower() in ("", "0", "1", "true", "false") and value != ""
    return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))


def _is_array(value: Any) -> bool:
    return php.is_list(value) or isinstance(value, str | int | float)


_IS_OF_TYPE: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": _is_boolean,
    "object": lambda value: value == "" or php.is_array(value),
    "array": _is_array,
    "number": php.is_numeric,
    "integer": php.is_integer,
    "string": lambda value: isinstance(value, str),
}


def _problem_inside(value: Any, schema: Schema, name: str) -> Problem | None:
    properties = schema.get("properties", {})
    if isinstance(value, dict):
        for key, part in value.items():
            if key in properties:
                found = problem(part, properties[key], f"{name}[{key}]")
                if found is not None:
                    return found
    return None


def _problem_of_items(value: Any, schema: Schema, name: str) -> Problem | None:
    if "items" in schema:
        for index, part in enumerate(as_list(value)):
            found = problem(part, schema["items"], f"{name}[{index}]")
            if found is not None:
                return found
    return None


def as_list(value: Any) -> list[Any]:
    """`wp_parse_list`: a text is split at commas and white space."""
    if php.is_array(value):
        return php.members(value)
    return php.to_text(value).replace(",", " ").split() if value is not None else []


def id_list(value: Any) -> list[int]:
    """`wp_parse_id_list`: each part as a number without sign, every number once."""
    return list(dict.fromkeys(php.absint(part) for part in as_list(value) if not php.is_array(part)))


def _out_of_bounds(value: Any, schema: Schema, name: str) -> Problem | None:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return None
    number = float(value)
    if low is not None and high is not None:
        if low <= number <= high:
            return None
        text = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
    elif low is not None:
        if number >= low:
            return None
        text = f"{name} must be greater than or equal to {low}"
    else:
        return None
    return Problem("rest_out_of_bounds", text)


def _not_in_enum(value: Any, schema: Schema, name: str) -> Problem | None:
    allowed = schema.get("enum")
    if allowed is None or value in allowed:
        return None
    *others, last = allowed
    listed = f"{', '.join(others)}, and {last}" if len(others) > 1 else f"{others[0]} and {last}"
    return Problem("rest_not_in_enum", f"{name} is not one of {listed}.")


def _bad_format(value: Any, schema: Schema) -> Problem | None:
    match schema.get("format"):
        case "email" if not is_email(value):
            return Problem("rest_invalid_email", "Invalid email address.")
        case "date-time" if not _is_date(value):
            return Problem("rest_invalid_date", "Invalid date.")
    return None


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "T" in text or " " in text


def converted(value: Any, schema: Schema) -> Any:
    """The value as the schema wants it; null becomes the blank of the type, as `rest_sanitize_value_from_schema` does."""
    kind = schema["type"]
    if isinstance(kind, list):
        kind = _best_type(value, kind)
    if kind == "array":
        return [converted(part, schema["items"]) if "items" in schema else part for part in as_list(value)]
    if kind == "object":
        return _converted_inside(value, schema)
    if kind == "string" and schema.get("format") in ("email", "date-time"):
        return clean_line(php.to_text(value))
    return _SCALARS[kind](value) if kind in _SCALARS else value


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": php.to_text,
    "integer": php.to_int,
    "number": float,
    "boolean": lambda value: value.lower() not in ("", "0", "false") if isinstance(value, str) else bool(value),
}


def _converted_inside(value: Any, schema: Schema) -> Any:
    if not isinstance(value, dict):
        return value if isinstance(value, list) else []
    properties = schema.get("properties", {})
    return {key: converted(part, properties[key]) if key in properties else part for key, part in value.items()}
