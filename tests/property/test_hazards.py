"""Every hazard in every field, one at a time: it arrives as it was, or it is refused; and it never travels twice.

Not random: some hundred customers in one run cost no more than a few.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from connector.core.customer import Direction, Side
from connector.core.merge import FieldPolicy
from connector.core.normalize import text_key
from connector.rules import load_rules
from tests.property.pairs import Pairs
from tests.property.servers import Company, Shop
from tests.property.texts import PIECES

SHIPPED = load_rules()
RULES = replace(SHIPPED, geography=SHIPPED.geography.with_company(Company.countries - {""}))
FORMS = ("{}", "Ann{}Lee", "Ann {} Lee", "{} Lee", "Ann {}", "Ann {0} {0}")
TEXTS = tuple(dict.fromkeys(form.format(piece) for form, piece in product(FORMS, PIECES))) + tuple(
    piece * count for piece, count in product(("x", "😀", "e\u0301", "ß"), (15, 16, 30, 31, 50, 51, 100, 101))
)
ACCOUNT: dict[str, Any] = {
    "email": "ann@x.example",
    "first_name": "Ann",
    "last_name": "Lee",
    "billing": {"country": "DE"},
}
CUSTOMER: dict[str, Any] = {"displayName": "Ann Lee", "email": "ann@x.example", "country": "DE"}
PROPERTIES = (
    "displayName", "addressLine1", "city", "state", "postalCode", "phoneNumber", "email", "taxRegistrationNumber",
)  # fmt: skip
PATHS = (
    "first_name", "last_name", "email", "company", "address_1", "city", "state", "postcode", "phone", "vat_number",
)  # fmt: skip
WINS = {
    Direction.PUSH: FieldPolicy("business-central", "business-central", "clear", "withhold"),
    Direction.PULL: FieldPolicy("webstore", "webstore", "clear", "withhold"),
}


def account_with(path: str, text: str) -> dict[str, Any]:
    if path == "vat_number":
        return {**ACCOUNT, "meta_data": [{"key": path, "value": text}]}
    if path in ACCOUNT:
        return {**ACCOUNT, path: text}
    return {**ACCOUNT, "billing": {**ACCOUNT["billing"], path: text}}


def pairs(accounts: list[dict[str, Any]], customers: list[dict[str, Any]], direction: Direction) -> Pairs:
    shops = [Shop({"id": row, **account}) for row, account in enumerate(accounts)]
    companies = [Company({"id": str(row), **customer}) for row, customer in enumerate(customers)]
    return Pairs(shops, companies, RULES, WINS[direction])


def assert_arrived_and_settled(both: Pairs, direction: Direction) -> None:
    """Whatever was written stands there as it was meant, also after saves that change nothing; then nothing is left to do."""
    plan = both.synchronize()
    for _ in range(2):
        for shop in both.shops:
            shop.put({})
        side = Side.WEBSTORE if direction is Direction.PUSH else Side.BUSINESS_CENTRAL
        stored = both.values(side)
        for write in plan.of(direction):
            wanted = both.keys({change.field: change.after for change in write.changes})
            now = both.keys(stored[int(write.webstore_id or 0)])
            written = text_key(both.companies[int(write.webstore_id or 0)].record["displayName"])
            if direction is Direction.PULL and written == wanted.get("name"):
                # the name of a company may stand in the card of a person, where a comma says which name comes first
                now["name"] = written
            assert {name: now[name] for name in wanted} == wanted, write.changes
        assert [(write.direction, write.changes) for write in both.synchronize().writes] == []


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("company", [False, True], ids=["person", "company"])
def test_a_hazard_in_business_central_is_pushed_whole_or_refused(name: str, company: bool) -> None:
    account = account_with("company", "Old Ltd") if company else ACCOUNT
    both = pairs([account for _ in TEXTS], [{**CUSTOMER, name: text} for text in TEXTS], Direction.PUSH)
    assert_arrived_and_settled(both, Direction.PUSH)


@pytest.mark.parametrize("path", PATHS)
def test_a_hazard_in_the_webstore_is_pulled_whole_or_refused(path: str) -> None:
    both = pairs([account_with(path, text) for text in TEXTS], [CUSTOMER for _ in TEXTS], Direction.PULL)
    assert_arrived_and_settled(both, Direction.PULL)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("direction", list(Direction))
def test_a_hazard_that_stands_in_the_webstore_survives_other_changes(path: str, direction: Direction) -> None:
    """Every save of an account touches its names; what they turn into is no edit."""
    some = TEXTS[::3]
    both = pairs([account_with(path, text) for text in some], [CUSTOMER for _ in some], direction)
    both.synchronize()
    for company in both.companies:
        company.record["addressLine2"] = "Flat 2"
    assert_arrived_and_settled(both, Direction.PUSH)


PLACES = tuple(product(("HU", "DE", "JP", "ES", ""), repeat=2))
PEOPLE = (("János", "Nagy"), ("小明", "王"), ("María", "García Lorca"), ("Kåre", ""), ("", "Hansen"))


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("first_link", ["business-central", "webstore", "ask"])
def test_people_keep_their_names_wherever_they_live_and_move(direction: Direction, first_link: str) -> None:
    accounts = [
        {**ACCOUNT, "first_name": first, "last_name": last, "billing": {"country": here}}
        for (here, _), (first, last) in product(PLACES, PEOPLE)
    ]
    customers = [
        {**CUSTOMER, "displayName": f"{first} {last}".strip() if order else f"{last} {first}".strip(), "country": there}
        for (_, there), (first, last) in product(PLACES, PEOPLE)
        for order in (0, 1)
    ]
    both = pairs([account for account in accounts for _ in (0, 1)], customers, direction)
    both.terms = replace(
        both.terms, flags=replace(both.terms.flags, policy=FieldPolicy("ask", first_link, "keep", "withhold"))
    )
    both.synchronize()
    assert both.synchronize().writes == ()
    for row, country in enumerate(("HU", "DE", "JP") * (len(customers) // 3)):
        if direction is Direction.PUSH:
            both.companies[row].record["country"] = country
        else:
            both.shops[row].record["billing"]["country"] = country
    names = [company.record["displayName"] for company in both.companies]
    moved = both.synchronize()
    assert {change.field for write in moved.writes for change in write.changes} == {"country"}
    assert [company.record["displayName"] for company in both.companies] == names
    assert both.synchronize().writes == ()
