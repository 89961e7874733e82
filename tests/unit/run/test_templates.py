"""Templates against the company: every code of every one, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.clients import BusinessCentralClient
from connector.desk.connection_check import check_connections
from connector.errors import SetupError
from connector.rules import load_rules
from connector.run.templates import Templates, templates_of
from connector.setup import Setup, Template
from sandbox.server import Running, start
from tests.flows.shop import setup_of


@pytest.fixture(scope="module")
def systems() -> Iterator[Running]:
    with start(empty=True, seed=1) as running:
        yield running


@pytest.fixture
def setup(systems: Running, tmp_path: Path) -> Setup:
    """With the rules that ship."""
    made = setup_of(systems, tmp_path, "shop")
    return made.model_copy(update={"synchronization": made.synchronization.model_copy(update={"mappings": None})})


def resolved(setup: Setup, *templates: Template, of_rules: tuple[Template, ...] = ()) -> Templates:
    rules = replace(load_rules(), templates=of_rules)
    with BusinessCentralClient(setup.business_central) as company:
        return templates_of(setup.model_copy(update={"templates": templates}), rules, company)


@pytest.mark.parametrize("currency", ["GBP", "gbp", ""])
def test_the_companys_own_currency_is_a_blank_one(setup: Setup, currency: str) -> None:
    assert resolved(setup, Template(currency=currency)) == {("", ""): {}}
    assert resolved(setup, Template(currency="eur"))["", ""] == {"currencyCode": "EUR"}


def test_places_are_read_as_people_write_them_and_the_setup_goes_before_the_rules(setup: Setup) -> None:
    found = resolved(
        setup,
        Template(country="de", state="Bayern", credit_limit=5),
        Template(country="uk", credit_limit=6),
        of_rules=(Template(country="DE", state="DE-BY", credit_limit=1), Template(country="EL", credit_limit=2)),
    )
    assert {place: each["creditLimit"] for place, each in found.items()} == {
        ("DE", "DE-BY"): 5, ("GB", ""): 6, ("GR", ""): 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (Template(currency="EURO"), "currency = 'EURO' is not in the company's currencies; the nearest: EUR (Euro)"),
        (Template(payment_terms="14 DAY"), "payment_terms = '14 DAY' is not in the company's paymentTerms; the nearest: 14 DAYS"),
        (Template(payment_terms="44895"), "payment_terms = '44895' is not in the company's paymentTerms"),
        (Template(tax_area="home"), "there are DOMESTIC"),
        (Template(salesperson="OF"), "salesperson = 'OF' is blocked"),
        (Template(country="XX"), "the company has no country 'XX'"),
        (Template(country="DE", state="Bavarai"), "DE has no state 'Bavarai'; the nearest: DE-BY (Bavaria)"),
        (Template(state="CA"), "a state needs its country"),
    ],
)  # fmt: skip
def test_what_can_never_apply_is_refused_with_the_nearest(
    systems: Running, setup: Setup, template: Template, told: str
) -> None:
    with pytest.raises(SetupError) as refused:
        resolved(setup, Template(country="SE", credit_limit=1), template)
    assert told in str(refused.value)
    findings = check_connections(setup.model_copy(update={"templates": (template,)}))
    assert [told in finding.what for finding in findings if not finding.ok] == [True]


def test_two_spellings_of_one_place_are_refused(setup: Setup) -> None:
    with pytest.raises(SetupError, match="another template is for the same place"):
        resolved(setup, Template(country="DE", state="Bayern"), Template(country="DE", state="DE-BY"))
