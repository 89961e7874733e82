"""Rule files as rows with their line numbers, and what is wrong with the files themselves."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from connector.core.expectations import SUITES

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
_COUNTRY = re.compile(r"[A-Z]{2}")
_WEBSTORE = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")


@dataclass(frozen=True)
class Row:
    """One line of a rule file; texts are trimmed, optional columns that the file does not have are ""."""

    file: str
    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

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
        """Whether a value is one of the choices; if not, that is noted. "" among the choices means: may be left blank."""
        if row[column] in choices:
            return True
        blank = " or left blank" if "" in choices else ""
        self.say(row, f"{column} is {row[column]!r}; it must be one of {', '.join(sorted(set(choices) - {''}))}{blank}")
        return False

    def is_country(self, row: Row, column: str, besides: Collection[str] = ()) -> bool:
        """Whether a value is an ISO country code, or one of some other values; if not, that is noted."""
        if row[column] in besides or _COUNTRY.fullmatch(row[column]):
            return True
        self.say(row, f"{column} is {row[column]!r}; it must be an ISO code of two capital letters, such as DE")
        return False

    def is_webstore(self, row: Row) -> bool:
        """Whether `webstore` is a webstore code or blank; if not, that is noted."""
        if not row["webstore"] or _WEBSTORE.fullmatch(row["webstore"]):
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
        paths = [path for place in folders for path in place.iterdir() if path.suffix.lower() == ".csv"]
        found = sorted(path.relative_to(folder).as_posix() for path in paths)
        for name in found:
            if name not in FILES:
                self.problems.append(
                    f"{name}: no such rule file; rename it to one of {', '.join(FILES)}, or move it away"
                )
        return {name: folder / name for name in found if name in FILES}

    def _read(self, name: str) -> Iterator[Row]:
        try:
            data = self._own.get(name, self._shipped / name).read_bytes()
            text = data.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name}: cannot be read ({type(error).__name__}); it must be a CSV file in UTF-8")
            return
        self._digest.update(name.encode() + b"\0" + data + b"\0")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        try:
            if self._has_columns(name, reader.fieldnames or []):
                yield from self._well_formed(name, reader)
        except csv.Error as error:
            self.problems.append(f"{name}:{reader.line_num + 1}: not CSV ({error}); check the quotes of this line")

    def _has_columns(self, name: str, header: Sequence[str]) -> bool:
        columns = FILES[name]
        missing = [column for column in columns.needed if column not in header]
        unknown = [column for column in header if column not in columns.needed + columns.optional]
        if missing:
            self.problems.append(
                f"{name}:1: the columns {', '.join(missing)} are missing; the first line must name all columns"
            )
        if unknown:
            allowed = ", ".join(columns.needed + columns.optional)
            self.problems.append(f"{name}:1: no such columns: {', '.join(unknown)}; there are {allowed}")
        return not missing and not unknown

    def _well_formed(self, name: str, reader: csv.DictReader[str]) -> Iterator[Row]:
        columns = FILES[name]
        blank = dict.fromkeys(columns.optional, "")
        for values in reader:
            if None in values or None in values.values():
                count = len(reader.fieldnames or [])
                self.problems.append(
                    f"{name}:{reader.line_num}: the line does not have {count} values; put values with commas in quotes"
                )
                continue
            yield Row(name, reader.line_num, blank | {key: value.strip() for key, value in values.items()})


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, or below a folder that cannot be entered
        return False
