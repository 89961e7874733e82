"""Tables for people as CSV and Excel files: rows of text, written so that no program takes a value for a formula.

A text that a spreadsheet would calculate gets an apostrophe in front, in both formats, since one is often made from the other;
reading takes it away again, so that what was written comes back exactly.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.errors import InputError
from connector.private_files import private_file

__all__ = ["Line", "Table", "read_table", "write_table"]

# first characters after which spreadsheets calculate; the wide ones are folded to these by some
_CALCULATED = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# characters that XML cannot hold or would change, and what looks like one that was escaped
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_EXCEL_ROWS, _EXCEL_CHARACTERS = 1_048_576, 32_767
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Line:
    """One row of a file. `number` is the line it begins on; `problem` says why it cannot be read, or is ""."""

    number: int
    values: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """A file's header and its rows that are not empty."""

    header: tuple[str, ...]
    lines: list[Line]


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, overwrite: bool = False) -> int:
    """Write a table as CSV or Excel, as the name of the file says; it is there whole or not at all.

    Returns:
        How many rows were written.

    Raises:
        InputError: the name ends in neither .csv nor .xlsx, the table is too large for Excel, or the file exists or cannot
            be written.
    """
    write = {".csv": _write_csv, ".xlsx": _write_excel}.get(path.suffix.lower())
    if write is None:
        raise _unknown_format(path)
    with private_file(path, overwrite=overwrite) as part:
        return write(part, header, ([escaped(value) for value in row] for row in rows))


def read_table(path: Path) -> Table:
    """Read a CSV or Excel file (its first sheet); every value is text, "" when there is none.

    Raises:
        InputError: the file is not there, or not what its name says.
    """
    read = {".csv": _read_csv, ".xlsx": _read_excel}.get(path.suffix.lower())
    if read is None:
        raise _unknown_format(path)
    try:
        lines = [line for line in read(path) if line.problem or any(value.strip() for value in line.values)]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Name a file that is there.") from error
    if not lines:
        raise InputError(f"{path} is empty.")
    return Table(tuple(value.strip() for value in lines[0].values), lines[1:])


def escaped(value: str) -> str:
    """The value with an apostrophe in front if a spreadsheet would calculate it."""
    return f"'{value}" if _CALCULATED.match(value) else value


def unescaped(value: str) -> str:
    """The value that was escaped to this."""
    return value[1:] if value.startswith("'") and _CALCULATED.match(value) else value


def _unknown_format(path: Path) -> InputError:
    return InputError(
        f"{path.name} is neither CSV nor Excel by its name.", hint="Use a name that ends in .csv or .xlsx."
    )


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    # with the mark Excel knows that it is UTF-8; RFC 4180 wants CRLF
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _read_csv(path: Path) -> Iterator[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line} is not UTF-8.", hint="Save it as CSV UTF-8.") from error
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = text.partition("\n")[0]
        # spreadsheets write the separator of their country
        reader = csv.reader(file, delimiter=max(_DELIMITERS, key=header.count), strict=True)
        number = 1
        try:
            for row in reader:
                yield Line(number, tuple(unescaped(value) for value in row))
                number = reader.line_num + 1
        except csv.Error as error:
            yield Line(number, (), f"not readable as CSV ({error})")


def _write_excel(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    import openpyxl  # a third of the imports of a run, and few runs write a sheet

    # checked before the first is written: a sheet that is left half-way keeps its temporary file
    lines = [[_UNPRINTABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", value) for value in row] for row in rows]
    if len(lines) >= _EXCEL_ROWS:
        raise InputError("Excel holds 1,048,575 rows at most.", hint="Use CSV.")
    if any(len(value) > _EXCEL_CHARACTERS for line in lines for value in line):
        raise InputError("A value is too long for Excel (32,767 characters at most).", hint="Use CSV.")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for line in (header, *lines):
        sheet.append([_text_cell(sheet, value) for value in line])
    book.save(path)
    return len(lines)


def _text_cell(sheet: Any, value: str) -> Any:
    """A cell that is text whatever it looks like: numbers keep their zeros."""
    from openpyxl.cell import WriteOnlyCell

    if not value:
        return None
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _read_excel(path: Path) -> Iterator[Line]:
    import openpyxl

    with path.open("rb") as file:
        try:
            book = openpyxl.load_workbook(file, read_only=True)
            rows = book.worksheets[0].iter_rows() if book.worksheets else ()
            for number, row in enumerate(rows, 1):
                formulas = [str(cell.coordinate) for cell in row if cell.data_type == "f"]
                problem = f"a formula stands in {', '.join(formulas)} where a value was due" if formulas else ""
                yield Line(number, tuple(_cell_text(cell.value) for cell in row), problem)
        except Exception as error:
            raise InputError(
                f"{path} is not an Excel file, or it is damaged.", hint="Save it anew as .xlsx, or as CSV UTF-8."
            ) from error


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unescaped(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value)))
