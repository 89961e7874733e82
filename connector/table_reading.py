"""Tables of people, CSV or Excel, as spreadsheets of any country save them: the one reader for all files of this project.

What differs only in the way of saving does not differ: comma, semicolon or tab (spreadsheets write the separator of their
country, and `sep=;` before it), quotes, also around whole lines, a byte order mark, UTF-16 ("Unicode text"), line ends of any
system, capitals and blanks in the header, empty lines, and empty columns at the end. Every value is text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from connector.errors import InputError
from connector.text_files import text_in

__all__ = ["CALCULATED", "READABLE", "Line", "Table", "read_table", "table_in"]

# how the names of files end that can be read
READABLE = (".csv", ".xlsx", ".txt", ".tsv")
# first characters after which spreadsheets calculate; the wide ones are folded to these by some. What is written
# by this project has an apostrophe before such a text
CALCULATED = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DELIMITERS = (",", ";", "\t")
_QUOTED = re.compile(r'"[^"]*"')
_SEPARATOR_NAMED = re.compile(r'"?sep=(.)"?[^\S\r\n]*(?:\r\n|\r|\n)', re.IGNORECASE)
_LINE_END = re.compile(r"[\r\n]")
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Line:
    """One row of a file. `number` is the line it begins on; `problem` says why it cannot be read, or is ""."""

    number: int
    values: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """A file's header, in small letters with _ between words, the line that it is in, and the rows below that are not empty."""

    header: tuple[str, ...]
    lines: list[Line]
    header_line: int = 1


def read_table(path: Path) -> Table:
    """Read a CSV or Excel file (its first sheet); every value is text, "" when there is none.

    Raises:
        InputError: the file is not there, or not what its name says.
    """
    if path.suffix.lower() not in (*READABLE, ".xls"):
        raise InputError(
            f"{path.name} is neither CSV nor Excel by its name.", hint="Use a name that ends in .csv or .xlsx."
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Name a file that is there.") from error
    return table_in(data, str(path))


def table_in(data: bytes, name: str) -> Table:
    """The table that a file's bytes hold; what they are is told by the bytes.

    Args:
        name: of the file, for messages.

    Raises:
        InputError: they are no table.
    """
    if data.startswith(_OLD_EXCEL):
        raise InputError(f"{name} is a file of Excel 97-2003.", hint="Save it anew as .xlsx, or as CSV UTF-8.")
    is_excel = data.startswith(_ZIP) or name.lower().endswith(".xlsx")
    read = _excel_lines(data, name) if is_excel else _csv_lines(data, name)
    lines = [line for line in read if line.problem or any(value.strip() for value in line.values)]
    if not lines:
        raise InputError(f"{name} is empty.")
    if lines[0].problem:
        raise InputError(f"{name}: line {lines[0].number}: {lines[0].problem}.")
    header = [_column(value) for value in lines[0].values]
    while header and not header[-1] and not any(any(line.values[len(header) - 1 :]) for line in lines[1:]):
        header.pop()  # a spreadsheet keeps the columns that something stood in once
    width = len(header)
    return Table(tuple(header), [_cut(line, width) for line in lines[1:]], lines[0].number)


def _column(name: str) -> str:
    return "_".join(re.split(r"[\s_-]+", name.strip().casefold()))


def _cut(line: Line, width: int) -> Line:
    """The line without the empty values behind the last column."""
    values = list(line.values)
    while len(values) > width and not values[-1].strip():
        values.pop()
    return line if len(values) == len(line.values) else Line(line.number, tuple(values), line.problem)


def _csv_lines(data: bytes, name: str) -> Iterator[Line]:
    try:
        text = text_in(data)
    except ValueError as error:
        raise InputError(f"{name}: {error}.", hint="Save it as CSV UTF-8.") from None
    named = _SEPARATOR_NAMED.match(text)
    begin = named.end() if named else 0
    delimiter = named[1] if named else _delimiter(text)
    reader = csv.reader(io.StringIO(text[begin:], newline=""), delimiter=delimiter, strict=True)
    above = 1 if named else 0
    number, width = above + 1, 0
    try:
        for row in reader:
            values = _unwrapped(row, width, delimiter)
            width = width or len(values)
            yield Line(number, tuple(_unescaped(value) for value in values))
            number = above + reader.line_num + 1
    except csv.Error as error:
        yield Line(number, (), f"not readable as CSV ({error}); check the quotes of this line")


def _delimiter(text: str) -> str:
    """The separator that the first line with words has most of, outside of quotes if there is one outside."""
    header = next((line for line in _LINE_END.split(text) if line.strip(' ,;\t"')), "")
    for seen in (_QUOTED.sub("", header), header):
        found = max(_DELIMITERS, key=seen.count)
        if found in seen:
            return found
    return ","


def _unwrapped(row: Sequence[str], width: int, delimiter: str) -> Sequence[str]:
    """The values of a line that was opened as one cell and saved so: in quotes as a whole."""
    if len(row) != 1 or width == 1 or delimiter not in row[0]:
        return row
    try:
        return next(csv.reader([row[0]], delimiter=delimiter, strict=True))
    except csv.Error:
        return row


def _unescaped(value: str) -> str:
    return value[1:] if value.startswith("'") and CALCULATED.match(value) else value


def _excel_lines(data: bytes, name: str) -> Iterator[Line]:
    import openpyxl  # a third of the imports of a run, and few commands read a sheet

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        rows = book.worksheets[0].iter_rows() if book.worksheets else ()
        for number, row in enumerate(rows, 1):
            problems = [text for text in map(_cell_problem, row) if text]
            yield Line(number, tuple(_cell_text(cell) for cell in row), "; ".join(problems))
    except Exception as error:
        raise InputError(
            f"{name} is not an Excel file, or it is damaged.", hint="Save it anew as .xlsx, or as CSV UTF-8."
        ) from error


def _cell_problem(cell: Any) -> str:
    if cell.data_type == "f":
        return f"a formula stands in {cell.coordinate} where a value was due"
    if cell.data_type == "e":
        return f"an error of a formula stands in {cell.coordinate} ({cell.value})"
    if isinstance(cell.value, (date, datetime, time, timedelta)):
        return (
            f"a date or time stands in {cell.coordinate} ({cell.value}), which a spreadsheet has made of what was written; "
            "format the column as text and write it anew"
        )
    return ""


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        zeros = cell.number_format if re.fullmatch("0+", str(cell.number_format)) else ""
        return str(value).zfill(len(zeros))  # what is formatted as 00000 is shown with its zeros
    return _unescaped(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value)))
