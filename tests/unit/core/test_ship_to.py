"""The ship-to address in a customer's row: its own country decides its state and phone, its triggers are its own, and what is
not shown is not blank."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connector.core import business_central_customer
from connector.core.business_central_order import companions, in_order, overwritten
from connector.core.carrying import carried
from connector.core.customer import Side
from connector.core.terms import Flags, Terms
from connector.rules import Rules, load_rules
from connector.rules.page import OwnPage
from tests.flows.partner_page import EXTENSION, SHIP_TO
from tests.flows.shop import SHIPPED
from tests.unit.core.customers import ASK, customer

FIELDS = (SHIPPED / "fields.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "fields.csv").write_text(FIELDS + EXTENSION + SHIP_TO, encoding="utf-8")
    return load_rules(folder, "shop", OwnPage(custom=True, ship_to=True))


def record(rules: Rules, **changes: Any) -> dict[str, Any]:
    """A customer as the client gives it."""
    shown = {rule.business_central: "" for rule in rules.fields.rules}
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    return {**customer("c", "Kari Lie", country="NO"), **shown, "country": "NO", **dotted}


def row(rules: Rules, **changes: Any) -> dict[str, str]:
    table = business_central_customer.columns([record(rules, **changes)], rules.fields)
    assert table["malformed"].to_pylist() == [""]
    found: dict[str, str] = business_central_customer.canonical(table, rules.fields, rules.geography).to_pylist()[0]
    return found


def test_each_address_is_read_by_its_own_country(rules: Rules) -> None:
    found = row(rules, state="Oslo", shipTo__country="US", shipTo__state="California")
    assert (found["country"], found["ship_country"], found["ship_state"]) == ("NO", "US", "CA")


def test_and_is_written_by_it_with_what_its_triggers_would_change(rules: Rules) -> None:
    there = row(rules, city="Oslo", shipTo__country="US", shipTo__state="Calif.", shipTo__city="Los Angeles")
    current = {**there, "raw.email": "", "raw.type": "Person", "raw.displayName": "Kari Lie"}
    states = {"raw.state": "", "raw.shipTo.state": "Calif."}
    body = business_central_customer.payload(
        {"ship_postcode": "90001"}, rules.fields, rules.geography, {**current, **states}
    )
    assert body == {
        "shipTo.country": "US", "shipTo.postalCode": "90001", "shipTo.city": "Los Angeles", "shipTo.state": "Calif.",
    }  # fmt: skip
    moved = business_central_customer.payload(
        {"ship_country": "NO"}, rules.fields, rules.geography, {**current, **states}
    )
    assert moved["shipTo.country"] == "NO"
    assert "city" not in moved


def test_the_order_of_both_places_is_that_of_their_triggers() -> None:
    body = {"shipTo.city": "x", "city": "y", "shipTo.country": "NO", "country": "NO", "name2": "z"}
    assert list(in_order(body)) == ["name2", "country", "city", "shipTo.country", "shipTo.city"]
    assert companions(["shipTo.postalCode"]) == {
        f"shipTo.{name}" for name in ("country", "postalCode", "city", "state")
    }
    assert overwritten({"shipTo.city": "x", "city": "y"}, {"shipTo.city": "X", "city": "y"}) == {"shipTo.city": "x"}


def test_an_address_whose_country_the_company_lacks_waits_alone(rules: Rules) -> None:
    terms = Terms(rules.fields, Flags("Mapped Only", "All", ASK), rules.geography.with_company(["NO"]))
    values = {"address_1": "Storgata 1", "country": "NO", "ship_country": "SE", "ship_city": "Kiruna", "points": "3"}
    can = carried(Side.BUSINESS_CENTRAL, values, values, dict, terms)
    assert set(can.values) == {"address_1", "country", "points"}
    assert can.left_out["ship_city"] == "waits with the country"


def test_what_is_not_shown_sets_the_record_apart_and_is_never_blank(rules: Rules) -> None:
    whole = record(rules)
    lacking = [{name: value for name, value in whole.items() if name not in {gone}} for gone in ("gln", "shipTo.city")]
    without = {name: value for name, value in whole.items() if not name.startswith("shipTo.")} | {"shipTo.id": ""}
    table: pa.Table = business_central_customer.columns([*lacking, whole, without], rules.fields)
    assert table["malformed"].to_pylist() == [
        "Business Central does not show gln", "Business Central does not show shipTo.city", "", "",
    ]  # fmt: skip
    assert [business_central_customer.ship_to_known(one, rules.fields) for one in (*lacking, whole, without)] == [
        True, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "sent"),
    [
        ("since", "", "0001-01-01"),
        ("last_visit", "", "0001-01-01T00:00:00Z"),
        ("points", "", 0),
        ("delivery_day", "", " "),
        ("delivery_day", "Any Day", "Any Day"),
        ("newsletter", "true", True),
        ("discount", "2.5", 2.5),
    ],
)
def test_values_of_every_kind_are_written_as_such_also_blank_ones(
    rules: Rules, field: str, value: str, sent: Any
) -> None:
    body = business_central_customer.payload({field: value}, rules.fields, rules.geography, row(rules))
    assert body == {rules.fields.by_name[field].business_central: sent}
