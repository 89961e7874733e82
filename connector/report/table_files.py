"""Tables for people as CSV and Excel files: rows of text, written so that no program takes a value for a formula.

A text that a spreadsheet would calculate gets an apostrophe in front, in both formats, since one is often made from the other;
reading (connector/table_reading.py) takes it away again, so that what was written comes back exactly.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from connector.errors import InputError
from connector.private_files import private_file
from connector.table_reading import CALCULATED

__all__ = ["write_table"]

# characters that XML cannot hold or would change, and what looks like one that was escaped
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_EXCEL_ROWS, _EXCEL_CHARACTERS = 1_048_576, 32_767


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


def escaped(value: str) -> str:
    """The value with an apostrophe in front if a spreadsheet would calculate it."""
    return f"'{value}" if CALCULATED.match(value) else value


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
