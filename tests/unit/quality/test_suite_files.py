"""The files of mappings/quality/: read in the words of the shop, or refused with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.core.expectations import SUITES, Severity
from connector.errors import SetupError
from connector.rules import check_rules, load_rules

HEADER = "expectation,field,value,severity,reason,when\n"


def own(tmp_path: Path, text: str, suite: str = "webstore") -> Path:
    folder = tmp_path / "quality"
    folder.mkdir(exist_ok=True)
    (folder / f"{suite}.csv").write_text(HEADER + text, encoding="utf-8")
    return tmp_path


def test_the_shipped_suites_cover_both_extracts_the_mapping_table_and_the_plan() -> None:
    suites = load_rules().suites
    assert tuple(suites) == SUITES
    assert all(suites[suite] for suite in SUITES)


@pytest.mark.parametrize("suite", SUITES)
def test_every_shipped_expectation_tells_people_what_to_do(suite: str) -> None:
    for expectation in load_rules().suites[suite]:
        assert len(expectation.reason) > 20
        assert expectation.reason.endswith(".")


def test_a_shop_replaces_one_suite_and_keeps_the_others(tmp_path: Path) -> None:
    folder = own(tmp_path, "is one of,billing.country,DE | AT,quarantine,We sell to these two.,\n")
    suites = load_rules(folder).suites
    (only,) = suites["webstore"]
    assert (only.text, only.severity, only.line) == ("billing.country is one of DE | AT", Severity.QUARANTINE, 2)
    assert suites["plan"] == load_rules().suites["plan"]


def test_a_shop_may_expect_nothing(tmp_path: Path) -> None:
    assert load_rules(own(tmp_path, "")).suites["webstore"] == ()


def test_the_suites_are_part_of_the_digest_of_the_rules(tmp_path: Path) -> None:
    assert load_rules(own(tmp_path, "")).digest != load_rules().digest


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("is pretty,email,,warn,Why.,", "expectation is 'is pretty'; it must be one of"),
        ("is filled,e-mail,,warn,Why.,", "there is no field 'e-mail'; there are id, email"),
        ("is filled,email,,panic,Why.,", "severity is 'panic'; it must be one of quarantine, stop, warn"),
        ("is filled,email,,warn,,", "reason is blank; write what people shall read"),
        ("is filled,email,5,warn,Why.,", "'is filled' takes no value; leave it blank"),
        ("is filled,,,warn,Why.,", "field is blank; name the one that is looked at"),
        ("has at most,email,many,warn,Why.,", "value must be a whole number"),
        ("is between,id,|,warn,Why.,", "value must be a range"),
        ("matches,email,(,warn,Why.,", "value is no regular expression"),
        ("is one of,role,a | ,warn,Why.,", "value must be one or more texts"),
        ("is filled in at least,email,101,warn,Why.,", "value must be a percentage"),
        ("is there,email,,quarantine,Why.,", "this is said of all records together; choose stop or warn"),
        ("counts at least,email,5,stop,Why.,", "field must be blank; records are counted"),
        ("is filled,email,,warn,Why.,role=customer", "when must be FIELD is VALUE"),
        ("is filled,email,,warn,Why.,roles is customer", "there is no field 'roles'"),
        ("is unique together with,email,nickname,warn,Why.,", "there is no field 'nickname'"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named_with_its_remedy(tmp_path: Path, line: str, problem: str) -> None:
    problems = check_rules(own(tmp_path, line + "\n"))
    assert len(problems) == 1
    assert problems[0].startswith("quality/webstore.csv:2: ")
    assert problem in problems[0]


def test_a_file_of_an_unknown_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"quality/orders.csv: no such rule file"):
        load_rules(own(tmp_path, "", "orders"))
