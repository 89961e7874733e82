"""Breakers at their edges: what just still goes on, and what stops."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core.breakers import (
    Before,
    Limits,
    SideCensus,
    extract_breakers,
    load_breaker,
    plan_breakers,
)
from connector.core.customer import Direction, Side
from connector.core.plan import Change, Orphan, Plan, Write

SECOND_RUN = Before(there_was_one=True, linked=1000)
FIRST_RUN = Before(there_was_one=False)
SHOP = {Side.WEBSTORE: 1000, Side.BUSINESS_CENTRAL: 1000}


def write(
    key: int, direction: Direction = Direction.PULL, operation: str = "update", *changes: tuple[str, str, str | None]
) -> Write:
    """A write of (before, after, base) changes."""
    fields = tuple(Change("phone", before, after, base, "why") for before, after, base in changes or [("1", "2", "1")])
    return Write(direction, operation, f"c{key}", f"N{key}", key, "", fields, {}, {})


def plan(count: int, pairs: int = 1000, **how: Any) -> Plan:
    change = how.pop("change", ("1", "2", "1"))
    direction, operation = how.get("direction", Direction.PULL), how.get("operation", "update")
    return Plan(writes=tuple(write(key, direction, operation, change) for key in range(count)), pairs=pairs)


def names_of(found: list[Any]) -> list[str]:
    return [tripped.name for tripped in found]


def extracts(limits: Limits | None = None, **webstore: Any) -> list[str]:
    census = {Side.WEBSTORE: SideCensus(**webstore), Side.BUSINESS_CENTRAL: SideCensus(rows=500, before=500)}
    return names_of(extract_breakers(limits or Limits(), census))


@pytest.mark.parametrize(("rows", "stops"), [(1000, False), (900, False), (899, True), (1100, False)])
def test_an_extract_may_shrink_by_a_tenth(rows: int, stops: bool) -> None:
    assert extracts(rows=rows, before=1000) == (["shrunken_extract_percent"] if stops else [])


@pytest.mark.parametrize(("rows", "stops"), [(10, False), (9, True)])
def test_a_small_shop_may_lose_twenty_customers(rows: int, stops: bool) -> None:
    assert bool(extracts(rows=rows, before=30)) is stops


@pytest.mark.parametrize(("before", "stops"), [(2, False), (3, True), (5000, True)])
def test_a_side_that_is_suddenly_empty_stops_the_run(before: int, stops: bool) -> None:
    assert extracts(rows=0, before=before) == (["emptied_side"] if stops else [])


def test_an_empty_side_stops_even_the_first_run_if_the_mapping_table_links_its_customers() -> None:
    assert extracts(rows=0, linked=50) == ["emptied_side"]
    assert extracts(rows=0, linked=0) == []


def test_the_first_run_has_nothing_to_shrink_from() -> None:
    assert extracts(rows=5, before=None) == []


def test_what_the_server_announced_must_have_been_read() -> None:
    assert extracts(rows=100, announced=101) == ["announced_total"]
    assert extracts(rows=101, announced=100) == ["announced_total"]
    assert extracts(rows=100, announced=101, unreadable=1) == []
    assert extracts(rows=100, announced=None) == []
    assert extracts(Limits(announced_total=False), rows=100, announced=101) == []


def test_every_extract_breaker_can_be_switched_off() -> None:
    off = Limits(shrunken_extract_percent=100, emptied_side=False)
    assert extracts(off, rows=0, before=1000) == []
    assert extracts(off, rows=1, before=1000) == []


@pytest.mark.parametrize(("count", "stops"), [(20, False), (500, False), (501, True)])
def test_half_of_the_linked_customers_may_change(count: int, stops: bool) -> None:
    assert names_of(plan_breakers(Limits(), plan(count), SECOND_RUN, SHOP)) == (["updates_percent"] if stops else [])


@pytest.mark.parametrize(("count", "stops"), [(1, False), (20, False), (21, True)])
def test_a_shop_of_two_may_change_both_and_a_larger_one_may_not_change_all(count: int, stops: bool) -> None:
    found = plan_breakers(Limits(), plan(count, pairs=count), SECOND_RUN, SHOP)
    assert bool(found) is stops


def test_filling_what_a_new_link_lacks_is_no_mass_change() -> None:
    filled = plan(900, change=("", "2", None))
    assert plan_breakers(Limits(), filled, SECOND_RUN, SHOP) == []


@pytest.mark.parametrize(("count", "stops"), [(20, False), (100, False), (101, True)])
def test_a_tenth_of_the_linked_customers_may_lose_a_value(count: int, stops: bool) -> None:
    cleared = plan(count, change=("1", "", "1"))
    assert names_of(plan_breakers(Limits(), cleared, SECOND_RUN, SHOP)) == (["clears_percent"] if stops else [])


def test_push_and_pull_are_counted_apart() -> None:
    both = Plan(
        writes=tuple(write(key, direction) for direction in Direction for key in range(400)),
        pairs=1000,
    )
    assert plan_breakers(Limits(), both, SECOND_RUN, SHOP) == []


def test_a_first_synchronisation_of_thousands_passes_the_defaults() -> None:
    everybody = plan(5000, pairs=0, operation="create", change=("", "x", None))
    for direction in Direction:
        created = plan(5000, pairs=0, operation="create", direction=direction, change=("", "x", None))
        assert plan_breakers(Limits(), created, FIRST_RUN, {}) == []
    assert plan_breakers(Limits(creates_percent=10), everybody, FIRST_RUN, SHOP) == []
    assert names_of(plan_breakers(Limits(creates_percent=10), everybody, SECOND_RUN, SHOP)) == ["creates_percent"]


@pytest.mark.parametrize(("most", "stops"), [(10, False), (9, True), (0, True)])
def test_absolute_limits_count_every_customer(most: int, stops: bool) -> None:
    created = plan(10, operation="create", direction=Direction.PUSH, change=("", "x", None))
    assert names_of(plan_breakers(Limits(creates=most), created, FIRST_RUN, SHOP)) == (["creates"] if stops else [])
    assert bool(plan_breakers(Limits(account_mails=most), created, FIRST_RUN, SHOP)) is stops
    assert bool(plan_breakers(Limits(updates=most), plan(10), SECOND_RUN, SHOP)) is stops
    assert bool(plan_breakers(Limits(clears=most), plan(10, change=("1", "", "1")), SECOND_RUN, SHOP)) is stops


def test_an_account_mail_is_sent_for_created_accounts_only() -> None:
    assert plan_breakers(Limits(account_mails=0), plan(10), SECOND_RUN, SHOP) == []
    assert plan_breakers(Limits(account_mails=0), plan(10, operation="create"), SECOND_RUN, SHOP) == []


def test_customers_who_were_selected_by_name_are_not_measured_in_per_cent() -> None:
    assert plan_breakers(Limits(), plan(50, pairs=50), SECOND_RUN, SHOP, selected=True) == []
    assert plan_breakers(Limits(updates=49), plan(50, pairs=50), SECOND_RUN, SHOP, selected=True)


@pytest.mark.parametrize(("gone", "known", "stops"), [(100, 0, False), (101, 0, True), (101, 1, False), (20, 0, False)])
def test_only_customers_that_have_newly_gone_count(gone: int, known: int, stops: bool) -> None:
    orphans = tuple(Orphan("business_central", f"c{key}", f"N{key}", key) for key in range(gone))
    found = plan_breakers(Limits(), Plan(orphans=orphans), Before(True, orphans=known, linked=1000), SHOP)
    assert names_of(found) == (["gone_percent"] if stops else [])


@pytest.mark.parametrize(
    ("tried", "failed", "stops"), [(20, 20, False), (21, 21, True), (100, 50, False), (100, 51, True), (0, 0, False)]
)
def test_loading_stops_when_more_than_half_of_the_writes_fail(tried: int, failed: int, stops: bool) -> None:
    assert (load_breaker(Limits(), tried, failed) is not None) is stops


def test_a_tripped_breaker_says_what_happened_with_figures_and_what_to_do() -> None:
    (tripped,) = plan_breakers(Limits(), plan(600), SECOND_RUN, SHOP)
    assert tripped.figures == {"count": 600, "of": 1000, "limit": 50}
    assert tripped.words == (
        "600 customers would be changed in Business Central, 60.0 % of the 1,000 linked ones, more than 50 % "
        "([breakers] updates_percent). Look at the plan; if it is right, approve exactly it."
    )
