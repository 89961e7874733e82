"""Exporting and importing the mapping table as CSV and Excel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.desk.exchange import COLUMNS, Imported, export_mapping, import_mapping
from connector.errors import InputError
from connector.report.table_files import write_table
from connector.store import MappingRow, Store, open_store
from connector.table_reading import read_table
from tests.by_hand import desk_over

NAMES = (
    'O\'Hara, "Red"',
    "=HYPERLINK(1)",
    "'=quoted already",
    "+49 30 1",
    "-",
    "@SUM(A1)",
    "\ttab",
    "两行\r\n名字",
    "'",
    "＝x",
)


def guid(number: int) -> str:
    return f"{number:08x}-0000-0000-0000-00000000000a"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def fill(store: Store, *rows: MappingRow) -> None:
    with store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.put(rows)


def rows(store: Store) -> list[tuple[object, ...]]:
    with store.view("shop") as view:
        frame = view.mapping.current().sort_values("bc_id")
    return list(frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None))


def take(store: Store, path: Path, content: str, **options: object) -> Imported:
    path.write_text(content, encoding="utf-8")
    return import_mapping(desk_over(store), path, **options)  # type: ignore[arg-type]


def exported(store: Store, target: Path, **options: object) -> int:
    with store.view("shop") as view:
        return export_mapping(view, target, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_was_exported_comes_back_exactly(store: Store, tmp_path: Path, suffix: str) -> None:
    fill(store, *(MappingRow(guid(n), f"00{n}", n or None, True, name, name) for n, name in enumerate(NAMES)))
    before = rows(store)
    target = tmp_path / f"mapping.{suffix}"
    assert exported(store, target) == len(NAMES)
    assert import_mapping(desk_over(store), target) == Imported(unchanged=len(NAMES), mapping_version=1)
    fill_nothing = import_mapping(desk_over(store, "outlet"), target)
    assert (fill_nothing.added, fill_nothing.mapping_version) == (len(NAMES), 1)
    with store.work("shop") as work:
        work.describe(actor="ann", reason="emptied")
        work.mapping.restore(0)
    assert import_mapping(desk_over(store), target).added == len(NAMES)
    assert rows(store) == before


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("=+-@'\t\r\n_x0041,;\"")
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["csv", "xlsx"]),
)
def test_every_text_comes_back_from_a_file_and_none_is_a_formula(
    tmp_path: Path, values: list[str], suffix: str
) -> None:
    path = tmp_path / f"table.{suffix}"
    table = [["end", value] for value in values]
    assert write_table(path, ["a", "b"], table, overwrite=True) == len(values)
    read = read_table(path)
    assert [list(line.values) + [""] * (2 - len(line.values)) for line in read.lines] == table
    assert not [line.problem for line in read.lines if line.problem]


def test_a_spreadsheet_calculates_nothing_of_an_export(store: Store, tmp_path: Path) -> None:
    fill(store, *(MappingRow(guid(n), f"{n}", n or None, True, name) for n, name in enumerate(NAMES)))
    exported(store, tmp_path / "m.xlsx")
    exported(store, tmp_path / "m.csv")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "m.xlsx").worksheets[0].iter_rows() for cell in row]
    assert not [
        cell.value for cell in cells if cell.data_type not in {"s", "inlineStr", "n"} or isinstance(cell.value, int)
    ]
    for text in ("=HYPERLINK", "+49", "@SUM"):
        assert f",{text}" not in (tmp_path / "m.csv").read_text(encoding="utf-8-sig")


def test_an_export_of_ids_only_has_no_names_and_an_older_version_can_be_exported(store: Store, tmp_path: Path) -> None:
    fill(store, MappingRow(guid(1), "C1", 5, True, "Secret", "secret"))
    fill(store, MappingRow(guid(2), "C2", None, True, "Other"))
    path = tmp_path / "m.csv"
    assert exported(store, path, version=1, ids_only=True) == 1
    assert path.read_text(encoding="utf-8-sig") == (
        f"bc_id,bc_number,webstore_id,webstore_customer\n{guid(1)},C1,5,yes\n"
    )
    with pytest.raises(InputError, match="no version 9"):
        exported(store, path, version=9)


def test_columns_that_the_file_does_not_have_keep_what_is_there(store: Store, tmp_path: Path) -> None:
    fill(store, MappingRow(guid(1), "C1", 5, False, "Name", "user"))
    done = take(store, tmp_path / "m.csv", f"bc_id;bc_number\n{{{guid(1).upper()}}};C9\n")
    assert (done.changed, done.mapping_version) == (1, 2)
    assert rows(store) == [(guid(1), "C9", 5, False, "Name", "user")]


def test_an_import_is_one_version_with_its_author_and_reason(store: Store, tmp_path: Path) -> None:
    fill(
        store,
        MappingRow(guid(1), "C1", 1, True),
        MappingRow(guid(2), "C2", 2, True),
        MappingRow(guid(3), "C3", 3, True),
    )
    content = f"bc_id,bc_number,webstore_id\n{guid(1)},C1,2\n{guid(2)},C2,1\n{guid(4)},C4,\n{guid(5)},C5,3\n"
    done = take(store, tmp_path / "m.csv", content, replace_all=True)
    assert done == Imported(added=2, removed=1, changed=2, mapping_version=2)
    with store.view("shop") as view:
        newest = view.mapping.versions()[-1]
    assert (newest.actor, newest.reason, newest.added, newest.removed, newest.changed) == (
        "ann",
        "import of m.csv",
        2,
        1,
        2,
    )
    assert take(store, tmp_path / "m.csv", content, replace_all=True, reason="again").mapping_version == 2


def test_every_problem_is_listed_by_line_and_nothing_is_changed(store: Store, tmp_path: Path) -> None:
    fill(store, MappingRow(guid(1), "C1", 5, True))
    before = rows(store)
    content = "\n".join(
        [
            "bc_id,bc_number,webstore_id,webstore_customer,name",
            f'{guid(2)},C2,6,yes,"two',
            'lines"',
            f"{guid(3)},C3,5,yes,x",
            "nonsense,C4,-7,maybe,x",
            "",
            f"{guid(2)},C2,8,yes,x",
            f"{guid(6)},C6,6,yes,x",
            f"{guid(7)},C7,,no,x",
            f"{guid(8)},C8,{2**63},yes,x,,too much",
        ]
    )
    problems = (
        "line 4: woo:5 is linked to C1, which is not in the file",
        "line 5: bc_id 'nonsense' is not the id of a Business Central customer",
        "line 5: webstore_customer 'maybe' is neither yes nor no",
        "line 5: webstore_id '-7' is not the id of a webstore customer",
        f"line 7: {guid(2)} stands in line 2 already",
        "line 8: woo:6 stands in line 2 already",
        "line 9: a row without webstore_id that is not ticked says nothing",
        "line 10: 7 values in a table of 5 columns",
    )
    looked = take(store, tmp_path / "m.csv", content, dry_run=True)
    assert looked.problems == problems
    with pytest.raises(InputError, match=r"Nothing was imported from m\.csv") as caught:
        take(store, tmp_path / "m.csv", content)
    assert caught.value.problems == problems
    assert rows(store) == before
    with store.view("shop") as view:
        assert view.mapping.version() == 1


def test_unknown_missing_and_doubled_columns_are_problems_of_the_first_line(store: Store, tmp_path: Path) -> None:
    looked = take(store, tmp_path / "m.csv", "username,username,colour,\nx,y,z,more\n", dry_run=True)
    assert looked.problems == (
        "line 1: unknown column colour",
        "line 1: unknown column (blank)",
        "line 1: column username is there twice",
        f"line 1: column bc_id is missing; an export has {', '.join(COLUMNS)}; a list needs bc_number, email or name, and "
        "webstore_id",
    )


def test_a_dry_run_tells_what_would_change_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    fill(store, MappingRow(guid(1), "C1", 5, True))
    looked = take(store, tmp_path / "m.csv", f"bc_id,webstore_id\n{guid(1)},6\n{guid(2)},\n", dry_run=True)
    assert replace(looked, rows=()) == Imported(added=1, changed=1, mapping_version=1)
    assert [(row["line"], row["change"]) for row in looked.rows] == [(2, "changed"), (3, "added")]
    assert rows(store) == [(guid(1), "C1", 5, True, "", "")]


def test_an_imported_link_is_not_rejected_any_more(store: Store, tmp_path: Path) -> None:
    with store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.reject(guid(1), 5, "no")
        work.mapping.reject(guid(2), 5, "no")
    take(store, tmp_path / "m.csv", f"bc_id,webstore_id\n{guid(1)},5\n")
    with store.view("shop") as view:
        assert view.mapping.rejections() == {(guid(2), 5)}


def test_what_excel_makes_of_numbers_and_ticks_is_understood_and_formulas_are_not(store: Store, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["bc_id", "bc_number", "webstore_id", "webstore_customer"])
    book.active.append([guid(1), 10000, 5.0, True])
    book.active.append([guid(2), "C2", "=A1", False])
    book.save(tmp_path / "m.xlsx")
    looked = import_mapping(desk_over(store), tmp_path / "m.xlsx", dry_run=True)
    assert looked.problems == ("line 3: a formula stands in C3 where a value was due",)
    book.active.delete_rows(3)
    book.save(tmp_path / "m.xlsx")
    import_mapping(desk_over(store), tmp_path / "m.xlsx")
    assert rows(store) == [(guid(1), "10000", 5, True, "", "")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.pdf", b"x", "neither CSV nor Excel"),
        ("m.xlsx", b"bc_id\n", "not an Excel file"),
        ("m.csv", b"bc_id\n\n\xe9\n", "line 3 is not UTF-8"),
        ("m.csv", b"\xef\xbb\xbf\r\n", "is empty"),
        ("m.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_so(
    store: Store, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        import_mapping(desk_over(store), tmp_path / name, dry_run=True)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    for target, words in ((tmp_path / "no" / "m.csv", "cannot be written"), (tmp_path / "m.ods", "neither CSV nor")):
        with pytest.raises(InputError, match=words):
            exported(store, target)
    fill(store, MappingRow(guid(1), "C1", 5, True, "x" * 40_000))
    with pytest.raises(InputError, match="too long for Excel"):
        exported(store, tmp_path / "m.xlsx")
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("store")) == []


@pytest.mark.parametrize(
    ("column", "there", "shown", "told"),
    [
        ("bc_number", "00010", "10", "eats zeros"),
        ("bc_number", "1-2", "02. Jan", "takes it for a date"),
        ("username", "12E3", "1,20E+04", "takes an E between digits for a power of ten"),
        ("username", "123456789012", "1,23457E+11", "shortens long numbers"),
        ("name", "MAR1", "2026-03-01 00:00:00", "takes it for a date"),
    ],
)
def test_what_a_spreadsheet_has_changed_for_good_is_told(
    store: Store, tmp_path: Path, column: str, there: str, shown: str, told: str
) -> None:
    row = MappingRow(guid(1), "C1", 5, True, "Ann", "ann")
    fill(store, replace(row, **{column: there}))  # type: ignore[arg-type]
    (problem,) = take(store, tmp_path / "m.csv", f'bc_id;{column}\n{guid(1)};"{shown}"\n', dry_run=True).problems
    assert problem == f"line 2: {column} {shown!r} is {there!r} in the mapping table: a spreadsheet {told}" + (
        " and signs of numbers" if told == "eats zeros" else ""
    )
