"""Whatever stands in a folder of rules is understood, or refused by file and line."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Side
from connector.core.extracts import extract_of
from connector.core.merge import FieldPolicy
from connector.core.terms import Flags, Terms
from connector.quality import validate
from connector.rules import FILES, Rules, explain_rules, load_rules
from tests import hypothesis_profiles
from tests.flows.shop import SHIPPED, small_rules
from tests.property.hostile import changed_bytes, changed_text, refused_or_understood, texts
from tests.unit.core.customers import account, customer

ROWS = 6
CODES = ("", "main", "other")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of rules, of which all but the one that is tried are small."""
    return small_rules(tmp_path_factory.mktemp("any-rules"))


def shipped(name: str) -> list[list[str]]:
    """The header and some rows of a file that ships."""
    rows = list(csv.reader((SHIPPED / name).read_text(encoding="utf-8").splitlines()))
    # a customer cannot be known without these fields, so all of them stay
    return rows if name == "fields.csv" else rows[: ROWS + 1]


def written(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


@st.composite
def cells_changed(draw: st.DrawFn) -> tuple[str, str]:
    """A file with other values in some of its cells, its header included, and rows that are shorter or longer."""
    name = draw(st.sampled_from(sorted(FILES)))
    rows = shipped(name)
    known = sorted({cell for row in rows for cell in row})
    for _ in range(draw(st.integers(1, 3))):
        line = draw(st.integers(0, len(rows) - 1))
        row = rows[line]
        column = draw(st.integers(0, len(row)))
        row[column : column + draw(st.sampled_from((1, 1, 1, 1, 0, 2)))] = [
            draw(st.one_of(texts, st.sampled_from(known)))
        ]
    return name, written(rows)


RECORDS = {
    Side.WEBSTORE: (
        webstore_customer,
        [
            account(1, "Ann Lee", "ann@x.example", country="DE", state="BY", postcode="80331", phone="030 1234567"),
            {**account(2, "", "b@x.example"), "meta_data": [{"key": "vat_number", "value": "DE123456789"}]},
        ],
    ),
    Side.BUSINESS_CENTRAL: (
        business_central_customer,
        [
            customer("a", "Lee, Ann", "ann@x.example", country="DE", state="Bayern", phoneNumber="+49 30 1234567"),
            customer("b", "B GmbH", type="Company", taxRegistrationNumber="DE123456789"),
        ],
    ),
}


def use(rules: Rules) -> None:
    """What a run does first with rules that were understood."""
    policy = FieldPolicy("ask", "ask", "keep", "withhold")
    terms = Terms(rules.fields, Flags("Mapped Only", "All", policy), rules.geography.with_company(["DE", "NO"]))
    for side, (module, records) in RECORDS.items():
        assert extract_of(side, module.columns(records, rules.fields), terms)


def read(folder: Path, name: str, content: bytes, code: str) -> Rules | None:
    """The rules of the folder with this content in one of its files; None when they were refused."""
    usual = folder / name
    kept = usual.read_bytes() if usual.exists() else None
    usual.write_bytes(content)
    try:
        with refused_or_understood(name):
            rules = load_rules(folder, code)
            assert explain_rules(rules)
            use(rules)
            return rules
    finally:
        if kept is None:
            usual.unlink()
        else:
            usual.write_bytes(kept)
    return None


@given(file=cells_changed(), code=st.sampled_from(CODES))
def test_any_value_of_any_rule(folder: Path, file: tuple[str, str], code: str) -> None:
    name, text = file
    read(folder, name, text.encode(), code)


@given(data=st.data())
def test_any_text_of_a_rule_file(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    read(folder, name, data.draw(changed_text(written(shipped(name)))).encode(), "main")


@given(data=st.data())
@hypothesis_profiles.share(0.5)
def test_any_bytes_of_a_rule_file(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    read(folder, name, data.draw(changed_bytes(written(shipped(name)).encode())), "main")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_folder_where_a_rule_file_was_due(folder: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "rules"
    shutil.copytree(folder, mine)
    (mine / name).unlink(missing_ok=True)
    (mine / name).mkdir(parents=True)
    with refused_or_understood(name) as refused:
        load_rules(mine)
    assert refused


@given(name=texts)
@hypothesis_profiles.share(0.5)
def test_any_name_of_a_folder_of_rules(folder: Path, name: str) -> None:
    with refused_or_understood("rules", "folder"):
        load_rules(folder / "missing" / name)


@given(data=st.data(), side=st.sampled_from(sorted(RECORDS)))
@hypothesis_profiles.share(0.05)
def test_any_expectation_that_is_understood_can_be_checked(folder: Path, data: st.DataObject, side: Side) -> None:
    name = f"quality/{side.value.replace('-', '_')}.csv"
    rows = shipped(name)
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    rows[data.draw(st.integers(1, len(rows) - 1))][column] = data.draw(texts)
    rules = read(folder, name, written(rows).encode(), "main")
    if rules is None:
        return
    module, records = RECORDS[side]
    table = module.columns(records, rules.fields)
    with refused_or_understood("quality"):
        suite = name.partition("/")[2].removesuffix(".csv")
        validate(suite, rules.suites[suite], table, pa.array(["1", "2"]))
