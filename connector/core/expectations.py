"""Expectations of data, in words: what a line of mappings/quality/*.csv says, and what was found.

The words stand here alone; connector/quality turns them into Great Expectations and connector/rules reads the files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "PATTERNS",
    "SUITES",
    "WHOLE",
    "WORDS",
    "Expectation",
    "Finding",
    "Severity",
    "Suites",
    "value_problem",
    "when_problem",
]

# whose data a file is about, and in which order they are checked
SUITES = ("webstore", "business_central", "mapping", "plan")


class Severity(StrEnum):
    """What a record that is not as expected does."""

    STOP = "stop"
    QUARANTINE = "quarantine"
    WARN = "warn"


# what `value` holds beside each expectation: nothing, a number, "from | to", "a | b | c", a regular expression,
# other fields ("a | b"), or a percentage
WORDS: Mapping[str, str] = {
    "is there": "",
    "is filled": "",
    "is filled in at least": "percent",
    "is unique": "",
    "is unique together with": "fields",
    "has at least": "number",
    "has at most": "number",
    "is between": "range",
    "is one of": "choices",
    "is not one of": "choices",
    "matches": "pattern",
    "does not match": "pattern",
    "is an e-mail": "",
    "is a list of e-mails": "",
    "is a GUID": "",
    "is a time": "",
    "holds no control characters": "",
    "holds no damaged characters": "",
    "counts at least": "number",
}
# judged over all records at once, so that nobody can be quarantined for it
WHOLE = frozenset({"is there", "is filled in at least", "counts at least"})
_ADDRESS = r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+"
# expectation → (regular expression, whether it must be found)
PATTERNS: Mapping[str, tuple[str, bool]] = {
    "is an e-mail": (rf"^\s*{_ADDRESS}\s*$", True),
    "is a list of e-mails": (rf"^\s*{_ADDRESS}(\s*[;,]\s*{_ADDRESS})*[\s;,]*$", True),
    "is a GUID": (r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", True),
    "is a time": (r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", True),
    "holds no control characters": (r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", False),
    "holds no damaged characters": ("\ufffd", False),  # what a wrong character set leaves of a letter
}
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\s*\|\s*(-?\d+(?:\.\d+)?)?")
_WHEN = re.compile(r"(?P<field>\S+) is (?P<value>.+)")


@dataclass(frozen=True)
class Expectation:
    """One line of a suite.

    Attributes:
        line: where it stands in its file.
        field: what is looked at, in the words of the system: `id`, `billing.city`, `displayName`; "" for "counts at least".
        value: as WORDS says.
        when: `FIELD is VALUE`: only records of which that is true; "" = all.
        reason: what people read when a record fails: why it matters and what to do.
    """

    line: int
    field: str
    words: str
    value: str
    severity: Severity
    reason: str
    when: str = ""

    @property
    def text(self) -> str:
        """The expectation as a clause: `email is an e-mail`."""
        condition = f" when {self.when}" if self.when else ""
        return " ".join(part for part in (self.field, self.words, self.value) if part) + condition

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The ends of a range; None = open."""
        found = _RANGE.fullmatch(self.value)
        lower, upper = found.groups() if found else (None, None)
        return (float(lower) if lower else None, float(upper) if upper else None)

    @property
    def choices(self) -> list[str]:
        """The parts of a value that lists several."""
        return [part.strip() for part in self.value.split("|")]

    @property
    def condition(self) -> tuple[str, str] | None:
        """Field and value of `when`; None = every record."""
        found = _WHEN.fullmatch(self.when)
        return (found["field"], found["value"]) if found else None

    @property
    def fields(self) -> list[str]:
        """Every field that this line needs."""
        named = [self.field] if self.field else []
        named += self.choices if WORDS[self.words] == "fields" else []
        return named + ([self.condition[0]] if self.condition else [])


Suites = Mapping[str, tuple[Expectation, ...]]


@dataclass(frozen=True)
class Finding:
    """An expectation that was not met.

    Attributes:
        count: how many records.
        keys: their keys; of a warning only the first.
    """

    suite: str
    expectation: Expectation
    count: int
    keys: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """One sentence for messages; no value of a customer is in it."""
        who = f"{self.count:,} record{'s' * (self.count != 1)}: " if self.count else ""
        return f"{self.suite}: {who}not “{self.expectation.text}”. {self.expectation.reason}".strip()


def value_problem(words: str, value: str) -> str:
    """What is wrong with the value beside an expectation; "" if nothing is."""
    kind = WORDS[words]
    if not kind:
        return f"{words!r} takes no value; leave it blank" if value else ""
    if kind == "number" and not re.fullmatch(r"\d{1,9}", value):
        return "value must be a whole number"
    if kind == "percent" and not (re.fullmatch(r"\d{1,3}(\.\d+)?", value) and float(value) <= 100):
        return "value must be a percentage from 0 to 100"
    if kind == "range" and (not _RANGE.fullmatch(value) or not value.strip(" |")):
        return "value must be a range such as 1 | 100, or 1 |"
    if kind in {"choices", "fields"} and not all(part.strip() for part in value.split("|")):
        return "value must be one or more texts with | between"
    return _pattern_problem(value) if kind == "pattern" else ""


def _pattern_problem(value: str) -> str:
    if not value:
        return "value must be a regular expression"
    try:
        re.compile(value)
    except re.error as error:
        return f"value is no regular expression ({error})"
    return ""


def when_problem(when: str) -> str:
    """What is wrong with a condition; "" if nothing is."""
    return "" if not when or _WHEN.fullmatch(when) else "when must be FIELD is VALUE, or blank"
