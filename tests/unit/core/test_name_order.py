"""A customer who moves to or from a country where the family name comes first is not renamed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from connector.core.customer import Direction
from connector.core.merge import FieldPolicy
from connector.core.plan import Plan
from tests.unit.core.customers import (
    account,
    bases,
    business_central,
    customer,
    mapping,
    planned,
    terms,
    values,
    webstore,
)


def nagy(country: str, first: str = "János", last: str = "Nagy") -> dict[str, Any]:
    return {**account(1, f"{first} {last}", "n@x.example", country=country), "first_name": first, "last_name": last}


def hungarian(name: str = "Nagy János", country: str = "HU") -> dict[str, Any]:
    return customer("a", name, "n@x.example", country=country)


RULES = terms()
BASE = bases(("a", 1, values(webstore([nagy("HU")], RULES)), values(business_central([hungarian()], RULES))))


NO_BASE = bases()
BUSINESS_CENTRAL_WINS = FieldPolicy("business-central", "business-central", "keep", "withhold")


def plan(shop: dict[str, Any], company: dict[str, Any], base: pd.DataFrame = BASE) -> Plan:
    rules = terms(policy=BUSINESS_CENTRAL_WINS)
    rules = replace(rules, geography=rules.geography.with_company(["HU", "DE"]))
    return planned([shop], [company], mapping(("a", 1, True)), base, rules)


def changes(found: Plan, direction: Direction) -> list[str]:
    return [change.field for write in found.of(direction) for change in write.changes]


def test_moving_in_the_webstore_pulls_the_country_alone() -> None:
    found = plan(nagy("DE"), hungarian())
    assert changes(found, Direction.PULL) == ["country"]
    assert found.agreements[0].webstore == {"name": "János Nagy"}
    assert found.agreements[0].business_central == {"name": "Nagy János"}


def test_moving_in_business_central_pushes_the_country_alone_and_remembers_the_new_order() -> None:
    found = plan(nagy("HU"), hungarian(country="DE"))
    assert changes(found, Direction.PUSH) == ["country"]
    assert found.writes[0].source == {"country": "DE", "name": "Nagy János"}


def test_two_newly_linked_customers_of_one_name_and_two_countries_keep_the_name() -> None:
    found = plan(nagy("HU"), hungarian(country="DE"), NO_BASE)
    assert changes(found, Direction.PUSH) == ["country"]
    assert found.writes[0].source == {"country": "DE", "name": "Nagy János"}


def test_a_name_that_was_not_agreed_on_is_not_agreed_on_by_a_move() -> None:
    found = plan(nagy("HU", first="Pál"), hungarian(country="DE"))
    assert found.of(Direction.PUSH)[0].source == {"country": "DE"}
    assert changes(found, Direction.PULL) == ["name"]


def test_a_new_name_beside_a_move_is_pulled() -> None:
    assert set(changes(plan(nagy("DE", first="Pál"), hungarian()), Direction.PULL)) == {"country", "name"}


def test_a_new_name_in_business_central_beside_a_move_is_pushed() -> None:
    found = plan(nagy("HU"), hungarian("Pál Nagy", country="DE"))
    assert found.writes[0].payload == {
        "first_name": "Pál", "last_name": "Nagy", "billing": {"country": "DE"},
    }  # fmt: skip
