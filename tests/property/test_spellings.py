"""Who is one customer stays one, however people spell him: no change, no refusal, no second customer, from either side."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from connector.core.comparison import compare
from connector.core.customer import Side
from connector.core.extracts import Known
from connector.core.merge import FieldPolicy
from connector.core.plan import Plan
from tests.hypothesis_profiles import crowds
from tests.property.pairs import BASE_COLUMNS, Pairs
from tests.property.servers import Company, Shop
from tests.property.spellings import RULES, Spelled, customers

CROWD = 20
crowd = st.tuples(*(customers(key) for key in range(CROWD))).map(list)
POLICIES = [
    FieldPolicy(conflict=side, first_link=side, blank="clear", drift="withhold")
    for side in ("ask", "business-central", "webstore")
]
NOBODY = pd.DataFrame(
    {
        "bc_id": pd.array([], dtype="string"),
        "bc_number": pd.array([], dtype="string"),
        "webstore_id": pd.array([], dtype="Int64"),
        "webstore_customer": pd.array([], dtype="bool"),
    }
)


NO_BASES = pd.DataFrame(columns=BASE_COLUMNS)


def linked(people: list[Spelled], policy: FieldPolicy) -> Pairs:
    shops = [Shop({"id": row, **one.account}) for row, one in enumerate(people)]
    companies = [Company({"id": str(row), **one.customer}) for row, one in enumerate(people)]
    return Pairs(shops, companies, RULES, policy)


def said(plan: Plan) -> list[Any]:
    """All that is wrong with a plan that should be empty."""
    found: list[Any] = [(write.label, write.direction, write.changes) for write in plan.writes]
    return [*found, *plan.quarantined, *plan.ambiguous, *plan.orphans]


@crowds(CROWD)
@given(crowd, st.sampled_from(POLICIES))
def test_customers_who_are_spelled_in_two_ways_are_one(people: list[Spelled], policy: FieldPolicy) -> None:
    assert_left_alone(people, policy)
    assert_found(people, policy)
    assert_the_same_on_the_other_side(people, policy)


def assert_left_alone(people: list[Spelled], policy: FieldPolicy) -> None:
    """Linked ones: nothing is written, refused or asked; a state that is not understood is told."""
    plan = linked(people, policy).plan()
    assert said(plan) == []
    doubtful = {row for row, one in enumerate(people) if not one.understood}
    assert [one for one in plan.standing if one.field != "state" or one.webstore_id not in doubtful] == []


def assert_found(people: list[Spelled], policy: FieldPolicy) -> None:
    """Unlinked ones are linked, and nobody is made."""
    plan = unmapped(linked(people, policy))
    assert [(link.webstore_id, link.bc_id) for link in plan.links] == [(row, str(row)) for row in range(len(people))]
    assert plan.writes == ()


def assert_the_same_on_the_other_side(people: list[Spelled], policy: FieldPolicy) -> None:
    """Those who are created in Business Central, and from there in the webstore, are what they were; nobody is refused."""
    both = linked(people, policy)
    companies, both.companies = both.companies, []
    pulled = unmapped(both)
    assert (len(pulled.writes), pulled.quarantined, pulled.ambiguous) == (len(people), (), ())
    made = {int(write.webstore_id or 0): write.payload for write in pulled.writes}
    both.companies = [Company({"id": str(row), **made[row]}) for row in range(len(people))]
    assert said(both.plan()) == []
    shops, both.shops, both.companies = both.shops, [], companies
    pushed = ticked(both)
    assert (len(pushed.writes), pushed.quarantined, pushed.ambiguous) == (len(people), (), ())
    made = {int(write.bc_id or 0): write.payload for write in pushed.writes}
    both.shops = [Shop({"id": row, **made[row]}) for row in range(len(shops))]
    assert said(both.plan()) == []


def ticked(both: Pairs) -> Plan:
    """What a run would do if everybody of Business Central was ticked, and nobody in the webstore."""
    rows = range(len(both.companies))
    mapping = pd.DataFrame(
        {
            "bc_id": pd.array([str(row) for row in rows], dtype="string"),
            "bc_number": pd.array(["C1" for _ in rows], dtype="string"),
            "webstore_id": pd.array([None for _ in rows], dtype="Int64"),
            "webstore_customer": pd.array([True for _ in rows], dtype="bool"),
        }
    )
    known = Known(mapping, NO_BASES, lambda _: NO_BASES)
    return compare(both.extract(Side.WEBSTORE), both.extract(Side.BUSINESS_CENTRAL), known, both.terms)


def unmapped(both: Pairs) -> Plan:
    """What a run would do if nobody was linked yet."""
    known = Known(NOBODY, NO_BASES, lambda _: NO_BASES)
    return compare(both.extract(Side.WEBSTORE), both.extract(Side.BUSINESS_CENTRAL), known, both.terms)
