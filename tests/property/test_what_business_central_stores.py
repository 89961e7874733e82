"""What Business Central can hold arrives, whatever it held before: nothing is refused, and what was sent stands there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.clients import BusinessCentralClient, Create, Update
from connector.core import business_central_customer
from connector.core.business_central_order import cleared_before
from connector.core.customer import Direction, FieldRule, FieldRules
from connector.rules import load_rules
from connector.setup import BusinessCentralConnection
from sandbox.server import Running, start

SHIPPED = load_rules()
PLACES = SHIPPED.geography.with_company(["EL", "DE", "SE", "GB", "US", "NO"])
MORE = {
    "currency": ("currencyCode", "code"),
    "method": ("paymentMethodId", "code"),
    "terms": ("paymentTermsId", "code"),
    "salesperson": ("salespersonCode", "code"),
}
RULES = FieldRules(
    (
        *SHIPPED.fields.rules,
        *(
            FieldRule(field, f"meta:{field}", name, frozenset({Direction.PULL}), "", "", "", 255, normalizer)
            for field, (name, normalizer) in MORE.items()
        ),
    ),
    cultures=SHIPPED.fields.cultures,
)
# country → VAT numbers that it takes; a customer without a country is of the company's, which is British
NUMBERS = {
    "DE": ("", "DE123456789", "DE987654321"),
    "SE": ("", "SE123456789012"),
    "GR": ("", "EL123456789", "EL987654321"),
    "GB": ("", "GB123456789", "123456789"),
    "US": ("", "12-3456789", "DE123456789"),
    "NO": ("", "NO923456783MVA"),
    "": ("", "GB123456789", "123456789"),
}
# codes that the company knows of the country, and others
POST_CODES = {"NO": ("0150", "5003"), "US": ("02108", "10001"), "GR": ("105 57",)}
OTHER_CODES = ("", "X1", "99999-9")
texts = st.sampled_from(("", "Oslo", "Bergen sentrum", "ß", "12"))


class _World(NamedTuple):
    systems: Running
    client: BusinessCentralClient


@pytest.fixture(scope="module")
def world() -> Iterator[_World]:
    with start(empty=True) as systems:
        connection = BusinessCentralConnection.model_validate(
            {
                "base_url": systems.base_url,
                "company": systems.company,
                "token_url": systems.token_url,
                "client_id": systems.client_id,
                "client_secret": systems.client_secret,
            }
        )
        with BusinessCentralClient(connection) as client:
            yield _World(systems, client)


@st.composite
def customers(draw: st.DrawFn, *, valid: bool = True) -> dict[str, str]:
    """Canonical values that Business Central can hold (not `valid`: and that people have got into it some other way)."""
    country = draw(st.sampled_from(sorted(NUMBERS)))
    anybody = sorted({number for numbers in NUMBERS.values() for number in numbers})
    return {
        "name": draw(st.sampled_from(("Kari Lie", "Ola Dahl AS"))),
        "email": draw(st.sampled_from(("", "kari@lie.example", "ola@dahl.example"))),
        "phone": draw(st.sampled_from(("", "+47 22 33 44 55"))),
        "address_1": draw(texts),
        "address_2": draw(texts),
        "country": country,
        "postcode": draw(st.sampled_from((*OTHER_CODES, *POST_CODES.get(country, ())))),
        "city": draw(texts),
        "state": draw(texts) if country else "",
        "vat_number": draw(st.sampled_from(NUMBERS[country] if valid else anybody)),
        "currency": draw(st.sampled_from(("GBP", "EUR", "USD"))),
        "method": draw(st.sampled_from(("", "CASH", "DIRDEBIT"))),
        "terms": draw(st.sampled_from(("", "7 DAYS", "30 DAYS"))),
        "salesperson": draw(st.sampled_from(("", "JO", "LT"))),
    }


def _with_ids(systems: Running, values: dict[str, str]) -> dict[str, str]:
    ids = systems.business_central.references.id_of
    sets = {"method": "paymentMethods", "terms": "paymentTerms"}
    return values | {name: ids(of, values[name]) or "" for name, of in sets.items()}


def _held(record: dict[str, Any]) -> dict[str, str]:
    """The canonical values of a record."""
    table = business_central_customer.columns([record], RULES)
    row: dict[str, str] = business_central_customer.canonical(table, RULES, PLACES).to_pylist()[0]
    row.pop("bc_id")
    return row


def _landed(client: BusinessCentralClient, write: Create | Update) -> dict[str, Any]:
    (outcome,) = client.batch([write])
    assert outcome.error is None, str(outcome.error)
    assert outcome.record is not None
    return outcome.record


@given(before=customers(valid=False), steps=st.lists(customers(), min_size=1, max_size=2), order=st.randoms())
def test_what_it_can_hold_is_never_refused_and_stands_there_afterwards(
    world: _World, before: dict[str, str], steps: list[dict[str, str]], order: Any
) -> None:
    systems, client = world
    typed = business_central_customer.payload(_with_ids(systems, before), RULES, PLACES, None)
    record = client.get(systems.business_central.people_create(typed))
    for after in [_with_ids(systems, step) for step in steps]:
        now = _held(record)
        changed = [name for name in after if after[name] != now[name]]
        order.shuffle(changed)
        current = now | {"raw.email": record["email"]}
        body = business_central_customer.payload({name: after[name] for name in changed}, RULES, PLACES, current)
        cleared = cleared_before([(name, now[name], after[name]) for name in changed], RULES)
        record = _landed(client, Update(record["id"], record["@odata.etag"], body, cleared))
        assert _held(record) == after


@given(values=customers())
def test_whoever_is_created_is_stored_as_sent(world: _World, values: dict[str, str]) -> None:
    systems, client = world
    values = _with_ids(systems, values)
    body = business_central_customer.payload(values, RULES, PLACES, None)
    assert _held(_landed(client, Create(body))) == values
