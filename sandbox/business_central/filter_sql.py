"""$filter, carried out: the tree of a filter as a condition in SQL, with the product's peculiarities."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.business_central.entities import ZERO_GUID, EntitySet, Kind, Property
from sandbox.business_central.errors import ApiError, bad_request, unknown_property
from sandbox.business_central.filter_tree import (
    Call,
    Combination,
    Comparison,
    Everything,
    Literal,
    Membership,
    Name,
    Node,
    Operand,
)
from sandbox.business_central.filters import CHANGING, MATCHING
from sandbox.business_central.rows import milliseconds_of
from sandbox.business_central.settings import Settings
from sandbox.business_central.texts import units, upper

_SQL_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_LITERAL_TYPES = {
    "text": "Edm.String",
    "number": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "guid": "Edm.Guid",
    "datetime": "Edm.DateTimeOffset",
    "date": "Edm.Date",
    "enum": "Edm.Enum",
    "null": "Edm.Null",
}
_TEXTS = (Kind.TEXT, Kind.CODE)
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class _Field:
    """An operand as SQL: of which property, and whether case counts."""

    prop: Property
    sql: str
    ignores_case: bool = False
    is_changed: bool = False


@dataclass
class Condition:
    """A condition in SQL with its parameters, and the properties that it looks at."""

    sql: str
    parameters: list[Any] = field(default_factory=list)
    properties: frozenset[str] = frozenset()


def compiled(node: Node, entity: EntitySet, settings: Settings, *, is_newer_schema: bool) -> Condition:
    """The condition of a filter. Raises ApiError (400) for what the product refuses."""
    return _Compiler(entity, settings, is_newer_schema).condition(node)


@dataclass
class _Compiler:
    entity: EntitySet
    settings: Settings
    is_newer_schema: bool

    def condition(self, node: Node) -> Condition:
        if isinstance(node, Everything):
            return Condition("1")
        if isinstance(node, Combination):
            return self._combination(node)
        if isinstance(node, Membership):
            return self._membership(node)
        if isinstance(node, Comparison):
            found = self._field(node.operand)
            return self._comparison(found, node.operator, node.literal)
        if isinstance(node, Name):
            return self._comparison(self._field(node), "eq", Literal("true", "boolean"))
        return self._matching(node)

    def _combination(self, node: Combination) -> Condition:
        left, right = self.condition(node.left), self.condition(node.right)
        properties = left.properties | right.properties
        if node.word == "or" and len(properties) > 1:
            raise bad_request(
                "An error occurred while processing this request. "
                "The 'OR' operator is not supported on distinct fields on an OData filter."
            )
        sql = f"({left.sql} {node.word.upper()} {right.sql})"
        return Condition(sql, left.parameters + right.parameters, properties)

    def _membership(self, node: Membership) -> Condition:
        found = self._field(node.operand)
        if not (self.settings.in_operator == "works" or self.is_newer_schema):
            return Condition("1", [], frozenset({found.prop.name}))
        values = [self._value(found, literal) for literal in node.literals]
        marks = ", ".join("?" * len(values))
        return Condition(f"{found.sql} IN ({marks})", values, frozenset({found.prop.name}))

    def _field(self, operand: Operand) -> _Field:
        if isinstance(operand, Literal):
            raise bad_request("A filter compares a field with a value; other comparisons are not supported.")
        if isinstance(operand, Name):
            prop = self.entity.by_name.get(operand.name)
            if prop is None:
                raise unknown_property(operand.name, self.entity.singular)
            return _Field(prop, f'"{prop.name}"')
        if operand.function not in CHANGING:
            raise bad_request(f"The function '{operand.function}' is a condition of its own.")
        return self._changed(operand)

    def _changed(self, call: Call) -> _Field:
        inner = self._field(call.arguments[0])
        if inner.is_changed:
            self._refuse_nesting()
        if inner.prop.kind not in _TEXTS:
            raise bad_request(f"No function signature for the function with name '{call.function}' matches.")
        if call.function == "substring":
            numbers = [argument.text for argument in call.arguments[1:] if isinstance(argument, Literal)]
            if len(numbers) not in (1, 2) or not all(re.fullmatch(r"\d+", number) for number in numbers):
                raise bad_request("No function signature for the function with name 'substring' matches.")
            rest = f", {int(numbers[1])}" if len(numbers) == 2 else ""
            sql = f"substr({inner.sql}, {int(numbers[0]) + 1}{rest})"
            return _Field(inner.prop, sql, inner.ignores_case, is_changed=True)
        is_email = inner.sql == '"email"' and "emailLower" in self.entity.hidden
        # Both functions only switch case sensitivity off, so the case of the literal does not matter either.
        sql = '"emailLower"' if is_email else f"unicode_lower({inner.sql})"
        return _Field(inner.prop, sql, ignores_case=True, is_changed=True)

    def _refuse_nesting(self) -> None:
        if self.settings.nested_functions == "refused" and not self.is_newer_schema:
            raise bad_request("Nested functions are not supported on an OData filter.")

    def _matching(self, call: Call) -> Condition:
        if call.function not in MATCHING:
            raise bad_request(f"The function '{call.function}' is no condition of its own.")
        if len(call.arguments) != 2 or not isinstance(call.arguments[1], Literal):
            raise bad_request(f"No function signature for the function with name '{call.function}' matches.")
        found = self._field(call.arguments[0])
        if found.is_changed:
            self._refuse_nesting()
        if found.prop.kind not in _TEXTS or call.arguments[1].kind != "text":
            raise bad_request(f"No function signature for the function with name '{call.function}' matches.")
        if self._never_matches(found.prop, call.arguments[1]):
            return Condition("0", [], frozenset({found.prop.name}))
        value = self._value(found, call.arguments[1])
        sql, parameters = {
            "contains": (f"instr({found.sql}, ?) > 0", [value]),
            "startswith": (f"substr({found.sql}, 1, ?) = ?", [len(value), value]),
            "endswith": (
                f"(length({found.sql}) >= ? AND substr({found.sql}, -?) = ?)",
                [len(value), len(value), value],
            ),
        }[call.function]
        return Condition(sql if value else "1", parameters if value else [], frozenset({found.prop.name}))

    def _never_matches(self, prop: Property, literal: Literal) -> bool:
        return self.settings.long_literals_in_functions == "nothing" and 0 < prop.length < units(literal.text)

    def _comparison(self, found: _Field, operator: str, literal: Literal) -> Condition:
        value = self._value(found, literal)
        properties = frozenset({found.prop.name})
        is_pattern = self.settings.star_is_a_wildcard and literal.kind == "text" and "*" in literal.text
        if is_pattern and operator in ("eq", "ne"):
            pattern = re.sub(r"[?\[]", r"[\g<0>]", value)
            return Condition(f"{found.sql} {'' if operator == 'eq' else 'NOT '}GLOB ?", [pattern], properties)
        return Condition(f"{found.sql} {_SQL_OPERATORS[operator]} ?", [value], properties)

    def _value(self, found: _Field, literal: Literal) -> Any:
        prop = found.prop
        reader = _READERS.get((prop.kind, literal.kind))
        if literal.kind == "null" and self.settings.null_in_filters == "refused":
            reader = None
        if literal.kind == "number" and not (self.settings.suffixed_numbers or _PLAIN_NUMBER.fullmatch(literal.text)):
            raise bad_request(f"Syntax error: '{literal.text}' is not a valid number.")
        if (prop.kind, literal.kind) == (Kind.DATETIME, "date") and self.settings.dates_stand_for_times:
            reader = _midnight
        if prop.kind is Kind.ENUM:
            if not self.settings.enums_in_filters:
                raise self._incompatible(prop, literal)
            reader = str if literal.kind in ("text", "enum") else None
        if reader is None:
            raise self._incompatible(prop, literal)
        try:
            value = reader(literal.text)
        except ValueError as error:
            message = f"The DateTimeOffset text '{literal.text}' should be in format 'yyyy-mm-ddThh:mm:ss'."
            raise bad_request(message) from error
        if isinstance(value, str):
            self._check_length(prop, value)
            if prop.kind is Kind.CODE and self.settings.codes_are_filtered_in_upper_case:
                value = upper(value)
            return value.lower() if found.ignores_case else value
        return value

    def _check_length(self, prop: Property, value: str) -> None:
        if prop.length and units(value) > prop.length:
            message = (
                f"The filter \"='{value}'\" is not valid for the {prop.caption} field on the {self.entity.caption} table. "
                f"The length of the string is {units(value)}, but it must be less than or equal to {prop.length} "
                f"characters. Value: {value}"
            )
            raise ApiError(400, "Application_FilterErrorException", message)

    @staticmethod
    def _incompatible(prop: Property, literal: Literal) -> ApiError:
        return bad_request(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{prop.kind.edm}' and '{_LITERAL_TYPES[literal.kind]}' for operator kind 'Equal'."
        )


def _number(text: str) -> float:
    return float(text.rstrip("dDfFmMlL"))


def _midnight(text: str) -> float:
    return milliseconds_of(f"{text}T00:00:00Z")


def _truth(text: str) -> int:
    return int(text == "true")


def _blank(_: str) -> str:
    return ""


def _zero_guid(_: str) -> str:
    return ZERO_GUID


_READERS: dict[tuple[Kind, str], Callable[[str], Any]] = {
    (Kind.TEXT, "text"): str,
    (Kind.CODE, "text"): str,
    (Kind.TEXT, "null"): _blank,
    (Kind.CODE, "null"): _blank,
    (Kind.GUID, "guid"): str.lower,
    (Kind.GUID, "null"): _zero_guid,
    (Kind.DECIMAL, "number"): _number,
    (Kind.INTEGER, "number"): _number,
    (Kind.BOOLEAN, "boolean"): _truth,
    (Kind.DATETIME, "datetime"): milliseconds_of,
}
