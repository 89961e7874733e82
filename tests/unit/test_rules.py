"""Field rules are data, and refused whole with file, line and remedy."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest

from connector.errors import SetupError
from connector.rules import load_rules


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("fields.csv", "countries.csv", "states.csv"):
        shutil.copy(str(resources.files("mappings") / name), tmp_path / name)
    return tmp_path


def test_the_rules_that_ship_are_valid_and_have_a_digest(folder: Path) -> None:
    assert load_rules().digest == load_rules(folder).digest
    assert load_rules().fields.names[:2] == ("name", "email")


def test_any_change_of_a_file_changes_the_digest(folder: Path) -> None:
    before = load_rules(folder).digest
    (folder / "states.csv").write_text("country,code,name\n", encoding="utf-8")
    assert load_rules(folder).digest != before


def test_every_problem_is_named_with_file_and_line(folder: Path) -> None:
    (folder / "fields.csv").write_text(
        "field,webstore,business_central,direction,conflict,first_link,blank,max_length,normalizer,too_long\n"
        "name,name,displayName,sideways,,,,100,text,quarantine\n"
        "phone,billing.fax,faxNumber,both,maybe,,,many,roman,quarantine\n"
        "name,name,displayName,both,,,,100,text,quarantine\n"
        "city,billing.city\n",
        encoding="utf-8",
    )
    with pytest.raises(SetupError) as refused:
        load_rules(folder)
    said = str(refused.value)
    for expected in (
        "fields.csv:2: direction is 'sideways'",
        "fields.csv:3: webstore is 'billing.fax'",
        "fields.csv:3: business_central is 'faxNumber'",
        "fields.csv:3: conflict is 'maybe'",
        "fields.csv:3: max_length is 'many'",
        "fields.csv:3: normalizer is 'roman'",
        "fields.csv:4: field 'name' stands in line 2 already",
        "fields.csv:5: the line does not have 10 values",
    ):
        assert expected in said


def test_a_missing_file_or_column_is_a_problem_not_a_crash(folder: Path) -> None:
    (folder / "countries.csv").unlink()
    (folder / "states.csv").write_text("country,code\n", encoding="utf-8")
    with pytest.raises(SetupError) as refused:
        load_rules(folder)
    assert "countries.csv: cannot be read" in str(refused.value)
    assert "states.csv:1: the columns name are missing" in str(refused.value)
