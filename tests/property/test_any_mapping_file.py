"""Whatever stands in a file that is imported into the mapping table, or given to a sandbox, is understood, or refused by line."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from connector.desk import exchange
from connector.desk.desk import Desk
from connector.desk.exchange import COLUMNS, export_mapping, import_mapping
from connector.desk.listed_pairs import Listed, lines_to_look_up
from connector.report.table_files import write_table
from connector.store import MappingRow, Store, open_store
from connector.table_reading import Table, read_table
from sandbox.people import SandboxInputError, load_business_central_customers, load_webstore_customers
from tests import hypothesis_profiles
from tests.by_hand import desk_over
from tests.property.hostile import anything, changed_bytes, changed_text, refused_or_understood, texts

IDS = tuple(f"{n:08x}-0000-0000-0000-00000000000a" for n in range(4))
ROWS = [[key, f"C{n}", str(n + 1), "yes", f"Name {n}", ""] for n, key in enumerate(IDS)]
KNOWN = sorted({*COLUMNS, *IDS, "yes", "no", "1", "woo:2", "C0"})
ACCOUNT = '{"id": 1, "email": "a@x.example", "billing": {"country": "DE"}, "meta_data": []}\n'
CUSTOMER = f'{{"id": "{IDS[0]}", "number": "C1", "displayName": "Ann"}}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any-file")


@pytest.fixture(scope="module", autouse=True)
def nobody_answers() -> Iterator[None]:
    """Both systems are away, and are not waited for: what is to be looked up is a problem of its line."""

    def unanswered(_desk: Desk, table: Table) -> Listed:
        return Listed(problems=dict.fromkeys(lines_to_look_up(table), "cannot be looked up"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "look_up", unanswered)
        yield


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[Store]:
    """A store whose table has two of the rows."""
    opened = open_store(f"sqlite:///{folder / 'store.sqlite'}")
    with opened.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.put([MappingRow(key, f"C{n}", n + 1, True, f"Name {n}") for n, key in enumerate(IDS[:2])])
    yield opened
    opened.close()


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Header and rows of an export with other values in some cells, and rows that are shorter or longer."""
    rows = [list(COLUMNS), *map(list, ROWS)]
    for _ in range(draw(st.integers(1, 3))):
        row = rows[draw(st.integers(0, len(rows) - 1))]
        column = draw(st.integers(0, len(row)))
        row[column : column + draw(st.sampled_from((1, 1, 1, 0, 2)))] = [draw(st.one_of(texts, st.sampled_from(KNOWN)))]
    return rows


def written(rows: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def take(store: Store, file: Path, *, replace_all: bool = False) -> None:
    """Look at the file, take it, and write what the table holds then."""
    with refused_or_understood(file.name) as refused:
        looked = import_mapping(desk_over(store), file, dry_run=True, replace_all=replace_all)
    if refused or looked.problems:
        with refused_or_understood(file.name) as again:
            import_mapping(desk_over(store), file, replace_all=replace_all)
        assert again, "what a dry run refuses was taken"
        return
    # into a table of its own, so that an example does not depend on the ones before it
    import_mapping(desk_over(store, "other"), file, replace_all=True)
    with refused_or_understood(file.name), store.view("other") as view:
        export_mapping(view, file.with_name(f"back{file.suffix}"), overwrite=True)


@given(rows=tables(), delimiter=st.sampled_from(",;\t"), replace_all=st.booleans())
def test_any_value_of_a_csv_file(
    store: Store, folder: Path, rows: list[list[str]], delimiter: str, replace_all: bool
) -> None:
    file = folder / "mapping.csv"
    file.write_text(written(rows, delimiter), encoding="utf-8", newline="")
    take(store, file, replace_all=replace_all)


@given(text=changed_text(written([list(COLUMNS), *ROWS])))
def test_any_text_of_a_csv_file(store: Store, folder: Path, text: str) -> None:
    file = folder / "mapping.csv"
    file.write_text(text, encoding="utf-8", newline="")
    take(store, file)


@given(content=changed_bytes(b"\xef\xbb\xbf" + written([list(COLUMNS), *ROWS]).encode()))
@hypothesis_profiles.share(0.5)
def test_any_bytes_of_a_csv_file(store: Store, folder: Path, content: bytes) -> None:
    file = folder / "mapping.csv"
    file.write_bytes(content)
    take(store, file)


@given(row=st.integers(0, len(ROWS)), column=st.integers(0, len(COLUMNS)), value=anything)
@hypothesis_profiles.share(0.3)
def test_any_cell_of_an_excel_file(store: Store, folder: Path, row: int, column: int, value: Any) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (list(COLUMNS), *ROWS):
        sheet.append(line)
    try:
        sheet.cell(row + 1, column + 1).value = value
        book.save(folder / "mapping.xlsx")
    except (ValueError, TypeError, OverflowError, IllegalCharacterError, AttributeError):
        return  # no program can write that
    take(store, folder / "mapping.xlsx")


@pytest.fixture(scope="module")
def workbook(folder: Path) -> dict[str, bytes]:
    """The parts of an exported Excel file."""
    write_table(folder / "export.xlsx", COLUMNS, ROWS, overwrite=True)
    with zipfile.ZipFile(folder / "export.xlsx") as parts:
        return {name: parts.read(name) for name in parts.namelist()}


@given(data=st.data())
@hypothesis_profiles.share(0.3)
def test_any_part_of_an_excel_file(store: Store, folder: Path, workbook: dict[str, bytes], data: st.DataObject) -> None:
    changed = data.draw(st.sampled_from(sorted(workbook)))
    content = data.draw(st.one_of(st.none(), changed_bytes(workbook[changed])))
    file = folder / "mapping.xlsx"
    with zipfile.ZipFile(file, "w") as parts:
        for name, part in workbook.items():
            if name != changed:
                parts.writestr(name, part)
            elif content is not None:
                parts.writestr(name, content)
    take(store, file)


@given(data=st.data())
@hypothesis_profiles.share(0.3)
def test_any_bytes_of_an_excel_file(
    store: Store, folder: Path, workbook: dict[str, bytes], data: st.DataObject
) -> None:
    assert workbook
    file = folder / "mapping.xlsx"
    file.write_bytes(data.draw(changed_bytes((folder / "export.xlsx").read_bytes())))
    take(store, file)


@given(name=texts, suffix=st.sampled_from(("", ".csv", ".xlsx", ".CSV", ".xls", ".tar.gz")))
def test_any_name_of_a_file(folder: Path, name: str, suffix: str) -> None:
    with refused_or_understood(name.strip()[:5], "file", "CSV"):
        read_table(folder / f"{name}{suffix}")


@given(
    text=st.one_of(changed_text(ACCOUNT * 2), changed_text(CUSTOMER * 2), st.sampled_from((ACCOUNT, CUSTOMER))),
    packed=st.booleans(),
)
@example(text="[" * 100_000, packed=False)
def test_any_text_of_a_file_of_customers(folder: Path, text: str, packed: bool) -> None:
    file = folder / ("people.jsonl.gz" if packed else "people.jsonl")
    file.write_text(text, encoding="utf-8")
    for read in (load_webstore_customers, load_business_central_customers):
        try:
            assert read(file) or not text.strip() or packed
        except SandboxInputError as error:
            assert file.name in str(error)
