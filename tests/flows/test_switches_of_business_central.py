"""What nobody has seen on a real Business Central: synchronising works whichever way it is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from connector.core.customer import Direction
from sandbox.business_central.settings import Settings
from sandbox.server import start
from tests.flows.moments import REQUEST, Killed, bury, watched
from tests.flows.shop import Shop

WAYS: dict[str, dict[str, Any]] = {
    "order": {"trigger_order": "page"},
    "addresses": {"country_clears_new_addresses": False, "country_required_in_addresses": True},
    "lists": {
        "in_operator": "works",
        "nested_functions": "works",
        "honours_schema_version": True,
        "star_is_a_wildcard": False,
        "codes_are_filtered_in_upper_case": False,
        "enums_in_filters": True,
        "dates_stand_for_times": True,
        "null_in_filters": "refused",
        "long_literals_in_functions": "nothing",
        "suffixed_numbers": False,
        "options_know_letter_case": True,
        "page_above_maximum": "cap",
        "vanished_skiptoken": "continued",
    },
    "refusals": {
        "duplicate_number_status": 409,
        "unknown_id_code": "BadRequest_NotFound",
        "unknown_relation_error": "page",
        "first_error_of_a_patch": "etag",
        "missing_if_match_before_unknown_id": True,
        "null_clears_text": True,
        "id_may_be_posted": True,
        "delete_requires_if_match": True,
        "unknown_environment_needs_token": True,
        "missing_secret_status": 400,
    },
    "times": {
        "unchanged_patch_is_a_change": False,
        "balance_changes_etag": False,
        "location_after_create": False,
        "clock_offsets_ms": (0, -1_500),
    },
    "batches": {
        "batch_counts_once": False,
        "snapshot_failure_reports_all": False,
        "snapshots_are_known": False,
        "batch_references": True,
    },
}
# habits and rights of a company and its limits, which have tests of their own
NO_SWITCHES = frozenset(
    "manual_numbers checks_vat_numbers may_write_customers is_api_enabled retry_after_on_429 templates".split()
)


def test_every_switch_is_tried() -> None:
    switches = {
        field.name
        for field in fields(Settings)
        if (field.type is bool or "Literal" in str(field.type) or field.name == "clock_offsets_ms")
        and field.name not in NO_SWITCHES
    }
    assert switches == {name for way in WAYS.values() for name in way}


@pytest.mark.parametrize("way", WAYS)
def test_both_sides_agree_and_come_to_rest(way: str, tmp_path: Path, empty_store: Path) -> None:
    with start(empty=True, seed=1, business_central_settings=WAYS[way]) as running:
        shop = Shop(running, tmp_path, store=empty_store)
        meta = [{"key": "vat_number", "value": "DE123456789"}]
        home = {"country": "DE", "postcode": "89073", "city": "Ulm", "address_1": "Gasse 1"}
        firm = running.webstore.people_create(
            {"email": "firm@berg.example", "billing": {**home, "company": "Berg GmbH"}, "meta_data": meta}
        )
        bergen = {"country": "NO", "postcode": "5003", "city": "Bergen sentrum"}
        accounts = [shop.register(f"{n}@berg.example", f"Kari Berg{n}", **bergen) for n in range(3)]
        card = shop.employ("ola@berg.example", "Ola Dahl", ticked=True, city="Oslo")
        failed = [shop.sync().summary.of(way).failed for way in Direction]
        # within the difference of two clocks an edit would look older than what it replaces
        running.business_central.clock.advance(60)
        shop.type_in_company(card, city="Hamar")
        shop.type_in_webstore(accounts[0], country="SE", postcode="222 22", city="Lund")
        running.business_central.people_update(shop.customers()["1@berg.example"], {"balanceDue": 10})
        shop.type_in_webstore(accounts[1], address_1="Storgata 1")
        meta[0] |= {"value": "SE123456789012", "id": shop.account(firm)["meta_data"][0]["id"]}
        moved = {"country": "SE", "postcode": "111 11", "city": "Stockholm"}
        running.webstore.people_update(firm, {"billing": moved, "meta_data": meta})
        done = shop.sync()
        failed += [done.summary.of(way).failed for way in Direction]
        shop.settle(2)
        assert failed == [0] * 4
        for email, customer in shop.customers().items():
            held, billing = shop.customer(customer), shop.account(shop.accounts()[email])["billing"]
            names = {"city": "city", "country": "country", "postalCode": "postcode", "addressLine1": "address_1"}
            assert {name: held[name] for name in names} == {name: billing[other] for name, other in names.items()}
        assert shop.customer(shop.customers()["firm@berg.example"])["taxRegistrationNumber"] == "SE123456789012"


def test_what_was_overwritten_when_a_run_was_killed_is_nobodys_edit(tmp_path: Path, empty_store: Path) -> None:
    with start(empty=True, seed=1, business_central_settings=WAYS["order"]) as running:
        shop = Shop(running, tmp_path, store=empty_store)
        account = shop.register("kari@berg.example", country="NO", postcode="X1", city="Oslo")
        shop.settle()
        shop.type_in_webstore(account, country="SE", postcode="222 22", city="Lund")
        with watched() as moments, pytest.raises(Killed):
            shop.sync(when_planned=lambda: moments.kill_before(2, REQUEST))
        bury(shop.store_file)
        assert shop.customer(shop.customers()["kari@berg.example"])["city"] == ""
        shop.settle(2)
        assert shop.account(account)["billing"]["city"] == "Lund"
        assert shop.customer(shop.customers()["kari@berg.example"])["city"] == "Lund"
