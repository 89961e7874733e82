"""What Great Expectations finds of a suite in words, by the keys of the customers."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest

from connector.core.expectations import Expectation, Finding, Severity
from connector.core.webstore_customer import columns
from connector.quality import validate
from connector.rules import load_rules


def expectation(words: str, field: str, value: str = "", severity: str = "quarantine", when: str = "") -> Expectation:
    return Expectation(2, field, words, value, Severity(severity), "Because.", when)


def found(one: Expectation, **data: list[object]) -> list[str]:
    """Keys k0, k1 … of the records that do not meet an expectation."""
    table = pa.table({name.replace("__", "."): values for name, values in data.items()})
    findings = validate("webstore", [one], table, pa.array([f"k{row}" for row in range(table.num_rows)]))
    return [key for finding in findings for key in finding.keys]


@pytest.mark.parametrize(
    ("words", "value", "values", "wrong"),
    [
        ("is filled", "", ["a", "", None], ["k1", "k2"]),
        ("is unique", "", ["a", "b", "a", "", ""], ["k0", "k2"]),
        ("has at least", "2", ["a", "ab", ""], ["k0"]),
        ("has at most", "2", ["abc", "ab", ""], ["k0"]),
        ("is one of", "DE | AT", ["DE", "CH", ""], ["k1"]),
        ("is not one of", "DE | AT", ["DE", "CH", ""], ["k0"]),
        ("matches", "^[0-9]+$", ["12", "1a", ""], ["k1"]),
        ("does not match", "https?://", ["Ann", "http://x", ""], ["k1"]),
        ("is an e-mail", "", ["a@b.de", "a@b", "x", "a@b.de;c@d.de", ""], ["k1", "k2", "k3"]),
        ("is a list of e-mails", "", ["a@b.de", "a@b.de; c@d.de", "a@b.de;", "x;y", ""], ["k3"]),
        ("is a GUID", "", ["b2b5a9e4-0000-4000-8000-000000000001", "17", ""], ["k1"]),
        ("is a time", "", ["2026-01-01T00:00:00Z", "yesterday", ""], ["k1"]),
        ("holds no control characters", "", ["Ann", "An\x07n", "two\nlines"], ["k1"]),
        ("holds no damaged characters", "", ["Müller", "M\ufffdller"], ["k1"]),
    ],
)
def test_an_expectation_names_those_who_do_not_meet_it(
    words: str, value: str, values: list[object], wrong: list[str]
) -> None:
    assert found(expectation(words, "field", value), field=values) == wrong


@pytest.mark.parametrize(
    ("value", "wrong"), [("1 |", ["k0"]), ("| 1", ["k2"]), ("0 | 5", []), ("1.5 | 2", ["k0", "k1", "k2"])]
)
def test_ranges_may_be_open(value: str, wrong: list[str]) -> None:
    assert found(expectation("is between", "id", value), id=[0, 1, 5, None]) == wrong


def test_several_fields_together_are_unique() -> None:
    one = expectation("is unique together with", "key", "field")
    assert found(one, key=["a", "a", "a"], field=["phone", "city", "phone"]) == ["k0", "k2"]


def test_a_condition_limits_an_expectation_to_some_records() -> None:
    one = expectation("is an e-mail", "after", when="field is email")
    assert found(one, after=["x", "x"], field=["email", "city"]) == ["k0"]


def test_what_is_said_of_all_records_together_names_nobody() -> None:
    table, keys = pa.table({"email": ["a@b.de", "", ""]}), pa.array(["k0", "k1", "k2"])
    wrong = [
        expectation("is there", "phone", severity="stop"),
        expectation("is filled in at least", "email", "50", severity="stop"),
        expectation("counts at least", "", "4", severity="warn"),
    ]
    findings = validate("webstore", wrong, table, keys)
    assert {finding.expectation.words for finding in findings} == {e.words for e in wrong}
    assert all(finding.keys == () for finding in findings)
    right = [
        expectation("is filled in at least", "email", "30", severity="stop"),
        expectation("counts at least", "", "3"),
    ]
    assert validate("webstore", right, table, keys) == []


def test_what_is_said_of_a_field_that_is_not_read_is_not_checked() -> None:
    assert found(expectation("is filled", "meta:vat"), email=["a"]) == []


def test_an_extract_without_customers_meets_everything() -> None:
    suite = [e for e in load_rules().suites["webstore"] if e.words != "is there"]
    table = columns([])
    table = table.append_column("id", table["webstore_id"])
    assert validate("webstore", suite, table, table["id"].combine_chunks()) == []


def test_a_warning_shows_examples_and_counts_all() -> None:
    table = pa.table({"email": [""] * 50})
    (finding,) = validate(
        "webstore", [expectation("is filled", "email", severity="warn")], table, pa.array([str(n) for n in range(50)])
    )
    assert (finding.count, len(finding.keys)) == (50, 20)


def test_a_finding_reads_as_a_sentence_without_the_values() -> None:
    one = Finding("webstore", expectation("is an e-mail", "email"), 2, ("1", "2"))
    assert one.words == "webstore: 2 records: not “email is an e-mail”. Because."


def test_a_hundred_thousand_customers_are_validated_in_seconds() -> None:
    suite = load_rules().suites["webstore"]
    assert len(suite) >= 15
    size = 100_000
    records = pa.table({"id": pa.array(range(1, size + 1))})
    for name in sorted({field for e in suite for field in e.fields} - {"id"}):
        values = (
            [f"ann{row}@shop.example" for row in range(size)]
            if "email" in name
            else [f"Name {row}" for row in range(size)]
        )
        records = records.append_column(name, pa.array(values))
    started = time.process_time()
    assert validate("webstore", suite, records, records["id"].combine_chunks()) == []
    assert time.process_time() - started < 6
