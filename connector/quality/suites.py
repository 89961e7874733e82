"""A suite in words as Great Expectations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connector.core.expectations import PATTERNS, Expectation, Severity
from connector.quality.engine import great_expectations

__all__ = ["suite_of"]

_SEVERITIES = {Severity.STOP: "critical", Severity.QUARANTINE: "warning", Severity.WARN: "info"}
# expectation → name in Great Expectations, and what of the line becomes which argument
_KINDS: dict[str, tuple[str, Callable[[Expectation], dict[str, Any]]]] = {
    "is there": ("ExpectColumnToExist", lambda e: {"column": e.field}),
    "is filled": ("ExpectColumnValuesToNotBeNull", lambda e: {"column": e.field}),
    "is filled in at least": (
        "ExpectColumnProportionOfNonNullValuesToBeBetween",
        lambda e: {"column": e.field, "min_value": float(e.value) / 100},
    ),
    "is unique": ("ExpectColumnValuesToBeUnique", lambda e: {"column": e.field}),
    "is unique together with": (
        "ExpectCompoundColumnsToBeUnique",
        lambda e: {"column_list": [e.field, *e.choices], "ignore_row_if": "never"},
    ),
    "has at least": ("ExpectColumnValueLengthsToBeBetween", lambda e: {"column": e.field, "min_value": int(e.value)}),
    "has at most": ("ExpectColumnValueLengthsToBeBetween", lambda e: {"column": e.field, "max_value": int(e.value)}),
    "is between": (
        "ExpectColumnValuesToBeBetween",
        lambda e: {"column": e.field, "min_value": e.bounds[0], "max_value": e.bounds[1]},
    ),
    "is one of": ("ExpectColumnValuesToBeInSet", lambda e: {"column": e.field, "value_set": e.choices}),
    "is not one of": ("ExpectColumnValuesToNotBeInSet", lambda e: {"column": e.field, "value_set": e.choices}),
    "matches": ("ExpectColumnValuesToMatchRegex", lambda e: {"column": e.field, "regex": e.value}),
    "does not match": ("ExpectColumnValuesToNotMatchRegex", lambda e: {"column": e.field, "regex": e.value}),
    "counts at least": ("ExpectTableRowCountToBeBetween", lambda e: {"min_value": int(e.value)}),
}


def suite_of(name: str, expectations: Sequence[Expectation]) -> Any:
    """An ExpectationSuite; each member carries its place in `expectations` as `meta["position"]`."""
    gx = great_expectations()
    suite = gx.ExpectationSuite(name=name)
    for position, expectation in enumerate(expectations):
        suite.add_expectation(_made(gx, expectation, position))
    return suite


def _made(gx: Any, expectation: Expectation, position: int) -> Any:
    if expectation.words in PATTERNS:
        regex, must = PATTERNS[expectation.words]
        kind = "ExpectColumnValuesToMatchRegex" if must else "ExpectColumnValuesToNotMatchRegex"
        arguments: dict[str, Any] = {"column": expectation.field, "regex": regex}
    else:
        kind, arguments_of = _KINDS[expectation.words]
        arguments = arguments_of(expectation)
    condition = expectation.condition
    if condition is not None:
        arguments["row_condition"] = gx.expectations.row_conditions.Column(condition[0]) == condition[1]
    made = getattr(gx.expectations, kind)
    return made(**arguments, severity=_SEVERITIES[expectation.severity], meta={"position": position})
