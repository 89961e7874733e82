"""The expectations of mappings/quality/: one file per suite."""

from __future__ import annotations

from collections.abc import Collection

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import FieldRules
from connector.core.expectations import SUITES, WHOLE, WORDS, Expectation, Severity, Suites, value_problem, when_problem
from connector.rules.reading import Row, RuleFiles

__all__ = ["PLAN_FIELDS", "suites"]

MAPPING_FIELDS = ("bc_id", "bc_number", "webstore_id", "name")
PLAN_FIELDS = ("key", "action", "direction", "bc_number", "webstore_id", "field", "base", "before", "after", "reason")
# columns of an extract that are not the other system's own words
_INTERNAL = frozenset({"webstore_id", "bc_id", "malformed", "meta_known", "etag"})


def suites(files: RuleFiles, rules: FieldRules) -> Suites:
    """The four suites; lines that cannot be understood are noted and left out."""
    known = {
        "webstore": ("id", *(name for name in webstore_customer.schema(rules).names if name not in _INTERNAL)),
        "business_central": (
            "id",
            *(name for name in business_central_customer.schema(rules).names if name not in _INTERNAL),
        ),
        "mapping": MAPPING_FIELDS,
        "plan": PLAN_FIELDS,
    }
    return {
        suite: tuple(
            _expectation(row) for row in files.rows(f"quality/{suite}.csv") if _check(files, row, known[suite])
        )
        for suite in SUITES
    }


def _check(files: RuleFiles, row: Row, fields: Collection[str]) -> bool:
    fine = files.choose(row, "expectation", WORDS)
    fine &= files.choose(row, "severity", {str(severity) for severity in Severity})
    if not fine:
        return False
    problems = [value_problem(row["expectation"], row["value"]), when_problem(row["when"])]
    if row["expectation"] == "counts at least":
        problems += ["field must be blank; records are counted"] if row["field"] else []
    elif not row["field"]:
        problems.append("field is blank; name the one that is looked at")
    if row["expectation"] in WHOLE and row["severity"] == Severity.QUARANTINE:
        problems.append("severity is 'quarantine', but this is said of all records together; choose stop or warn")
    if row["expectation"] in WHOLE and row["when"]:
        problems.append("when must be blank, since this is said of all records together")
    if not row["reason"]:
        problems.append("reason is blank; write what people shall read when a record fails, and what to do")
    problems = [problem for problem in problems if problem]
    if not problems:
        missing = [name for name in _expectation(row).fields if name not in fields]
        problems += [f"there is no field {name!r}; there are {', '.join(fields)}" for name in missing]
    for problem in problems:
        files.say(row, problem)
    return not problems


def _expectation(row: Row) -> Expectation:
    return Expectation(
        row.line, row["field"], row["expectation"], row["value"], Severity(row["severity"]), row["reason"], row["when"]
    )
