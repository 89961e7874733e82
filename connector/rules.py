"""Reads the field rules of `mappings/`: data that a shop reviews in git and may replace by a folder of its own.

Every problem of every file is reported at once, with file, line and remedy; nothing runs on half-understood rules.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from connector.core.customer import Direction, FieldRule, FieldRules
from connector.core.geography import Geography, State
from connector.core.normalize import NORMALIZERS
from connector.errors import SetupError

__all__ = ["Rules", "load_rules"]

_CHOICES = {
    "direction": {"both", "push", "pull"},
    "conflict": {"", "business-central", "webstore", "newest", "ask"},
    "first_link": {"", "business-central", "webstore", "ask"},
    "blank": {"", "keep", "clear"},
    "normalizer": set(NORMALIZERS),
    "too_long": {"quarantine"},
}
_FIELD_COLUMNS = (
    "field", "webstore", "business_central", "direction", "conflict", "first_link", "blank", "max_length", "normalizer",
    "too_long",
)  # fmt: skip
# the paths and properties that the clients read and write; anything else would be a silent no-op
_WEBSTORE_PATHS = {"name", "email"} | {
    f"billing.{part}" for part in ("company", "address_1", "address_2", "city", "postcode", "country", "state", "phone")
}
_BUSINESS_CENTRAL_PROPERTIES = {
    "displayName", "email", "phoneNumber", "addressLine1", "addressLine2", "city", "state", "country", "postalCode",
}  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """The field map and the geography. `digest` identifies the exact content of the files."""

    fields: FieldRules
    geography: Geography

    @property
    def digest(self) -> str:
        """64 hex digits over all rule files."""
        return self.fields.digest


@dataclass(frozen=True)
class _Row:
    line: int
    values: dict[str, str]


def load_rules(folder: Path | None = None) -> Rules:
    """Read the rules.

    Args:
        folder: a shop's own folder with fields.csv, countries.csv and states.csv; None = the ones that ship.

    Raises:
        SetupError: with every problem as `file:line: what is wrong`.
    """
    source: Traversable = folder if folder is not None else resources.files("mappings")
    problems: list[str] = []
    digest = hashlib.sha256()
    field_rows = list(_rows(source, "fields.csv", _FIELD_COLUMNS, problems, digest))
    countries = list(_rows(source, "countries.csv", ("iso", "business_central", "note"), problems, digest))
    states = list(_rows(source, "states.csv", ("country", "code", "name"), problems, digest))
    rules = [_field_rule(row, problems) for row in field_rows]
    problems += _doubled("fields.csv", field_rows, "field") + _doubled("countries.csv", countries, "iso")
    if problems:
        raise SetupError(
            f"The field rules have {len(problems)} problem{'s' * (len(problems) != 1)}:", problems=problems
        )
    return Rules(
        fields=FieldRules(tuple(rule for rule in rules if rule), digest.hexdigest()),
        geography=Geography(
            exceptions={row.values["iso"].upper(): row.values["business_central"].upper() for row in countries},
            states=tuple(State(row.values["country"], row.values["code"], row.values["name"]) for row in states),
        ),
    )


def _rows(
    folder: Traversable, name: str, columns: tuple[str, ...], problems: list[str], digest: hashlib._Hash
) -> Iterator[_Row]:
    try:
        data = (folder / name).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{name}: cannot be read ({type(error).__name__}); it must be a CSV file in UTF-8")
        return
    digest.update(name.encode() + b"\0" + data + b"\0")
    reader = csv.DictReader(text.splitlines())
    missing = [column for column in columns if column not in (reader.fieldnames or [])]
    if missing:
        problems.append(f"{name}:1: the columns {', '.join(missing)} are missing; the first line must name all columns")
        return
    for row in reader:
        if None in row or None in row.values():
            problems.append(f"{name}:{reader.line_num}: the line does not have {len(columns)} values")
            continue
        yield _Row(reader.line_num, {key: value.strip() for key, value in row.items()})


def _field_rule(row: _Row, problems: list[str]) -> FieldRule | None:
    at, values = f"fields.csv:{row.line}", row.values
    found = [
        f"{at}: {column} is {values[column]!r}; it must be one of {', '.join(sorted(choices - {''}))}"
        for column, choices in _CHOICES.items()
        if values[column] not in choices
    ]
    if values["webstore"] not in _WEBSTORE_PATHS:
        found.append(
            f"{at}: webstore is {values['webstore']!r}; it must be one of {', '.join(sorted(_WEBSTORE_PATHS))}"
        )
    if values["business_central"] not in _BUSINESS_CENTRAL_PROPERTIES:
        found.append(
            f"{at}: business_central is {values['business_central']!r}; "
            f"it must be one of {', '.join(sorted(_BUSINESS_CENTRAL_PROPERTIES))}"
        )
    if not values["max_length"].isdecimal() or int(values["max_length"]) < 1:
        found.append(f"{at}: max_length is {values['max_length']!r}; it must be a whole number of characters")
    if found:
        problems += found
        return None
    directions = {Direction.PUSH, Direction.PULL} if values["direction"] == "both" else {Direction(values["direction"])}
    return FieldRule(
        field=values["field"],
        webstore=values["webstore"],
        business_central=values["business_central"],
        directions=frozenset(directions),
        conflict=values["conflict"],
        first_link=values["first_link"],
        blank=values["blank"],
        max_length=int(values["max_length"]),
        normalizer=values["normalizer"],
        too_long=values["too_long"],
    )


def _doubled(name: str, rows: list[_Row], column: str) -> list[str]:
    seen: dict[str, int] = {}
    problems = []
    for row in rows:
        key = row.values[column].upper()
        if key in seen:
            problems.append(f"{name}:{row.line}: {column} {row.values[column]!r} stands in line {seen[key]} already")
        seen.setdefault(key, row.line)
    return problems
