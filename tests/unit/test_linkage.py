"""Probabilistic suggestions: who is likely the same, how likely, and why."""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from connector.desk.linkage import COLUMNS, suggest_by_linkage
from connector.errors import InputError
from tests.synthetic_customers import FIELDS, labelled_customers

pytest.importorskip("splink")

WEIGHTS = [name for name in COLUMNS if name.startswith("weight_")]


def side(key: str, *people: dict[str, Any]) -> pa.Table:
    kind = pa.int64() if key == "webstore_id" else pa.large_string()
    return pa.table(
        {key: pa.array([person["key"] for person in people], type=kind)}
        | {name: pa.array([person.get(name, "") for person in people], type=pa.large_string()) for name in FIELDS}
    )


def crowd(prefix: str) -> list[dict[str, Any]]:
    """Strangers on one side, so that rare evidence is rare."""
    return [
        {
            "key": f"{prefix}{n}" if prefix else 100 + n,
            "name": f"{chr(97 + n % 26) * 4}{prefix}{n} {chr(97 + n % 7) * 5}{n}",
            "email": f"{prefix}{n}@stranger.example",
        }
        for n in range(60)
    ]


def suggested(accounts: list[dict[str, Any]], cards: list[dict[str, Any]], **options: Any) -> pd.DataFrame:
    return suggest_by_linkage(side("webstore_id", *accounts, *crowd("")), side("bc_id", *cards, *crowd("s")), **options)


ANNA = {"name": "Anna Berg", "email": "anna.berg@x.example", "phone": "22334455", "country": "NO",
        "postcode": "0150", "address_1": "Storgata 5", "city": "Oslo"}  # fmt: skip


def test_a_customer_with_slips_and_another_mail_is_suggested_with_the_weight_of_every_piece_of_evidence() -> None:
    other = ANNA | {"name": "Anna Bergg", "email": "ab@y.example", "address_1": "Storgt. 5", "phone": "+47 22 33 44 55"}
    (row,) = suggested([{"key": 1, **ANNA}], [{"key": "A", **other}]).to_dict(orient="records")
    assert (row["webstore_id"], row["bc_id"], row["standing"]) == (1, "A", "suggested")
    assert row["probability"] > 0.99
    assert row["weight"] == pytest.approx(sum(row[name] for name in WEIGHTS), abs=0.05)
    assert row["weight_name"] > 0
    assert row["weight_address"] > 0
    assert row["weight_email"] < 0
    assert row["weight_vat"] == 0
    assert "names hardly differ (+" in row["explanation"]
    assert "other e-mail (-" in row["explanation"]
    assert "VAT" not in row["explanation"]


def test_an_explanation_holds_no_personal_value() -> None:
    text = suggested([{"key": 1, **ANNA}], [{"key": "A", **ANNA}])["explanation"].iloc[0].lower()
    assert not [value for value in ("anna", "berg", "22334455", "0150", "storgata") if value in text]


def test_two_members_of_a_family_are_not_taken_for_one() -> None:
    peter = {"key": "A", **ANNA, "name": "Peter Berg"}
    listed = suggested([{"key": 1, **ANNA}], [peter], threshold=1e-9)
    assert listed["probability"].iloc[0] < 0.5
    assert listed["weight_shared"].iloc[0] < 0
    assert "families and offices share these (-" in listed["explanation"].iloc[0]


def test_of_a_family_that_shares_everything_everybody_finds_the_own_counterpart() -> None:
    family = [ANNA | {"name": f"{first} Berg", "email": "familie.berg@x.example"} for first in ("Anna", "Peter", "Liv")]
    found = suggested(
        [{"key": n, **member} for n, member in enumerate(family)],
        [{"key": "ABC"[n], **member} for n, member in enumerate(family)],
    )
    pairs = found[found["standing"] == "suggested"]
    assert set(zip(pairs["webstore_id"], pairs["bc_id"], strict=True)) == {(0, "A"), (1, "B"), (2, "C")}


def test_a_customer_who_stands_twice_is_suggested_once_and_the_other_is_the_runner_up() -> None:
    found = suggested([{"key": 1, **ANNA}], [{"key": "B", **ANNA}, {"key": "A", **ANNA, "phone": ""}])
    assert found[["bc_id", "standing"]].values.tolist() == [["B", "suggested"], ["A", "runner-up"]]


def test_an_account_without_a_name_is_found_by_what_its_mailbox_tells() -> None:
    nameless = {"key": 1, "email": "anna.berg@x.example"}
    assert suggested([nameless], [{"key": "A", **ANNA}])["bc_id"].tolist() == ["A"]
    joined = {"key": 1, "email": "annaberg@x.example"}
    assert suggested([joined], [{"key": "A", **ANNA, "email": "annaberg@x.example"}])["weight_name"].iloc[0] > 0


def test_numbered_mailboxes_are_no_slips_of_each_other() -> None:
    one, two = ANNA | {"email": "anna1@x.example"}, ANNA | {"email": "anna2@x.example"}
    assert "other e-mail (-" in suggested([{"key": 1, **one}], [{"key": "A", **two}])["explanation"].iloc[0]


def test_a_pair_that_a_person_rejected_is_not_suggested_again() -> None:
    found = suggested([{"key": 1, **ANNA}], [{"key": "A", **ANNA}, {"key": "B", **ANNA}], rejected=[("A", 1)])
    assert found["bc_id"].tolist() == ["B"]
    assert found["standing"].tolist() == ["suggested"]


def test_the_order_of_the_customers_does_not_matter_and_a_second_look_says_the_same() -> None:
    customers = labelled_customers(300, 5)
    first = suggest_by_linkage(customers.webstore, customers.business_central)
    again = suggest_by_linkage(
        customers.webstore.sort_by([("webstore_id", "descending")]),
        customers.business_central.sort_by([("bc_id", "descending")]),
    )
    pd.testing.assert_frame_equal(first, again)


def test_nobody_on_one_side_gives_an_empty_frame_with_all_columns() -> None:
    found = suggest_by_linkage(side("webstore_id"), side("bc_id", {"key": "A", **ANNA}))
    assert found.empty
    assert tuple(found.columns) == COLUMNS
    strangers = suggested([], [])
    assert strangers.empty
    assert strangers.dtypes.equals(found.dtypes)


def test_a_field_map_without_address_is_enough() -> None:
    accounts = side("webstore_id", {"key": 1, **ANNA}, *crowd("")).select(["webstore_id", "name", "email"])
    cards = side("bc_id", {"key": "A", **ANNA}, *crowd("s")).select(["bc_id", "name", "email"])
    assert suggest_by_linkage(accounts, cards)["bc_id"].tolist() == ["A"]


def test_suggestions_find_the_labelled_customers(record_property: pytest.RecordProperty) -> None:
    customers = labelled_customers(1_500, 1)
    found = suggest_by_linkage(customers.webstore, customers.business_central)
    pairs = found[found["standing"] == "suggested"]
    right = set(zip(pairs["webstore_id"], pairs["bc_id"], strict=True)) & customers.same
    recall = len({key for key, _ in right}) / len({key for key, _ in customers.same})
    record_property("recall", round(recall, 4))
    assert recall >= 0.95
    assert len(right) / len(pairs) > 0.9
    assert pairs["webstore_id"].is_unique
    assert pairs["bc_id"].is_unique


def test_without_the_engine_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(InputError, match=r"customer-sync\[match\]"):
        suggest_by_linkage(side("webstore_id"), side("bc_id"))
