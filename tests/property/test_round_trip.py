"""After one synchronisation the second writes nothing, whatever stands in the records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Direction, Side
from connector.core.merge import FieldPolicy
from connector.rules import Rules, load_rules
from tests.property import texts
from tests.property.pairs import Pairs
from tests.property.servers import BILLING, Company, Shop

SHIPPED = load_rules()
RULES: Rules = replace(SHIPPED, geography=SHIPPED.geography.with_company(Company.countries - {""}))
# one example is a run over several customers: it costs no more than a run over one
many = settings(max_examples=settings.default.max_examples // 3)

billing = st.fixed_dictionaries(
    {},
    optional={
        "first_name": texts.words, "last_name": texts.words, "company": texts.words, "address_1": texts.lines,
        "address_2": texts.lines, "city": texts.words, "postcode": texts.postcodes, "country": texts.countries,
        "state": texts.states, "email": texts.emails, "phone": texts.phones,
    },
)  # fmt: skip
metadata = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from(("vat_number", "billing_vat_number", "colour")), "value": texts.vat_numbers}
    ),
    max_size=2,
    unique_by=lambda item: item["key"],
)
accounts = st.fixed_dictionaries(
    {"email": texts.emails.filter(bool)},
    optional={"first_name": texts.words, "last_name": texts.words, "billing": billing, "meta_data": metadata},
)
customers = st.fixed_dictionaries(
    {"displayName": texts.words},
    optional={
        "addressLine1": texts.lines, "addressLine2": texts.lines, "city": texts.words, "postalCode": texts.postcodes,
        "country": st.sampled_from(("", "NO", "DE", "US", "EL", "HU", "JP", "ES")), "state": texts.states,
        "email": texts.emails, "phoneNumber": texts.phones, "taxRegistrationNumber": texts.vat_numbers,
        "type": st.sampled_from(("Person", "Company")),
    },
)  # fmt: skip
pairs = st.lists(st.tuples(accounts, customers), min_size=1, max_size=6)
policies = st.builds(
    FieldPolicy,
    conflict=st.sampled_from(("ask", "business-central", "webstore", "newest")),
    first_link=st.sampled_from(("ask", "business-central", "webstore")),
    blank=st.sampled_from(("keep", "clear")),
    drift=st.just("withhold"),
)


def linked(customers: list[tuple[dict[str, Any], dict[str, Any]]], policy: FieldPolicy) -> Pairs:
    shops = [Shop({"id": row, **account}) for row, (account, _) in enumerate(customers)]
    companies = [Company({"id": str(row), **customer}) for row, (_, customer) in enumerate(customers)]
    return Pairs(shops, companies, RULES, policy)


def assert_settled(both: Pairs) -> None:
    """One run, and the next one has nothing to write."""
    first = both.synchronize()
    event(f"writes {bool(first.writes)}, refusals {bool(first.quarantined)}, conflicts {bool(first.conflicts)}")
    records = both.records()
    second = both.synchronize()
    assert [(w.label, w.direction, w.changes) for w in second.writes] == []
    assert both.records() == records


@many
@given(pairs, policies)
def test_newly_linked_customers_are_settled_after_one_synchronisation(customers: Any, policy: FieldPolicy) -> None:
    assert_settled(linked(customers, policy))


@many
@given(pairs, policies, st.lists(st.tuples(st.integers(0, 5), st.one_of(accounts, customers)), max_size=4))
def test_customers_that_people_edit_are_settled_after_every_synchronisation(
    customers: Any, policy: FieldPolicy, edits: list[tuple[int, dict[str, Any]]]
) -> None:
    both = linked(customers, policy)
    assert_settled(both)
    for place, edit in edits:
        row = place % len(customers)
        if "displayName" in edit:
            both.companies[row].record |= edit
        else:
            record = both.shops[row].record
            both.shops[row] = Shop({**record, **edit, "billing": record["billing"] | edit.get("billing", {})})
        assert_settled(both)


@many
@given(pairs, policies)
def test_a_save_that_changes_nothing_is_no_edit(customers: Any, policy: FieldPolicy) -> None:
    both = linked(customers, policy)
    both.synchronize()
    for _ in range(2):
        for shop in both.shops:
            shop.put({})
        assert [(w.label, w.changes) for w in both.plan().writes] == []


@many
@given(pairs)
def test_what_is_pushed_is_what_is_stored(customers: Any) -> None:
    both = linked(customers, FieldPolicy("business-central", "business-central", "clear", "withhold"))
    before = both.values(Side.WEBSTORE)
    plan = both.synchronize()
    stored = both.values(Side.WEBSTORE)
    for write in plan.of(Direction.PUSH):
        row = int(write.webstore_id or 0)
        wanted = {change.field: change.after for change in write.changes}
        now, was = both.keys(stored[row]), both.keys(before[row])
        assert {name: now[name] for name in wanted} == both.keys(wanted)
        # a state is a state of its country, and the order of names is the country's
        others = set(was) - set(wanted) - ({"state", "name"} if "country" in wanted else set())
        assert {name: now[name] for name in others} == {name: was[name] for name in others}


@many
@given(pairs)
def test_what_is_pulled_is_what_is_stored(customers: Any) -> None:
    both = linked(customers, FieldPolicy("webstore", "webstore", "clear", "withhold"))
    before = both.values(Side.BUSINESS_CENTRAL)
    plan = both.synchronize()
    stored = both.values(Side.BUSINESS_CENTRAL)
    for write in plan.of(Direction.PULL):
        row = int(write.webstore_id or 0)
        wanted = {change.field: change.after for change in write.changes}
        now, was = both.keys(stored[row]), both.keys(before[row])
        assert {name: now[name] for name in wanted} == both.keys(wanted)
        others = set(was) - set(wanted) - ({"state"} if "country" in wanted else set())
        assert {name: now[name] for name in others} == {name: was[name] for name in others}


@given(accounts, st.sampled_from(("first_name", "email", *(f"billing.{name}" for name in BILLING))), texts.not_texts)
def test_a_record_with_something_else_than_texts_is_a_row_with_a_reason(
    account: dict[str, Any], path: str, value: Any
) -> None:
    record = Shop({"id": 1, **account}).record
    part, _, name = path.rpartition(".")
    (record[part] if part else record)[name] = value
    row = webstore_customer.columns([record], RULES.fields).to_pylist()[0]
    assert row["malformed"] == f"not a text: {path}"


@given(customers, st.sampled_from(("displayName", "city", "phoneNumber")), texts.not_texts)
def test_a_business_central_record_with_something_else_than_texts_is_a_row_with_a_reason(
    customer: dict[str, Any], name: str, value: Any
) -> None:
    record = Company({"id": "a", **customer, name: value}).record
    row = business_central_customer.columns([record], RULES.fields).to_pylist()[0]
    assert row["malformed"] == f"not a text: {name}"
