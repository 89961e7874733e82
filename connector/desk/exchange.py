"""The mapping table as a file that people can edit: export, and import that says everything that is wrong before it changes
anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from connector.core.customer_references import Kind, read_name
from connector.core.normalize import clean_code
from connector.core.spreadsheets import loss
from connector.desk.desk import Desk
from connector.desk.listed_pairs import Listed, lines_to_look_up, look_up, with_known_columns
from connector.errors import InputError
from connector.load.bases import remember_account
from connector.report.table_files import write_table
from connector.store import MappingRow, View
from connector.table_reading import Line, Table, read_table

__all__ = ["COLUMNS", "Imported", "export_mapping", "import_mapping", "names_customers"]

COLUMNS = ("bc_id", "bc_number", "webstore_id", "webstore_customer", "name", "username")
# without what names a person
IDS = ("bc_id", "bc_number", "webstore_id", "webstore_customer")
_YES, _NO = {"yes", "true", "1", "x"}, {"no", "false", "0"}
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Imported:
    """What an import changes, or would change.

    Attributes:
        problems: everything that is wrong, by line; when there is anything, nothing is imported.
        added, removed, changed, unchanged: rows of the mapping table.
        mapping_version: the newest version now; a dry run and an import that changes nothing make none.
        rows: of a dry run, each row that it would add, remove or change: `line`, `change`, `bc_number`, `name`, `webstore_id`,
            `webstore_id_before`, `webstore_customer`.
    """

    problems: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    changed: int = 0
    unchanged: int = 0
    mapping_version: int = 0
    rows: tuple[Mapping[str, Any], ...] = ()


def export_mapping(
    view: View, target: Path, *, version: int | None = None, ids_only: bool = False, overwrite: bool = False
) -> int:
    """Write the mapping table to a CSV or Excel file, in order of number.

    Args:
        version: None = as it is now.
        ids_only: without names and user names, for files that others may see.
        overwrite: replace the file.

    Returns:
        How many rows were written.

    Raises:
        InputError: there is no such version, the file exists, or it cannot be written.
    """
    mapping = view.mapping.current() if version is None else view.mapping.as_of(version)
    columns = IDS if ids_only else COLUMNS
    rows = mapping.sort_values(["bc_number", "bc_id"])[list(columns)]
    table = (tuple(map(_shown, row)) for row in rows.itertuples(index=False, name=None))
    return write_table(target, columns, table, overwrite=overwrite)


def import_mapping(
    desk: Desk,
    source: Path,
    *,
    reason: str = "",
    dry_run: bool = False,
    replace_all: bool = False,
) -> Imported:
    """Take the rows of a CSV or Excel file into the mapping table, all of them or none, as one version.

    The file is an export, of whose columns those that are missing keep what is there; or a list in which customers are named by
    number, e-mail or name, and accounts by id, e-mail or name. Then both systems are asked who that is.

    Args:
        desk: with its secrets, where the file is such a list (`names_customers`).
        dry_run: change nothing, and return the problems instead of raising.
        replace_all: remove the rows that the file does not have.

    Raises:
        InputError: the file cannot be read, or (not in a dry run) naming everything that is wrong with it, by line.
    """
    table = with_known_columns(read_table(source))
    listed = Listed() if _header_problems(table) else look_up(desk, table)
    if dry_run:
        with desk.view() as view:
            return _examined(view, table, listed, replace_all=replace_all)[0]
    with desk.work(reason or f"import of {source.name}") as work:
        result, wanted, leaving = _examined(work, table, listed, replace_all=replace_all)
        if result.problems:
            raise InputError(f"Nothing was imported from {source.name}:", problems=result.problems)
        # first those that go, so that their Webstore IDs are free
        for bc_id in leaving:
            work.mapping.forget(bc_id)
        work.mapping.put(wanted)
        for row in wanted:
            account = listed.accounts.get(row.webstore_id or 0)
            if account is not None:  # as if each pair had been linked by hand
                work.mapping.unreject(row.bc_id, row.webstore_id or 0)
                remember_account(work, row.bc_id, account)
    return replace(result, mapping_version=desk.version(), rows=())


def names_customers(source: Path) -> bool:
    """Whether a file names somebody by something else than ids, so that both systems must be asked and secrets are needed.

    Raises:
        InputError: the file cannot be read.
    """
    return bool(lines_to_look_up(with_known_columns(read_table(source))))


@dataclass
class _Reading:
    """Rows read so far, and everything that was wrong."""

    rows: dict[str, MappingRow] = field(default_factory=dict)
    line_of: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


def _examined(
    view: View, table: Table, listed: Listed, *, replace_all: bool
) -> tuple[Imported, list[MappingRow], list[str]]:
    """What the file would change, its rows, and the ids of the rows that would go."""
    current = {row.bc_id: row for row in _rows_of(view.mapping.current())}
    reading = _Reading(problems=list(listed.problems.items()))
    header_problems = _header_problems(table)
    if not header_problems:
        positions = {name: table.header.index(name) for name in COLUMNS if name in table.header}
        for line in table.lines:
            if line.number not in listed.problems:
                _read_line(line, len(table.header), positions, current, reading, listed.values.get(line.number, {}))
        _check_pairs(reading, current, replace_all=replace_all)
    leaving = sorted(current.keys() - reading.rows.keys()) if replace_all else []
    problems = header_problems + [f"line {number}: {text}" for number, text in sorted(reading.problems)]
    kinds = Counter(_change(row, current) for row in reading.rows.values())
    result = Imported(
        tuple(problems),
        added=kinds["added"],
        removed=len(leaving),
        changed=kinds["changed"],
        unchanged=kinds["unchanged"],
        mapping_version=view.mapping.version(),
        rows=tuple(_shown_changes(reading, current, leaving)),
    )
    return result, list(reading.rows.values()), leaving


def _change(row: MappingRow, current: Mapping[str, MappingRow]) -> str:
    there = current.get(row.bc_id)
    return "added" if there is None else "unchanged" if there == row else "changed"


def _shown_changes(
    reading: _Reading, current: Mapping[str, MappingRow], leaving: Collection[str]
) -> Iterator[dict[str, Any]]:
    changes = [(reading.line_of[row.bc_id], _change(row, current), row) for row in reading.rows.values()]
    changes += [(0, "removed", current[bc_id]) for bc_id in leaving]
    for line, change, row in changes:
        if change != "unchanged":
            there = current.get(row.bc_id)
            yield {
                "line": line or None,
                "change": change,
                "bc_number": row.bc_number or row.bc_id,
                "name": row.name,
                "webstore_id": None if change == "removed" else row.webstore_id,
                "webstore_id_before": there.webstore_id if there else None,
                "webstore_customer": row.webstore_customer,
            }


def _header_problems(table: Table) -> list[str]:
    problems = [
        f"line 1: unknown column {name or '(blank)'}" for name in table.header if name not in (*COLUMNS, "email")
    ]
    counts = Counter(table.header)
    problems += [f"line 1: column {name} is there twice" for name in COLUMNS if counts[name] > 1]
    if not {"bc_id", "bc_number", "email", "name"} & set(table.header):
        problems.append(
            f"line 1: column bc_id is missing; an export has {', '.join(COLUMNS)}; a list needs bc_number, email or name, and "
            "webstore_id"
        )
    return problems


def _read_line(
    line: Line,
    width: int,
    positions: Mapping[str, int],
    current: Mapping[str, MappingRow],
    reading: _Reading,
    looked_up: Mapping[str, str],
) -> None:
    def wrong(text: str) -> None:
        reading.problems.append((line.number, text))

    if line.problem:
        wrong(line.problem)
        return
    if len(line.values) > width and any(line.values[width:]):
        wrong(f"{len(line.values)} values in a table of {width} columns")
        return
    cells = {name: line.values[at] if at < len(line.values) else "" for name, at in positions.items()} | dict(looked_up)
    if not any(cells.get(name) for name in ("bc_id", "bc_number")):
        wrong("names no customer of Business Central")
        return
    named = read_name(cells.get("bc_id", ""))
    bc_id = named.value
    if named.kind is not Kind.ID:
        wrong(f"bc_id {cells.get('bc_id', '')!r} is not the id of a Business Central customer")
        bc_id = ""
    there = current.get(bc_id, MappingRow(bc_id, "", None, True))
    webstore_id, ticked = there.webstore_id, there.webstore_customer
    if "webstore_id" in cells:
        text = clean_code(cells["webstore_id"])
        account = read_name(text if text.lower().startswith("woo:") else f"woo:{text}")
        number = int(account.value) if account.kind is Kind.ACCOUNT else 0
        if text and not 0 < number <= _LARGEST_ID:
            wrong(f"webstore_id {text!r} is not the id of a webstore customer")
        webstore_id = number if text else None
    flag = clean_code(cells.get("webstore_customer", "")).lower()
    if flag in _YES | _NO:
        ticked = flag in _YES
    elif flag:
        wrong(f"webstore_customer {flag!r} is neither yes nor no")
    if not bc_id:
        return
    if bc_id in reading.rows:
        wrong(f"{bc_id} stands in line {reading.line_of[bc_id]} already")
        return
    texts = {name: cells.get(name, getattr(there, name)) for name in ("bc_number", "name", "username")}
    for name, text in texts.items():
        why = loss(text.strip(), getattr(there, name))
        if why:
            wrong(f"{name} {text!r} is {getattr(there, name)!r} in the mapping table: a spreadsheet {why}")
    reading.rows[bc_id] = MappingRow(
        bc_id, clean_code(texts["bc_number"]), webstore_id, ticked, texts["name"], texts["username"]
    )
    reading.line_of[bc_id] = line.number


def _check_pairs(reading: _Reading, current: Mapping[str, MappingRow], *, replace_all: bool) -> None:
    """A webstore customer belongs to one row only, in the file and beside it."""
    owner: dict[int, str] = {}
    outside = {
        row.webstore_id: row
        for row in current.values()
        if row.webstore_id is not None and row.bc_id not in reading.rows and not replace_all
    }
    for bc_id, row in reading.rows.items():
        if row.webstore_id is None:
            if not row.webstore_customer:
                reading.problems.append(
                    (reading.line_of[bc_id], "a row without webstore_id that is not ticked says nothing")
                )
            continue
        first = owner.setdefault(row.webstore_id, bc_id)
        if first != bc_id:
            text = f"woo:{row.webstore_id} stands in line {reading.line_of[first]} already"
            reading.problems.append((reading.line_of[bc_id], text))
        elif row.webstore_id in outside:
            linked = outside[row.webstore_id]
            text = f"woo:{row.webstore_id} is linked to {linked.bc_number or linked.bc_id}, which is not in the file"
            reading.problems.append((reading.line_of[bc_id], text))


def _rows_of(mapping: pd.DataFrame) -> Iterator[MappingRow]:
    for row in mapping[list(COLUMNS)].itertuples(index=False, name=None):
        bc_id, number, webstore_id, ticked, name, username = row
        yield MappingRow(
            bc_id, number, None if pd.isna(webstore_id) else int(webstore_id), bool(ticked), name, username
        )


def _shown(value: object) -> str:
    if value is pd.NA or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
