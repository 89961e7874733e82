"""Right customers are not refused because of the order in which Business Central looks at their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from sandbox.people import RECORDED_WEBSTORE_CUSTOMERS, load_webstore_customers
from tests.flows.shop import Shop

# the company's formats, and those that countries of the recorded shop have besides
FORMATS = {"PL": ["PL##########"], "NO": ["NO#########", "NO#########MVA"], "FR": ["FR###########", "FR@@#########"]}


def numbered(shop: Shop, email: str, country: str, number: str, **billing: str) -> int:
    meta = [{"key": "vat_number", "value": number}]
    name = {"first_name": "Kari", "last_name": "Nordmann"}
    record = {"email": email, **name, "billing": {"country": country, **billing}, "meta_data": meta}
    return shop.running.webstore.people_create(record)


def move(shop: Shop, account: int, country: str, number: str, **billing: str) -> None:
    meta = [{**item, "value": number} for item in shop.account(account)["meta_data"] if item["key"] == "vat_number"]
    changes: dict[str, Any] = {"billing": {"country": country, **billing}, "meta_data": meta}
    shop.running.webstore.people_update(account, changes)


def held(shop: Shop, email: str) -> tuple[str, str, str]:
    customer = shop.customer(shop.customers()[email])
    return customer["country"], customer["taxRegistrationNumber"], customer["city"]


def test_a_number_is_checked_by_the_country_that_comes_with_it(shop: Shop) -> None:
    numbered(shop, "kari@berg.example", "DE", "DE123456789", city="Ulm")
    numbered(shop, "eleni@berg.example", "GR", "EL123456789")
    assert shop.sync().summary.pull.created == 2
    assert held(shop, "kari@berg.example") == ("DE", "DE123456789", "Ulm")


@pytest.fixture
def moved(shop: Shop) -> Shop:
    """Somebody who has moved to Sweden since, with the firm, and another whose street has changed."""
    account = numbered(shop, "kari@berg.example", "DE", "DE123456789", city="Ulm")
    other = shop.register("ola@berg.example", "Ola Dahl")
    shop.settle()
    move(shop, account, "SE", "SE123456789012", city="Lund", postcode="222 22")
    shop.type_in_webstore(other, address_1="Storgata 1")
    return shop


def test_a_firm_that_moves_to_another_country_gets_another_number_in_one_write(moved: Shop) -> None:
    before = len(moved.journal())
    done = moved.sync()
    assert (done.summary.pull.updated, done.summary.pull.failed) == (2, 0)
    assert held(moved, "kari@berg.example") == ("SE", "SE123456789012", "Lund")
    assert [row["outcome"] for row in moved.journal()[before:]] == ["confirmed"] * 2
    moved.settle(1)
    moved.undo(done.run_id)
    assert held(moved, "kari@berg.example") == ("DE", "DE123456789", "Ulm")


def test_a_move_whose_answer_was_lost_is_looked_up(moved: Shop) -> None:
    moved.running.business_central_faults.add("drop-after-write", path=r"\$batch", method="POST", after=1)
    moved.sync()
    assert held(moved, "kari@berg.example") == ("SE", "SE123456789012", "Lund")
    moved.settle(2)
    assert not moved.remembered().open_writes


def test_a_move_with_a_wrong_number_changes_nothing_and_the_old_one_stays(shop: Shop) -> None:
    account = numbered(shop, "kari@berg.example", "DE", "DE123456789", city="Ulm")
    shop.settle()
    move(shop, account, "SE", "SE12", city="Lund")
    assert shop.sync().summary.pull.failed == 1
    assert held(shop, "kari@berg.example") == ("DE", "DE123456789", "Ulm")


@pytest.fixture
def strict(shop: Shop) -> Iterator[Shop]:
    """A company that checks the numbers of many countries, and the accounts of a real server that have one."""
    formats = shop.company.references.formats
    before = dict(formats)
    formats.update(FORMATS)
    records = load_webstore_customers(RECORDED_WEBSTORE_CUSTOMERS)
    shop.running.webstore.load([r for r in records if any(item["key"] == "vat_number" for item in r["meta_data"])])
    yield shop
    formats.clear()
    formats.update(before)


def test_of_recorded_accounts_only_wrong_numbers_are_refused_and_the_next_run_decides_the_same(strict: Shop) -> None:
    first = strict.sync()
    assert first.plan.ambiguous == ()
    refused = [row for row in strict.journal() if row["outcome"] == "refused"]
    # nine digits, where a Polish number has ten and a French one eleven
    assert Counter(orjson.loads(row["payload"])["country"] for row in refused) == {"PL": 19, "FR": 18}
    assert first.summary.pull.created == len(strict.accounts()) - len(refused)
    again = strict.sync()
    assert (again.plan.ambiguous, again.plan.writes) == ((), ())
    assert len(again.plan.quarantined) == len(refused)


def test_a_namesake_is_no_question_because_his_neighbours_were_created_and_he_was_not(shop: Shop) -> None:
    house = {"country": "DE", "postcode": "89073"}
    numbered(shop, "first@berg.example", number="DE12", **house)
    for name in ("second", "third"):
        shop.register(f"{name}@berg.example", "Kari Nordmann", **house)
    first = shop.sync()
    assert (first.summary.pull.created, first.summary.pull.failed) == (2, 1)
    again = shop.sync()
    assert again.plan.ambiguous == ()
    assert len(again.plan.quarantined) == 1


def test_a_postal_code_that_the_company_knows_elsewhere_only_is_told(shop: Shop) -> None:
    shop.register("kari@berg.example", country="SE", postcode="5003", city="Lund")
    done = shop.sync()
    customer = shop.customers()["kari@berg.example"]
    assert held(shop, "kari@berg.example") == ("NO", "", "Lund")
    (warning,) = done.summary.warnings
    assert f"{shop.number(customer)} (SE → NO)" in warning
    shop.settle(1)
    assert shop.account(shop.accounts()["kari@berg.example"])["billing"]["country"] == "SE"
