"""Rule files as rows with their line numbers, and what is wrong with the files themselves.

A shop's own files may be CSV or Excel, as its spreadsheet saves them; letter case counts neither in headers nor in words that are
chosen from a list.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from connector.core.expectations import SUITES
from connector.core.spreadsheets import as_boolean
from connector.errors import InputError
from connector.table_reading import READABLE, Table, table_in

__all__ = ["FILES", "Row", "RuleFiles"]


@dataclass(frozen=True)
class _Columns:
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ("note",)


FILES: Mapping[str, _Columns] = {
    "fields.csv": _Columns(
        (
            "field", "webstore", "business_central", "direction", "conflict", "first_link", "blank", "max_length",
            "normalizer", "too_long",
        ),
        ("default", "options", "note"),
    ),
    "countries.csv": _Columns(("iso", "business_central")),
    "states.csv": _Columns(("country", "code", "name")),
    "state_policies.csv": _Columns(("country", "business_central", "unknown")),
    "templates.csv": _Columns(
        (
            "webstore", "country", "state", "currency", "payment_terms", "shipment_method", "payment_method", "tax_area",
            "salesperson", "credit_limit", "tax_liable", "blocked",
        )
    ),
    "vat_keys.csv": _Columns(("webstore", "order", "meta_key")),
    "names.csv": _Columns(("country", "order", "surnames")),
    "name_particles.csv": _Columns(("word", "belongs_to")),
    **{
        f"quality/{suite}.csv": _Columns(("expectation", "field", "value", "severity", "reason"), ("when", "note"))
        for suite in SUITES
    },
}  # fmt: skip
# before the names of files that spreadsheets keep while a file is open
_TEMPORARY = ("~$", ".~lock.")
_RULE_FILES = (".csv", ".xlsx")
_COUNTRY = re.compile(r"[A-Z]{2}")
_WEBSTORE = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")


@dataclass(frozen=True)
class Row:
    """One line of a rule file; texts are trimmed, optional columns that the file does not have are ""."""

    file: str
    line: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def __setitem__(self, column: str, value: str) -> None:
        """Take a value as it is meant, instead of as it is written."""
        self.values[column] = value

    @property
    def at(self) -> str:
        """`file:line`, as problems begin."""
        return f"{self.file}:{self.line}"


class RuleFiles:
    """The rule files of a shop over the ones that ship. `problems` collects whatever is found wrong, by whoever finds it."""

    def __init__(self, folder: Path | None) -> None:
        self.problems: list[str] = []
        self._shipped: Traversable = resources.files("mappings")
        self._own: dict[str, Traversable] = {} if folder is None else self._found(folder)
        self._digest = hashlib.sha256()
        self._rows = {name: list(self._read(name)) for name in FILES}

    @property
    def digest(self) -> str:
        """64 hex digits over the content of all files."""
        return self._digest.hexdigest()

    def rows(self, name: str) -> list[Row]:
        """The well-formed lines of a file."""
        return self._rows[name]

    def say(self, row: Row, problem: str) -> None:
        """Note a problem of a line."""
        self.problems.append(f"{row.at}: {problem}")

    def choose(self, row: Row, column: str, choices: Collection[str]) -> bool:
        """Whether a value is one of the choices, in any letter case; if not, that is noted. It is taken as the choice is spelled.

        "" among the choices means: may be left blank.
        """
        truth = as_boolean(row[column]) if "true" in choices else None
        wanted = row[column].casefold() if truth is None else str(truth).lower()
        meant = next((choice for choice in choices if choice.casefold() == wanted), None)
        if meant is not None:
            row[column] = meant
            return True
        blank = " or left blank" if "" in choices else ""
        self.say(row, f"{column} is {row[column]!r}; it must be one of {', '.join(sorted(set(choices) - {''}))}{blank}")
        return False

    def is_country(self, row: Row, column: str, besides: Collection[str] = ()) -> bool:
        """Whether a value is an ISO country code, in any letter case, or one of some other values; if not, that is noted."""
        if row[column] in besides or _COUNTRY.fullmatch(row[column].upper()):
            row[column] = row[column].upper()
            return True
        self.say(row, f"{column} is {row[column]!r}; it must be an ISO code of two capital letters, such as DE")
        return False

    def is_webstore(self, row: Row) -> bool:
        """Whether `webstore` is a webstore code, in any letter case, or blank; if not, that is noted."""
        if not row["webstore"] or _WEBSTORE.fullmatch(row["webstore"].lower()):
            row["webstore"] = row["webstore"].lower()
            return True
        self.say(
            row, f"webstore is {row['webstore']!r}; it must be a webstore_code of a setup, or blank for every webstore"
        )
        return False

    def once(self, name: str, columns: Sequence[str]) -> None:
        """Note every line that repeats these columns of a line before it."""
        seen: dict[tuple[str, ...], int] = {}
        for row in self.rows(name):
            key = tuple(row[column].casefold() for column in columns)
            if key in seen:
                shown = ", ".join(f"{column} {row[column]!r}" for column in columns)
                self.say(row, f"{shown} stands in line {seen[key]} already; remove one of the two")
            seen.setdefault(key, row.line)

    def _found(self, folder: Path) -> dict[str, Traversable]:
        if not _is_folder(folder):
            self.problems.append(
                f"{folder}: there is no such folder; synchronization.mappings must name one, or be left out"
            )
            return {}
        folders = [place for place in (folder, folder / "quality") if place.is_dir()]
        paths = [path for place in folders for path in place.iterdir() if path.suffix.lower() in READABLE]
        found: dict[str, Traversable] = {}
        for path in sorted(path for path in paths if not path.name.startswith(_TEMPORARY)):
            shown = path.relative_to(folder).as_posix()
            name = path.relative_to(folder).with_suffix(".csv").as_posix().lower()
            if name not in FILES and path.suffix.lower() not in _RULE_FILES:
                continue  # a note of the shop's
            if name not in FILES:
                self.problems.append(
                    f"{shown}: no such rule file; rename it to one of {', '.join(FILES)}, or move it away"
                )
            elif name in found:
                self.problems.append(f"{shown}: {found[name].name} is there, too; keep one of the two")
            else:
                found[name] = path
        return found

    def _read(self, name: str) -> Iterator[Row]:
        source = self._own.get(name, self._shipped / name)
        try:
            table = table_in(source.read_bytes(), name)
        except OSError as error:
            self.problems.append(f"{name}: cannot be read ({error.strerror or error})")
        except InputError as error:
            self.problems.append(str(error))
        else:
            # what counts is what the file says, not how a spreadsheet has saved it
            self._digest.update(repr((name, table.header, [line.values for line in table.lines])).encode())
            if self._has_columns(name, table):
                yield from self._well_formed(name, table)

    def _has_columns(self, name: str, table: Table) -> bool:
        columns, header, line = FILES[name], table.header, table.header_line
        missing = [column for column in columns.needed if column not in header]
        unknown = [column or "(blank)" for column in header if column not in columns.needed + columns.optional]
        doubled = sorted({column for column in header if header.count(column) > 1} - {""})
        if missing:
            self.problems.append(
                f"{name}:{line}: the columns {', '.join(missing)} are missing; the first line must name all columns"
            )
        if unknown:
            allowed = ", ".join(columns.needed + columns.optional)
            self.problems.append(f"{name}:{line}: no such columns: {', '.join(unknown)}; there are {allowed}")
        if doubled:
            self.problems.append(
                f"{name}:{line}: the columns {', '.join(doubled)} stand there twice; remove one of each"
            )
        return not missing and not unknown and not doubled

    def _well_formed(self, name: str, table: Table) -> Iterator[Row]:
        blank = dict.fromkeys(FILES[name].optional, "")
        count = len(table.header)
        for line in table.lines:
            if line.problem:
                self.problems.append(f"{name}:{line.number}: {line.problem}")
            elif len(line.values) != count:
                self.problems.append(
                    f"{name}:{line.number}: the line does not have {count} values; put values with commas in quotes"
                )
            else:
                values = dict(zip(table.header, map(str.strip, line.values), strict=True))
                yield Row(name, line.number, blank | values)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, or below a folder that cannot be entered
        return False
