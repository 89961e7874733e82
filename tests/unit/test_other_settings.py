"""Other settings as people give them to a plan: found by as much of their names as is clear, or refused with the nearest ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import InputError
from connector.setup import Setup, UnresolvedSecrets, parse_setup
from connector.setup.other_settings import settings_of, why_not, with_settings

DOCUMENT: dict[str, Any] = {
    "webstore_code": "shop",
    "webstore": {"url": "https://shop.example", "consumer_key": "env:KEY", "consumer_secret": "env:SECRET"},
    "business_central": {
        "base_url": "https://bc.example/api/v2.0", "company": "C", "auth": "basic", "username": "u", "password": "env:P",
    },
}  # fmt: skip


@pytest.fixture
def setup() -> Setup:
    return parse_setup(DOCUMENT, origin="test", folder=Path("/nowhere"), environ=UnresolvedSecrets())


def value(setup: Setup, path: str) -> Any:
    found: Any = setup
    for part in path.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        ("policies.blank=clear", "synchronization.policies.blank", "clear"),
        ("synchronization.policies.blank = CLEAR", "synchronization.policies.blank", "clear"),
        ('blank="clear"', "synchronization.policies.blank", "clear"),
        ("push-webstore-customers=none", "synchronization.push_webstore_customers", "None"),
        ("pull_webstore_customers=Mapped Only", "synchronization.pull_webstore_customers", "Mapped Only"),
        ("matching.link=vat", "matching.link", ("vat",)),
        ("matching.suggest=name, phone_name", "matching.suggest", ("name", "phone_name")),
        ('link=["email", "vat"]', "matching.link", ("email", "vat")),
        ("matching.suggest=", "matching.suggest", ()),
        ("breakers.updates=5", "breakers.updates", 5),
        ("breakers.went_back=none", "breakers.went_back", None),
        ("copy_billing_to_shipping=yes", "accounts.copy_billing_to_shipping", True),
        ("breakers.oscillation=off", "breakers.oscillation", False),
        ("approval.required=over threshold", "approval.required", "over threshold"),
    ],
)
def test_a_setting_is_found_and_read_as_people_write_it(setup: Setup, given: str, path: str, expected: Any) -> None:
    changed = with_settings(setup, [given])
    assert value(changed, path) == expected
    others = {one for one, _ in settings_of()} - {path}
    assert {one for one in others if value(changed, one) != value(setup, one)} == set()


def test_templates_are_tables(setup: Setup) -> None:
    changed = with_settings(setup, ['templates=[{country = "DE", payment_terms = "30 DAYS"}]'])
    assert [(t.country, t.payment_terms) for t in changed.templates] == [("DE", "30 DAYS")]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["policies.blnk=clear"], "did you mean synchronization.policies.blank"),
        (["pull=All"], "no such setting"),
        (["policies.blank=cleer"], "none of keep, clear; did you mean clear?"),
        (["matching.link=emial"], "did you mean email"),
        (["matching.link=vat,vat"], "vat is given twice"),
        (["policies.blank"], "write NAME=VALUE"),
        ([""], "write NAME=VALUE"),
        (["=clear"], "no such setting"),
        (["policies.blank="], "none of keep, clear"),
        (["breakers.updates=many"], "breakers.updates"),
        (["breakers.updates=-1"], "breakers.updates"),
        (["breakers.floor="], "it needs a value"),
        (["policies=clear"], "name one of its settings"),
        (["folder=x"], "it may mean"),
        (["blank=clear", "policies.blank=keep"], "is given twice"),
        (["webstore.url=https://other.example"], "neither is asked"),
        (["customer_role_filter=all"], "neither is asked"),
        (["mappings=rules"], "--rules FOLDER"),
        (["enabled=no"], "scheduled runs alone"),
        (["store.url=sqlite:///x"], "this store"),
        (["templates=[{country='DE'}, {country='DE'}]"], "two templates for the same place"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_the_reason(setup: Setup, given: list[str], told: str) -> None:
    with pytest.raises(InputError) as refused:
        with_settings(setup, given)
    assert told in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(setup: Setup) -> None:
    with pytest.raises(InputError) as refused:
        with_settings(setup, ["policies.blank=x", "nonsense=1", "console.directory=no", "policies.drift=overwrite"])
    assert len(refused.value.problems) == 3


def test_of_each_setting_it_is_known_whether_it_can_be_tried() -> None:
    """A new one must say so, too."""
    for path, _ in settings_of():
        assert isinstance(why_not(path), str), path


def test_what_is_read_from_variables_stands_in_no_ones_way() -> None:
    """Other rules need no secret, so that none is known: what stands for it is no value that could be wrong."""
    webstore = {**DOCUMENT["webstore"], "web_login": "env:LOGIN", "proxy": "env:proxy", "api_key_as_query_param": True}
    setup = parse_setup(DOCUMENT | {"webstore": webstore}, origin="test", environ=UnresolvedSecrets())
    assert value(with_settings(setup, ["blank=clear"]), "synchronization.policies.blank") == "clear"
