"""What people find in the list of all customers after runs, writes and edits, and what is remembered for it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from connector.desk import editing, forgetting
from connector.desk.customer_list import FILTERS, Line, Page, list_customers
from connector.desk.inbox import decide
from connector.desk.mapping_list import list_mapping
from connector.errors import InputError
from connector.setup import ConsoleSettings
from connector.store import Store, open_store
from flows.prefect_runtime import TASKS
from tests.by_hand import by_hand, seen
from tests.flows.shop import Shop


def opened(shop: Shop) -> closing[Store]:
    return closing(open_store(shop.setup.store.url))


def page(shop: Shop, **how: Any) -> Page:
    with opened(shop) as store, store.view(shop.setup.webstore_code) as view:
        return list_customers(view, shop.setup, **how)


def line(shop: Shop, key: str) -> Line:
    return {one.key: one for one in page(shop).lines}[key]


def read_at(shop: Shop) -> Any:
    with opened(shop) as store, store.view(shop.setup.webstore_code) as view:
        return view.directory.read_at


@pytest.fixture
def linked(shop: Shop) -> tuple[Shop, int, str]:
    """A pair in step, a card of its own, and an account of its own; both directions open for mapped customers."""
    shop.change(pull_webstore_customers="Mapped Only")
    account = shop.register("kari@x.example", "Kari Nordmann", city="Oslo", postcode="0150")
    customer = shop.employ("kari@x.example", "Kari Nordmann", city="Oslo", postalCode="0150")
    shop.employ("alone@c.example", "Åse Müller")
    shop.register("alone@w.example", "Ola Öztürk")
    shop.settle()
    by_hand(editing.link, shop.setup, [(shop.number(customer), account)])
    shop.settle()
    return shop, account, customer


def test_after_a_full_run_everybody_is_found_once_by_what_people_know(linked: tuple[Shop, int, str]) -> None:
    shop, account, customer = linked
    everybody = page(shop)
    assert everybody.complete and everybody.read_at is not None
    assert [one.states for one in everybody.lines] == [
        ("in step",),
        ("only in Business Central",),
        ("only in the webstore",),
    ]
    pair = everybody.lines[0]
    assert (pair.bc_id, pair.webstore_id, pair.ticked) == (customer, account, True)
    assert (pair.bc_name, pair.webstore_name) == ("Kari Nordmann", "Kari Nordmann")
    assert (pair.bc_place, pair.webstore_place) == ("0150 Oslo, NO", "0150 Oslo, NO")
    assert pair.last_synchronized is not None and pair.last_error == ""
    for search, found in {
        "KARI oslo": 1, "muller": 1, "ozturk w.example": 1, f"woo:{account}": 1, customer[:8]: 1, "nobody": 0, "%": 0,
    }.items():  # fmt: skip
        assert page(shop, search=search).total == found, search


def test_what_a_write_was_answered_with_is_shown_at_once_and_waits_no_longer(linked: tuple[Shop, int, str]) -> None:
    shop, account, customer = linked
    shop.type_in_company(customer, city="Bergen")
    shop.sync(dry_run=True)
    assert line(shop, customer).states == ("to push",)
    assert (line(shop, customer).bc_place, line(shop, customer).webstore_place) == ("0150 Bergen, NO", "0150 Oslo, NO")
    shop.sync()
    assert line(shop, customer).states == ("in step",)
    assert line(shop, customer).webstore_place == "0150 Bergen, NO"
    shop.change(pull_webstore_customers="None")
    shop.type_in_webstore(account, city="Molde")
    shop.sync()
    assert line(shop, customer).states == ("withheld",)
    shop.change(pull_webstore_customers="Mapped Only")
    assert line(shop, customer).states == ("to pull",)
    shop.sync()
    assert line(shop, customer).states == ("in step",)


def test_a_created_account_is_in_the_list_before_the_next_run(shop: Shop) -> None:
    customer = shop.employ("new@x.example", "Nora Ny", ticked=True)
    shop.sync(dry_run=True)
    assert line(shop, customer).states == ("ticked",)
    shop.sync()
    made = line(shop, customer)
    assert made.states == ("in step",) and made.webstore_email == "new@x.example"


def test_a_conflict_waits_until_it_is_decided(linked: tuple[Shop, int, str]) -> None:
    shop, account, customer = linked
    shop.type_in_company(customer, city="Bergen")
    shop.type_in_webstore(account, city="Molde")
    shop.sync()
    assert line(shop, customer).states == ("conflict",)
    by_hand(decide, shop.setup, shop.number(customer), "city", take="webstore")
    assert line(shop, customer).states == ("to pull",)
    shop.sync()
    assert line(shop, customer).states == ("in step",)


def test_a_selected_run_updates_its_customers_and_nobody_else(linked: tuple[Shop, int, str]) -> None:
    shop, _, customer = linked
    before = read_at(shop)
    shop.type_in_company(customer, city="Bergen")
    other = shop.customers()["alone@c.example"]
    shop.type_in_company(other, displayName="Somebody Else")
    shop.sync(shop.number(customer))
    assert line(shop, customer).bc_place == "0150 Bergen, NO"
    assert line(shop, other).bc_name == "Åse Müller"
    assert read_at(shop) == before


def test_edits_of_the_mapping_table_show_at_once(linked: tuple[Shop, int, str]) -> None:
    shop, account, customer = linked
    stamps = set()

    def stamped() -> None:
        with opened(shop) as store, store.view(shop.setup.webstore_code) as view:
            stamps.add(view.state)

    stamped()
    by_hand(editing.unlink, shop.setup, [shop.number(customer)])
    stamped()
    assert page(shop, filter="only in the webstore").total == 2
    other = shop.customers()["alone@c.example"]
    by_hand(editing.link, shop.setup, [(shop.number(other), account)])
    stamped()
    assert line(shop, other).webstore_id == account
    assert len(stamps) == 3


def test_a_customer_whose_account_has_gone_is_gone(linked: tuple[Shop, int, str]) -> None:
    shop, account, customer = linked
    shop.running.webstore.people_delete(account)
    shop.sync()
    assert line(shop, customer).states == ("gone",)
    assert page(shop, filter="gone").total == 1


def test_whoever_is_forgotten_is_in_no_list_and_never_comes_back(linked: tuple[Shop, int, str]) -> None:
    shop, _, customer = linked
    by_hand(forgetting.forget, shop.setup, shop.number(customer))
    for _ in range(2):
        assert page(shop, search="kari").total == 0
        assert line(shop, customer).bc_name == "" and line(shop, customer).webstore_name == ""
        shop.sync()


def test_records_that_take_no_part_are_listed_too(linked: tuple[Shop, int, str]) -> None:
    """People look for exactly those; and however long a text is, a list shows its beginning."""
    shop, account, customer = linked
    alone = shop.accounts()["alone@w.example"]
    shop.running.webstore_faults.add(
        "altered-records", records={str(alone): {"billing": {"city": ["no text"]}}}, count=99
    )
    shop.type_in_webstore(account, city="x" * 70_000)
    shop.sync()
    assert line(shop, f"woo:{alone}").states == ("quarantined", "only in the webstore")
    assert "quarantined" in line(shop, customer).states
    assert len(line(shop, customer).webstore_place) < 400
    assert page(shop, filter="quarantined").total == 2


@pytest.mark.parametrize(
    "search", ["\x00", "a\ud800b", "'; DROP TABLE directory; --", "\u202e", "%s:code", "x" * 10_000]
)
def test_no_text_that_somebody_looks_for_breaks_anything(linked: tuple[Shop, int, str], search: str) -> None:
    shop, _, _ = linked
    for name in FILTERS:
        assert page(shop, search=search, filter=name).total in {0, page(shop, filter=name).total}


def test_without_a_directory_the_mapping_table_alone_is_listed(linked: tuple[Shop, int, str]) -> None:
    shop, _, customer = linked
    shop.setup = shop.setup.model_copy(update={"console": ConsoleSettings(directory=False)})
    shop.sync()
    everybody = page(shop)
    assert not everybody.complete and read_at(shop) is None
    assert [(one.key, one.states) for one in everybody.lines] == [(customer, ("in step",))]


def test_partitions_leave_the_same_directory(linked: tuple[Shop, int, str]) -> None:
    shop, _, _ = linked
    before, at = page(shop).lines, read_at(shop)
    shop.sync(partitions=3)
    assert page(shop).lines == before and read_at(shop) > at


def test_mapping_list_says_names_and_states_and_refuses_unknown_filters(linked: tuple[Shop, int, str]) -> None:
    shop, account, customer = linked
    [row] = seen(list_mapping, shop.setup, shop.setup)
    assert (row["bc_id"], row["webstore_id"], row["webstore_customer"]) == (customer, account, True)
    assert (row["bc_name"], row["webstore_name"], row["states"]) == ("Kari Nordmann", "Kari Nordmann", ["in step"])
    assert (row["on_hold"], row["failed_attempts"], row["last_error"]) == (False, 0, "")
    assert [one["bc_name"] for one in seen(list_mapping, shop.setup, shop.setup, search="müller")] == ["Åse Müller"]
    assert len(seen(list_mapping, shop.setup, shop.setup, filter="all")) == 3
    with pytest.raises(InputError, match="no filter 'conflicts'") as refused:
        seen(list_mapping, shop.setup, shop.setup, filter="conflicts")
    assert "conflict" in str(refused.value.hint) and "all" not in str(refused.value.hint)
    assert "all" in FILTERS


def test_leaving_the_directory_is_a_task_of_flow_runs() -> None:
    assert "connector.extract.directory.leave_directory" in {f"{step.__module__}.{step.__name__}" for step in TASKS}
